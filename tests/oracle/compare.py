"""Compares expected and computed results: outcomes by subscription, payments, backtest key by key.

usage: compare.py EXPECTED GOT [--subset]; exits 1 and prints the paths that differ.
Numbers agree within 1e-9 relative to max(1, |value|); null equals absent, and so does a list of
nulls; a rung without rows equals 0. Keys for readers (why, *_iso) are left out. With --subset,
keys found only in GOT are left out too.
"""

import argparse
import json
import sys
from pathlib import Path

TOLERANCE = 1e-9


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_empty(value):
    """No value: null, or an interval of nulls."""
    return value is None or (isinstance(value, list) and value and all(v is None for v in value))


def differences(expected, got, path="", subset=False):
    """Yields (path, expected, got) wherever the two differ."""
    if is_empty(expected) and is_empty(got):
        return
    if isinstance(expected, dict) and isinstance(got, dict):
        default = 0 if path.endswith("backtest.rows") else None
        for key in sorted({*expected, *(() if subset else got)}):
            if key != "why" and not key.endswith("_iso"):
                pair = (expected.get(key, default), got.get(key, default))
                yield from differences(*pair, f"{path}.{key}", subset)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for i, pair in enumerate(zip(expected, got)):
            yield from differences(*pair, f"{path}[{i}]", subset)
    elif is_number(expected) and is_number(got):
        if not abs(expected - got) <= TOLERANCE * max(1, abs(expected)):
            yield path, expected, got
    elif expected != got or type(expected) is not type(got):
        yield path, expected, got


def by_subscription(result):
    """Outcome rows keyed by subscription; repeated rows are numbered and so show up."""
    keyed = {}
    for row in result.get("outcomes") or []:
        key, again = row["subscription"], 2
        while key in keyed:
            key, again = f"{row['subscription']}#{again}", again + 1
        keyed[key] = row
    return keyed


def compare(expected, got, subset=False):
    """All differences of two result objects; a missing or an extra outcome row is one."""
    want, have = by_subscription(expected), by_subscription(got)
    found = []
    for id in sorted({*want, *have}):
        path = f"outcomes.{id}"
        if id in want and id in have:
            found += differences(want[id], have[id], path, subset)
        else:
            found.append((path, "row" if id in want else None, "row" if id in have else None))
    if "payments" in expected and "payments" in got:
        found += differences(expected["payments"], got["payments"], "payments")
    pair = (expected.get("backtest"), got.get("backtest"))
    return found + list(differences(*pair, "backtest", subset))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("expected")
    parser.add_argument("got")
    parser.add_argument("--subset", action="store_true")
    given = parser.parse_args()
    files = [json.loads(Path(p).read_text()) for p in (given.expected, given.got)]
    found = compare(*files, given.subset)
    for path, want, have in found:
        print(f"{path}: expected {json.dumps(want)}, got {json.dumps(have)}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
