#!/usr/bin/env python3
"""Stripe's own clients list everything that the stand-in serves, and must see what was exported.

    check.py STAND_IN FOLDER… [--shape acacia|dahlia] [--cli STRIPE]

STAND_IN is the program `stripe-stand-in`, a FOLDER one of exported lists, STRIPE the program of
npm's @stripe/cli: without it, only the Python client reads. Exits 1 where anything differs.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import stripe
from exported import LISTED, Exported, query
from stand_in import StandIn

# Children are asked for one by one: of the larger lists, as many as this.
MOST_PARENTS = 25
# Small pages, so that there are several.
PYTHON_LIMIT, CLI_LIMIT = 10, 50


class Python:
    """PyPI's stripe, paging by itself."""

    def __init__(self, url, key):
        self.client = stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)

    def all(self, resource, parameters):
        names = {"invoiceitems": "invoice_items"}
        service = getattr(self.client.v1, names.get(resource, resource))
        return [o.id for o in service.list({"limit": PYTHON_LIMIT, **parameters}).auto_paging_iter()]

    def children(self, parent, id):
        v1 = self.client.v1
        listed = {
            "subscriptions": lambda: v1.subscription_items.list({"subscription": id, "limit": 3}),
            "invoices": lambda: v1.invoices.line_items.list(id, {"limit": 3}),
            "credit_notes": lambda: v1.credit_notes.line_items.list(id, {"limit": 3}),
        }[parent]()
        return [o.id for o in listed.auto_paging_iter()]

    def refusals(self):
        """Errors arrive as the exceptions that the client has for them."""
        v1 = self.client.v1
        try:
            v1.customers.retrieve("cus_nobody")
        except stripe.InvalidRequestError as error:
            assert error.code == "resource_missing" and error.http_status == 404, error
        else:
            raise AssertionError("a missing customer was found")
        assert v1.accounts.retrieve_current().id.startswith("acct_")


class Cli:
    """npm's @stripe/cli, a page a call."""

    def __init__(self, program, url, key):
        self.command, self.url = program, url
        # Neither a home with someone's login nor a look for a newer version.
        self.home = tempfile.mkdtemp()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.home,
            "XDG_CONFIG_HOME": self.home,
            "STRIPE_API_KEY": key,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
        }

    def page(self, resource, parameters):
        names = {"invoice_items": "invoiceitems"}
        command = [self.command, names.get(resource, resource), "list", "--api-base", self.url]
        if "_live_" in self.environment["STRIPE_API_KEY"]:
            command.append("--live")
        for name, value in {"limit": CLI_LIMIT, **parameters}.items():
            command += ["-d", f"{name}={value}"]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        try:
            page = json.loads(done.stdout)
            return page["data"], page["has_more"]
        except (ValueError, KeyError) as error:
            text = f"{done.stdout[:500]} {done.stderr[:500]}"
            raise AssertionError(f"{' '.join(command[1:])}: {text}") from error

    def all(self, resource, parameters):
        ids, has_more = [], True
        while has_more:
            cursor = {"starting_after": ids[-1]} if ids else {}
            data, has_more = self.page(resource, {**parameters, **cursor})
            ids += [o["id"] for o in data]
        return ids


def compare(wrong, what, expected, seen):
    if expected != seen:
        missing, extra = expected - seen, seen - expected
        wrong.append(f"{what}: missing {list(missing)[:3]}, extra {list(extra)[:3]}")


def check(client, exported, livemode, wrong, name):
    def listed(resource):
        ids = (id for parameters in query(resource) for id in client.all(resource, parameters))
        return resource, Counter(ids)

    count = 0
    with ThreadPoolExecutor(4) as pool:
        for resource, seen in pool.map(listed, LISTED):
            compare(wrong, f"{name} {resource}", exported.ids(resource, livemode), seen)
            count += seen.total()
    return count


def check_children(client, exported, livemode, wrong, name):
    count = 0
    for parent, field in [("subscriptions", "items"), ("invoices", "lines"), ("credit_notes", "lines")]:
        inside = exported.inside(parent, field, livemode)
        longest = sorted(inside, key=lambda id: -len(inside[id]))[:MOST_PARENTS]
        for id in longest:
            seen = client.children(parent, id)
            compare(wrong, f"{name} {field} of {id}", Counter(inside[id]), Counter(seen))
            count += len(seen)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stand_in")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--shape", default="dahlia")
    parser.add_argument("--cli")
    arguments = parser.parse_args()
    wrong = []
    for folder in arguments.folders:
        exported = Exported(folder)
        for shape in [[], ["--as-given"]]:
            flags = ["--shape", arguments.shape, *shape]
            with StandIn(arguments.stand_in, "--load", folder, "--now", exported.now, *flags) as server:
                for mode in ["live", "test"]:
                    key, livemode = f"rk_{mode}_standin", mode == "live"
                    client = Python(server.url, key)
                    name = f"python {mode}"
                    count = check(client, exported, livemode, wrong, name)
                    count += check_children(client, exported, livemode, wrong, name)
                    client.refusals()
                    print(f"{folder} {' '.join(flags)}: {name} saw {count} objects")
                    if arguments.cli and not shape:
                        client = Cli(arguments.cli, server.url, key)
                        name = f"cli {mode}"
                        count = check(client, exported, livemode, wrong, name)
                        print(f"{folder} {' '.join(flags)}: {name} saw {count} objects")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
