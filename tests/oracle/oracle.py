"""Second statement of the rules: a folder of Stripe lists and product events -> expected results.

usage: oracle.py FOLDER [--shape acacia|clover] [--out FILE]
"""

import argparse
import json
from pathlib import Path

from backtest import backtest
from outcomes import Company, trial_rows
from stripe_lists import StripeData


def compute(folder, shape="clover"):
    """outcomes, backtest and identity of one folder in one API shape."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    events = json.loads((folder / "product_events.json").read_text())
    events = list({event["uuid"]: event for event in events}.values())
    company = Company(StripeData(folder / f"stripe_{shape}"), events, config)
    rows = trial_rows(company)
    status = [link.status for _, _, link in company.links[company.live]]
    return {
        "outcomes": [{k: v for k, v in row.items() if k != "_mrr"} for row in rows],
        "backtest": backtest(rows, config),
        "identity": {
            "ambiguous_events": status.count("ambiguous"),
            "unlinked_events": status.count("unlinked"),
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--shape", default="clover", choices=["acacia", "clover"])
    parser.add_argument("--out")
    given = parser.parse_args()
    text = json.dumps(compute(given.folder, given.shape), indent=1)
    if given.out:
        Path(given.out).write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
