"""A company whose accounts a test writes by hand, judged in both API shapes."""

import json
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import oracle
from billing import Billing, Customer
from generate import write_lists
from reversals import Reversals
from world import DAY, World

W, H = 3 * DAY, 30 * DAY
T0 = 1756728000
LANDMARK, END = T0 + W, T0 + H


class Scenario(World):
    """An empty company whose accounts the test writes itself."""

    def __init__(self, as_of=END + 60 * DAY, **config):
        super().__init__(1, 0, allowed=frozenset())
        self.as_of = self.listed_at = as_of
        self.live, self.window, self.horizon = True, W, H
        self.billing = Billing(self)
        self.reversals = Reversals(self, self.billing)
        self.extra = config
        self.events = []

    def customer(self, id, email="amy@acme.com", created=T0 - 60, **extra):
        extra = {"metadata": {}, "livemode": True} | extra
        found = Customer(id, created, [(0, email)], **extra)
        self.customers.append(found)
        return found

    def trial(self, customer, start=T0, days=14, choice=(("basic_m", 1),)):
        sub = self.billing.subscribe(customer, start, choice, days * DAY)
        line = self.billing.line(
            "subscription", sub.items_at(start)[0], 1, 0, start, start + days * DAY, sub
        )
        self.billing.pay(self.billing.invoice(sub, start, [line], wait=0), start)
        return sub

    def paid(self, sub, at, start=None, lines=None):
        start = sub.trial_end(at) if start is None else start
        lines = self.billing.lines(sub, start) if lines is None else lines
        return self.billing.pay(self.billing.invoice(sub, start, lines, wait=0), at)

    def seen(self, email, at, name="report_shared", group=None):
        when = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.events.append(
            {
                "uuid": str(len(self.events)),
                "event": name,
                "distinct_id": "d",
                "timestamp": when,
                "properties": {"$groups": {"account": group}} if group else {},
                "person_properties": {"email": email},
            }
        )

    def result(self):
        """Outcome rows by subscription; fails if the two shapes differ."""
        config = self.config() | {"split_at": None, "delta_min": None} | self.extra
        config["internal_domains"] = ["reportly.dev"]
        config["account_metadata_keys"] = ["account_id"]
        results = []
        with tempfile.TemporaryDirectory() as out:
            out = Path(out)
            (out / "config.json").write_text(json.dumps(config))
            (out / "product_events.json").write_text(json.dumps(self.events))
            for shape in ("acacia", "clover"):
                write_lists(self, shape, out / f"stripe_{shape}")
                results.append(oracle.compute(out, shape))
        assert results[0] == results[1], "the shapes differ"
        return {row["subscription"]: row for row in results[0]["outcomes"]}
