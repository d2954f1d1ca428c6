"""Writes a random company as a folder of Stripe lists (both API shapes), product events, config.

usage: generate.py --seed S --accounts N --out DIR [--only CASES] [--without CASES] [--open]
       generate.py --check SEEDS     oracle(acacia) == oracle(clover) for so many seeds

CASES are comma-separated names that `World.may` draws; --open adds the cases that the law leaves
open (world.OPEN). notes.json tells which cases each customer got.
"""

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import oracle
from compare import compare
from people import People
from render_money import MoneyRender
from world import World


def write_lists(world, shape, folder):
    """List files with shuffled and partly repeated rows."""
    rng = random.Random(f"{world.seed} {shape}")
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in MoneyRender(world, shape).lists().items():
        rows = rows + [row for row in rows if rng.random() < 0.03]
        rng.shuffle(rows)
        page = {"object": "list", "data": rows, "has_more": False, "url": f"/v1/{name}"}
        (folder / f"{name}.json").write_text(json.dumps(page, ensure_ascii=False))


def write_company(seed, accounts, out, only=None, without=(), open_cases=False):
    """Generates one company into the folder `out`."""
    world = World(seed, accounts, only and frozenset(only), frozenset(without), open_cases)
    config = world.config()
    People(world).accounts()
    out = Path(out)
    for shape in ("acacia", "clover"):
        write_lists(world, shape, out / f"stripe_{shape}")
    events = world.product_events + [e for e in world.product_events if world.rng.random() < 0.02]
    world.rng.shuffle(events)
    (out / "product_events.json").write_text(json.dumps(events, indent=0, ensure_ascii=False))
    (out / "config.json").write_text(json.dumps(config, indent=1))
    (out / "notes.json").write_text(json.dumps(world.notes, indent=1))
    return world


def check(seeds, first=0, open_cases=False):
    """Compares the oracle's answers for both shapes; returns the number of seeds that differ."""
    bad = 0
    for seed in range(first, first + seeds):
        with tempfile.TemporaryDirectory() as out:
            write_company(seed, 20 + seed % 5 * 20, out, open_cases=open_cases)
            results = [oracle.compute(out, shape) for shape in ("acacia", "clover")]
        found = compare(*results)
        found += [] if results[0]["identity"] == results[1]["identity"] else [("identity", 0, 0)]
        bad += bool(found)
        for path, acacia, clover in found[:5]:
            print(f"seed {seed}: {path}: acacia {acacia}, clover {clover}")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int)
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument("--out")
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--without", type=lambda text: text.split(","), default=[])
    parser.add_argument("--open", action="store_true", dest="open_cases")
    parser.add_argument("--check", type=int)
    given = parser.parse_args()
    if given.check:
        bad = check(given.check, given.seed or 0, given.open_cases)
        print(f"{given.check - bad} of {given.check} seeds agree in both shapes")
        sys.exit(1 if bad else 0)
    if given.seed is None or not given.out:
        parser.error("--seed and --out are needed")
    write_company(
        given.seed, given.accounts, given.out, given.only, given.without, given.open_cases
    )


if __name__ == "__main__":
    main()
