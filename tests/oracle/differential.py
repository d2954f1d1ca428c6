"""Runs paydirt and the oracle on random companies and compares them, row by row.

    python differential.py PAYDIRT --seeds 1-8 --accounts 60
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def settings(config):
    """The company's config.json as a paydirt.toml."""
    hypothesis, gates = config["hypothesis"], config["gates"]
    lines = [f'mode = "{config["mode"]}"', "[identity]"]
    for key in ("internal_domains", "free_mail_domains", "account_metadata_keys"):
        if key in config:
            lines.append(f"{key} = {json.dumps(config[key])}")
    lines.append(f'min_confidence = {hypothesis["min_identity_confidence"]}')
    lines.append("[backtest]")
    for key in ("as_of", "split_at", "delta_min", "min_oos_n"):
        if config.get(key) is not None:
            lines.append(f"{key} = {config[key]}")
    for key in ("min_arm", "min_events", "min_oos_arm"):
        lines.append(f"{key} = {gates[key]}")
    return "\n".join(lines) + "\n"


def hypothesis_sql(config):
    hypothesis = config["hypothesis"]
    return f"""-- {hypothesis["statement"]}
-- @window {hypothesis["window_seconds"]}s
-- @horizon {hypothesis["horizon_seconds"]}s
select account_id, occurred_at as signal_at, known_at
from product.account_events
where event = '{hypothesis["event"]}'
"""


class Failed(Exception):
    """paydirt did not answer."""


def paydirt(binary, project, *arguments):
    command = [binary, "--project", str(project), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise Failed(f"{arguments[0]} fails: {(ran.stderr or ran.stdout).strip()}")
    return ran.stdout


def backtest(binary, company, shape):
    """What paydirt says of a company, landed in one API shape."""
    config = json.loads((company / "config.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        project = pathlib.Path(folder)
        (project / "paydirt.toml").write_text(settings(config))
        (project / "claim.sql").write_text(hypothesis_sql(config))
        paydirt(binary, project, "sync", "files", company / shape, company / "product_events.json")
        told = paydirt(binary, project, "backtest", project / "claim.sql", "--format", "json")
        as_of = str(config["as_of"])
        rows = paydirt(binary, project, "sql", "--as-of", as_of, "-c", PAYMENTS, "--format", "ndjson")
        return json.loads(told) | {"payments": payments(rows)}


PAYMENTS = """
select invoice_id, account_id as account, currency, mrr_list_minor, mrr_net_minor,
    cast(extract(epoch from paid_at) as bigint) as paid_at,
    cast(extract(epoch from reversed_at) as bigint) as reversed_at
from outcomes.payments
"""


def payments(rows):
    """invoice -> what paydirt says of its payment."""
    found = [json.loads(row) for row in rows.splitlines()]
    return {row.pop("invoice_id"): row for row in found}


def check(binary, seed, accounts, without):
    """Lines that say where paydirt and the oracle differ on one random company."""
    with tempfile.TemporaryDirectory() as folder:
        company = pathlib.Path(folder) / "company"
        generate = [sys.executable, HERE / "generate.py", "--seed", seed, "--accounts", accounts]
        if without:
            generate += ["--without", without]
        subprocess.run([*map(str, generate), "--out", str(company)], check=True, capture_output=True)
        differences = []
        for shape in ("stripe_acacia", "stripe_clover"):
            oracle = [sys.executable, str(HERE / "oracle.py"), str(company), "--shape", shape.removeprefix("stripe_")]
            expected = pathlib.Path(folder) / "expected.json"
            told = subprocess.run(oracle, check=True, capture_output=True, text=True).stdout
            expected.write_text(told)
            got = pathlib.Path(folder) / "got.json"
            try:
                got.write_text(json.dumps(backtest(binary, company, shape)))
            except Failed as failed:
                differences.append(f"seed {seed} {shape}: {failed}")
                continue
            compare = [sys.executable, str(HERE / "compare.py"), str(expected), str(got), "--subset"]
            said = subprocess.run(compare, capture_output=True, text=True)
            differences += [f"seed {seed} {shape}: {line}" for line in said.stdout.splitlines()]
            if said.returncode not in (0, 1):
                differences.append(f"seed {seed} {shape}: {said.stderr}")
        return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paydirt")
    parser.add_argument("--seeds", default="1-4")
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--without", default="")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    failed = 0
    for seed in range(int(first), int(last or first) + 1):
        differences = check(options.paydirt, seed, options.accounts, options.without)
        print("\n".join(differences) or f"seed {seed}: equal in both shapes", flush=True)
        failed += bool(differences)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
