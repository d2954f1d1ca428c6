"""What a folder of exported lists holds: which ids a client must see, in which mode."""
import gzip
import json
import re
from collections import Counter
from pathlib import Path

DAY = 86_400
# Resources with a list that needs no parent.
LISTED = (
    "balance_transactions charges coupons credit_notes customers disputes events invoice_payments "
    "invoiceitems invoices payment_intents payment_methods payouts plans prices products "
    "promotion_codes refunds subscription_schedules subscriptions tax_rates"
).split()


class Exported:
    def __init__(self, folder):
        self.objects = {name: [] for name in [*LISTED, "tax_ids"]}
        for file in sorted(Path(folder).iterdir()):
            found = re.fullmatch(r"(\w+?)(-\d+)?\.json(\.gz)?", file.name)
            if found and found[1] in self.objects:
                opened = gzip.open(file) if file.suffix == ".gz" else file.open("rb")
                with opened as text:
                    self.objects[found[1]] += json.load(text)["data"]
        times = [o.get("created", o.get("date", 0)) for all in self.objects.values() for o in all]
        self.now = max(times, default=0)
        self.test_charges = {o["id"] for o in self.objects["charges"] if o["livemode"] is False}

    def is_live(self, resource, o):
        """The mode of an object; refunds have that of their charge."""
        return o["charge"] not in self.test_charges if resource == "refunds" else o["livemode"]

    def ids(self, resource, livemode):
        """The ids that a client of one mode sees when it asks for everything, and how often."""

        def is_seen(o):
            if resource == "events" and o["created"] < self.now - 30 * DAY:
                return False
            if resource in ("customers", "subscriptions") and o.get("test_clock"):
                return False
            return self.is_live(resource, o) == livemode

        return Counter(o["id"] for o in self.objects[resource] if is_seen(o))

    def inside(self, resource, field, livemode):
        """Ids of the elements of an inline list, by the object that has it."""
        return {
            o["id"]: [part["id"] for part in o[field]["data"]]
            for o in self.objects[resource]
            if o["livemode"] == livemode
        }


def query(resource):
    """The parameters without which a list hides something."""
    return {"subscriptions": [{"status": "all"}], "prices": [{}, {"active": "false"}]}.get(
        resource, [{}]
    )
