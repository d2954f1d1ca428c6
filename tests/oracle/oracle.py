"""Second statement of the rules: a folder of Stripe lists and product events -> expected results.

usage: oracle.py FOLDER [--shape acacia|clover] [--out FILE]
"""

import argparse
import json
from pathlib import Path

from backtest import backtest
from mrr import invoice_mrr
from outcomes import Company, trial_rows
from payments import reversed_at
from stripe_lists import StripeData


def compute(folder, shape="clover"):
    """outcomes, payments, backtest and identity of one folder in one API shape."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    events = json.loads((folder / "product_events.json").read_text())
    events = list({event["uuid"]: event for event in events}.values())
    company = Company(StripeData(folder / f"stripe_{shape}"), events, config)
    rows = trial_rows(company)
    status = [link.status for _, _, link in company.links[company.live]]
    return {
        "outcomes": [{k: v for k, v in row.items() if k != "_mrr"} for row in rows],
        "payments": payment_rows(company),
        "backtest": backtest(rows, config),
        "identity": {
            "ambiguous_events": status.count("ambiguous"),
            "unlinked_events": status.count("unlinked"),
        },
    }


def payment_rows(company):
    """invoice -> currency, times and MRR of every payment of the chosen mode."""
    found = {}
    for (mode, account), payments in company.payments.items():
        for payment in payments:
            if mode != company.live or not payment.sure:
                continue
            plain, net = invoice_mrr(company.data, payment)
            found[payment.invoice.id] = {
                "account": account,
                "currency": payment.invoice.currency,
                "paid_at": payment.at,
                "reversed_at": reversed_at(company.data, payment.invoice, company.as_of),
                "mrr_list_minor": None if plain is None else float(plain),
                "mrr_net_minor": None if net is None else float(net),
            }
    return found


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
