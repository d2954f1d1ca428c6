"""Cases from the field (tests/fixtures/cases), and more of the same classes, against the oracle's rules."""

import itertools
import json
import tempfile
import unittest
from fractions import Fraction
from pathlib import Path

import status
import terms
import versions
from mrr import invoice_mrr
from outcomes import stratum
from payments import conversion, is_reversed, qualifying
from stripe_lists import StripeData

CASES = Path(__file__).parent.parent / "fixtures" / "cases"
LATER = 4102444800
DAY = 86400


def case(*names):
    return StripeData(*(CASES / name for name in names))


def objects(rows):
    """StripeData of objects that a test writes or changes."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("\n".join(map(json.dumps, rows)))
        file.flush()
        return StripeData(file.name)


def rows_of(name):
    return [json.loads(text) for text in (CASES / name).read_text().splitlines()]


def payments(data):
    """invoice -> (currency, cash, list MRR, net MRR) of the qualifying payments."""
    found = {}
    for invoice in data.invoices.values():
        payment = qualifying(data, invoice, LATER)
        if payment:
            plain, net = invoice_mrr(data, payment)
            found[invoice.id] = (invoice.currency, invoice.money, plain, net)
    return found


def old_shape(row):
    """An invoice of the cases in the shape before basil: the line embeds its price."""
    if row["object"] != "invoice":
        return row
    row = dict(row)
    row["subscription"] = row.pop("parent")["subscription_details"]["subscription"]
    lines = []
    for line in row["lines"]["data"]:
        details = line["parent"]["subscription_item_details"]
        price = PRICES[line["pricing"]["price_details"]["price"]]
        line = {k: v for k, v in line.items() if k not in ("parent", "pricing", "taxes")}
        own = ("subscription", "subscription_item", "proration")
        line |= {name: details[name] for name in own}
        lines.append(line | {"type": "subscription", "price": price, "tax_amounts": []})
    return row | {"lines": row["lines"] | {"data": lines}}


PRICES = {}


class Catalogue(unittest.TestCase):
    """01, 02: what was billed beats the catalogue."""

    EXPECTED = {
        "in_MC0b": ("eur", 5400, 5400, 5400),
        "in_MC1b": ("jpy", 8000, 8000, 8000),
        "in_MC2b": ("usd", 6000, 6000, 6000),
    }

    def setUp(self):
        self.rows = rows_of("01-currency-options/stripe.ndjson")
        PRICES.update({row["id"]: row for row in self.rows if row["object"] == "price"})

    def test_01_second_currency(self):
        self.assertEqual(payments(objects(self.rows)), self.EXPECTED)
        self.assertEqual(payments(objects(map(old_shape, self.rows))), self.EXPECTED)

    def changed(self, **price):
        """MRR by currency with other fields of the price; the lines state no unit amount of it."""
        rows = [row | price if row["object"] == "price" else row for row in self.rows]
        for row in rows:
            if row["object"] == "subscription":
                for item in row["items"]["data"]:
                    item["price"] |= price
            if row["object"] == "invoice":
                for line in row["lines"]["data"]:
                    line["pricing"].pop("unit_amount_decimal", None)
        return {currency: plain for currency, _, plain, _ in payments(objects(rows)).values()}

    TIERS = [
        {"up_to": 1, "unit_amount_decimal": "3000", "flat_amount": None},
        {"up_to": None, "unit_amount_decimal": "2000", "flat_amount": None},
    ]
    TIERED = {
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "unit_amount": None,
        "unit_amount_decimal": None,
        "tiers": TIERS,
    }

    PACKS = {"transform_quantity": {"divide_by": 2, "round": "up"}}
    BILLED = {"eur": 5400, "jpy": 8000, "usd": 6000}

    def test_a_full_line_says_what_tiers_and_packs_come_to(self):
        """Tiers only where they are known in its currency."""
        self.assertEqual(self.changed(**self.PACKS), self.BILLED)
        options = {"eur": {"tiers": self.TIERS}}
        found = self.changed(**self.TIERED, currency_options=options)
        self.assertEqual(found, self.BILLED | {"jpy": None})

    def prorated(self, **price):
        """The same with prorations in place of the full lines."""
        self.rows = [row for row in self.rows if row["id"][-1] != "a"]
        for row in self.rows:
            if row["object"] == "invoice":
                for line in row["lines"]["data"]:
                    line["parent"]["subscription_item_details"]["proration"] = True
        return self.changed(**price)

    def test_tiers_in_another_currency_are_unknown(self):
        tiers = [tier | {"unit_amount_decimal": "2500"} for tier in self.TIERS]
        found = self.prorated(**self.TIERED, currency_options={"eur": {"tiers": tiers}})
        self.assertEqual(found, {"eur": 5000, "jpy": None, "usd": 5000})
        found = self.prorated(**self.TIERED, currency_options=None)
        self.assertEqual(found, {"eur": None, "jpy": None, "usd": 5000})

    def test_packs_in_another_currency_are_unknown(self):
        option = {"jpy": {"unit_amount_decimal": "4000"}}
        found = self.prorated(**self.PACKS, currency_options=option)
        self.assertEqual(found, {"eur": None, "jpy": 4000, "usd": 3000})

    def test_terms_made_later_are_unknown(self):
        for price in (self.TIERED, self.PACKS, {}):
            self.assertEqual(set(self.changed(**price, created=LATER).values()), {None})

    def test_amount_by_quantity_where_the_line_says_no_more(self):
        self.assertEqual(self.changed(), self.BILLED)

    def test_02a_coupon_made_again(self):
        expected = {"in_CP0": 8000, "in_CP1": 5000}
        for files in (["lists.ndjson"], ["lists.ndjson", "coupon-events.ndjson"]):
            data = case(*(f"02-coupon-id-again/{name}" for name in files))
            self.assertEqual({i: row[3] for i, row in payments(data).items()}, expected)

    def test_fitting_coupon_comes_before_the_share(self):
        rows = rows_of("02-coupon-id-again/lists.ndjson")
        for row in rows:
            if row["object"] == "invoice":  # rounded, as an invoice does
                row["lines"]["data"][0]["discount_amounts"][0]["amount"] += 1
        with_events = rows + rows_of("02-coupon-id-again/coupon-events.ndjson")
        self.assertEqual(payments(objects(with_events))["in_CP0"][3], 8000)
        self.assertEqual(payments(objects(rows))["in_CP0"][3], 7999)

    def test_unknown_coupon(self):
        rows = [r for r in rows_of("02-coupon-id-again/lists.ndjson") if r["id"] != "LAUNCH"]
        self.assertEqual(payments(objects(rows))["in_CP0"][2:], (10000, None))
        for row in rows:
            if row["object"] == "invoice":
                row["discounts"][0]["end"] = LATER
        self.assertEqual(payments(objects(rows))["in_CP0"][2:], (10000, 10000))

    def test_02b_plan_made_again(self):
        data = case("02-coupon-id-again/plan-id-again.ndjson")
        found = {invoice: row[2] for invoice, row in payments(data).items()}
        self.assertEqual(found, {"in_GO0": 1000, "in_GO1": 2000})

    def test_plan_made_again_in_the_new_shape(self):
        def new_shape(row):
            if row["object"] != "invoice":
                return row
            lines = []
            for line in row["lines"]["data"]:
                plan = line.pop("plan")
                details = {"subscription": row["subscription"], "proration": False}
                line["parent"] = {
                    "type": "subscription_item_details",
                    "subscription_item_details": details,
                }
                line["pricing"] = {
                    "price_details": {"price": plan["id"], "product": plan["product"]},
                    "unit_amount_decimal": plan["amount_decimal"],
                }
                lines.append(line)
            return row | {"lines": row["lines"] | {"data": lines}}

        rows = list(map(new_shape, rows_of("02-coupon-id-again/plan-id-again.ndjson")))
        found = {invoice: row[2] for invoice, row in payments(objects(rows)).items()}
        self.assertEqual(found, {"in_GO0": 1000, "in_GO1": 2000})
        # An old subscription stays on the old plan, though the id had another interval by then.
        for row in rows:
            if row["object"] == "plan":
                row["interval"] = "year"
            if row["id"] == "in_GO0":
                row["created"] += 90 * DAY
            if row["id"] == "sub_GO1":
                row["items"]["data"] = []
        found = {invoice: row[2] for invoice, row in payments(objects(rows)).items()}
        self.assertEqual(found, {"in_GO0": 1000, "in_GO1": Fraction(2000, 12)})
        for row in rows:
            if row["object"] == "plan":
                row["interval"] = "month"
            if row["id"] == "in_GO0":
                row["created"] -= 90 * DAY
        # Without a version of its day, the interval of an old line is not known.
        bare = [row for row in rows if row["object"] != "subscription"]
        found = {invoice: row[2] for invoice, row in payments(objects(bare)).items()}
        self.assertEqual(found, {"in_GO0": None, "in_GO1": 2000})

    def test_02c_a_deletion_is_not_for_ever(self):
        lists = rows_of("02-coupon-id-again/lists.ndjson")
        events = rows_of("02-coupon-id-again/coupon-events.ndjson")
        listed = [row for row in lists if row["object"] == "coupon"]
        for rows in (listed, []):
            times = [
                (1736467200, False),
                (1740009599, False),
                (1740009600, True),
                (1740096000, False),
            ]
            for at, gone in times:
                self.assertEqual(versions.is_deleted(rows, events, "LAUNCH", at), gone, at)
        self.assertTrue(versions.is_deleted([], events[:2], "LAUNCH", LATER))


class Prorations(unittest.TestCase):
    """A proration's own unit amount may be its prorated amount again: that is not the price."""

    def unit(self, unit, amount, catalogue=True, currency="usd"):
        price = {"id": "p", "created": 5, "currency": "usd", "unit_amount": 3000}
        price["recurring"] = {"interval": "month", "interval_count": 1}
        data = type("Data", (), {"prices": {(True, "p"): {5: price}} if catalogue else {}})
        line = type("Line", (), {})
        line.unit, line.amount, line.quantity, line.proration = unit, amount, 2, True
        line.livemode, line.inline_price, line.price, line.billed_at, line.currency = (
            True,
            None,
            "p",
            9,
            currency,
        )
        return terms.unit_amount(data, line)

    def test_prorated_unit_is_not_the_price(self):
        self.assertEqual(self.unit("750", 1500), 3000)
        self.assertEqual(self.unit("749.75", 1500), 3000)
        self.assertEqual(self.unit("2700", 1350, currency="eur"), 2700)
        self.assertIsNone(self.unit("750", 1500, catalogue=False))
        self.assertIsNone(self.unit("750", 1500, currency="eur"))


class Seconds(unittest.TestCase):
    """10: order within a second."""

    def test_10_trials(self):
        rows = rows_of("10-events-of-one-second/events.ndjson")
        for seed in range(3):
            turned = rows[seed:] + rows[:seed]
            data = objects(
                rows_of("10-events-of-one-second/lists.ndjson") + turned[:: 1 - 2 * (seed % 2)]
            )
            self.assertEqual(len(data.subscriptions), 8)
            for sub in data.subscriptions.values():
                self.assertEqual(sub["trial_end"] - sub["trial_start"], 30 * DAY)
                self.assertEqual(stratum(data, sub), "prod_t")

    def event(self, id, kind, state, before=None, at=100):
        data = {"object": {"id": "x", "object": "thing"} | state}
        data |= {"previous_attributes": before} if before else {}
        return {"id": id, "created": at, "type": f"thing.{kind}", "data": data}

    def orders(self, *events):
        found = {
            tuple(event["id"] for event in versions.in_order(order))
            for order in itertools.permutations(events)
        }
        self.assertEqual(len(found), 1, "the order of landing shows")
        return "".join(found.pop())

    def test_kinds(self):
        made = self.event("a", "created", {"n": 1})
        notice = self.event("b", "trial_will_end", {"n": 1})
        update = self.event("c", "updated", {"n": 2}, {"n": 1})
        gone = self.event("d", "deleted", {"n": 2})
        self.assertEqual(self.orders(gone, update, notice, made), "abcd")

    def test_states_of_an_invoice(self):
        final = self.event(
            "a", "finalized", {"status_transitions": {"finalized_at": 1, "paid_at": None}}
        )
        paid = self.event("b", "paid", {"status_transitions": {"finalized_at": 1, "paid_at": 1}})
        self.assertEqual(self.orders(paid, final), "ab")

    def test_chains(self):
        first = self.event("a", "updated", {"n": 2, "m": 1, "list": [{"k": 1, "l": 1}]}, {"n": 1})
        second = self.event("b", "updated", {"n": 2, "m": 2, "list": [{"k": 1}]}, {"m": 1})
        third = self.event(
            "c", "updated", {"n": 2, "m": 2, "list": [{"k": 2}]}, {"list": [{"k": 1}]}
        )
        self.assertEqual(self.orders(third, second, first), "abc")

    def test_there_and_back(self):
        """Each of two follows from the other: what was before the second decides."""
        start = self.event("a", "created", {"n": 1}, at=99)
        there = self.event("b", "updated", {"n": 2}, {"n": 1})
        back = self.event("c", "updated", {"n": 1}, {"n": 2})
        self.assertEqual(self.orders(back, there, start), "abc")
        start = self.event("a", "created", {"n": 2}, at=99)
        self.assertEqual(self.orders(back, there, start), "acb")

    def test_many(self):
        events = [self.event(chr(97 + i), "updated", {"n": i + 1}, {"n": i}) for i in range(9)]
        for order in (events, events[::-1], events[4:] + events[:4]):
            found = versions.in_order(order)
            self.assertEqual("".join(event["id"] for event in found), "abcdefghi")

    def test_squeezed(self):
        first = self.event("a", "updated", {"n": 2}, {"n": 1})
        second = self.event("b", "updated", {"n": 3, "m": 2}, {"n": 2, "m": 1})
        (one,) = versions.squeezed([second, first])
        self.assertEqual(one["data"]["previous_attributes"], {"n": 1, "m": 1})
        self.assertEqual(one["data"]["object"]["n"], 3)
        self.assertEqual(versions.latest([second, first], 100)["n"], 3)
        self.assertIsNone(versions.latest([second, first], 99))


class Parts(unittest.TestCase):
    """11: a part is not the whole."""

    FILES = "11-more-than-ten-lines/stripe.ndjson", "11-more-than-ten-lines/rest-of-lines.json"

    def test_11_lines(self):
        self.assertEqual(payments(case(self.FILES[0])), {"in_L0": ("usd", 12000, None, None)})
        whole = {"in_L0": ("usd", 12000, 12000, 12000)}
        self.assertEqual(payments(case(*self.FILES)), whole)
        self.assertEqual(payments(case(*self.FILES[::-1])), whole)

    def landed(self, change=lambda invoice: None, rest=slice(0, 0)):
        rows = rows_of(self.FILES[0])
        change(next(row for row in rows if row["object"] == "invoice"))
        lines = json.loads((CASES / self.FILES[1]).read_text())["data"]
        return objects(rows + lines[rest])

    def test_some_of_the_rest(self):
        self.assertIsNone(payments(self.landed(rest=slice(10, 11)))["in_L0"][2])
        self.assertEqual(payments(self.landed(rest=slice(10, 12)))["in_L0"][2], 12000)

    def test_lines_that_make_up_the_subtotal_are_the_whole(self):
        def smaller(invoice):
            invoice["subtotal"] = 10000

        self.assertEqual(payments(self.landed(smaller))["in_L0"][2], 10000)

    def fees_first(self, invoice):
        """The first page holds only fees, the items come behind it."""
        for line in invoice["lines"]["data"]:
            line["parent"] = {
                "type": "invoice_item_details",
                "invoice_item_details": {"proration": False, "subscription": None},
            }

    def test_product(self):
        subscription = "sub_L0"
        for change, rest, product in (
            # Of an invoice that is cut it is unknown, also where the first page would show it.
            (lambda invoice: None, slice(0, 0), "unknown"),
            (lambda invoice: None, slice(10, 12), "prod_x0"),
            (self.fees_first, slice(0, 0), "unknown"),
            (self.fees_first, slice(11, 12), "unknown"),
            (self.fees_first, slice(10, 12), "unknown"),
        ):
            data = self.landed(change, rest)
            self.assertEqual(stratum(data, data.subscriptions[subscription]), product)

    def test_recurring_money_that_may_be_missing(self):
        data = self.landed(self.fees_first)
        payment = qualifying(data, data.invoices["in_L0"], LATER)
        self.assertFalse(payment.sure)
        first, net, doubtful = conversion(data, [payment], 0, LATER)
        self.assertEqual((first, net, doubtful), (None, None, [payment]))
        whole = self.landed(self.fees_first, slice(10, 12))
        self.assertTrue(qualifying(whole, whole.invoices["in_L0"], LATER).sure)

    def test_refunds(self):
        rows = rows_of("27-paid-twice-one-refunded/stripe.ndjson")
        invoice = next(r for r in rows if r["id"] == "in_O1b")
        charge = next(r for r in rows if r["id"] == "ch_O1y")
        self.assertEqual((invoice["amount_paid"], charge["amount"]), (5000, 2500))
        other = next(r for r in rows if r["id"] == "ch_O1x")
        other |= {"amount_refunded": 2500, "refunds": {"data": [], "has_more": True}}
        self.assertIsNone(is_reversed(objects(rows), read(rows, "in_O1b"), LATER))
        other["refunds"]["has_more"] = False
        self.assertFalse(is_reversed(objects(rows), read(rows, "in_O1b"), LATER))
        other["refunds"]["has_more"] = True
        refund = {"id": "re_z", "object": "refund", "charge": "ch_O1x", "created": 1750410000}
        rows.append(refund | {"amount": 2500, "status": "succeeded"})
        self.assertTrue(is_reversed(objects(rows), read(rows, "in_O1b"), LATER))


def read(rows, invoice):
    return objects(rows).invoices[invoice]


class Reversals(unittest.TestCase):
    """27: both sides of the comparison count the same money."""

    def test_27(self):
        rows = rows_of("27-paid-twice-one-refunded/stripe.ndjson")
        data = objects(rows)
        for invoice in ("in_O0b", "in_O1b"):
            self.assertFalse(is_reversed(data, data.invoices[invoice], LATER))
        back = {"id": "re_y", "object": "refund", "charge": "ch_O0x", "created": 1750410000}
        data = objects([*rows, back | {"amount": 5000, "status": "succeeded"}])
        self.assertTrue(is_reversed(data, data.invoices["in_O0b"], LATER))


class Evidence(unittest.TestCase):
    """16b, 22b: what lists say without a time."""

    def test_16b_the_list_says_past_due(self):
        sub = {"status": "past_due", "created": 0, "trial_start": 10, "trial_end": 20}
        for at, told in ((15, "trialing"), (99, "active"), (100, "past_due"), (200, "past_due")):
            self.assertEqual(status.status_at(sub, at, listed_at=100), told)
        self.assertEqual(status.status_at(sub | {"ended_at": 150}, 200, listed_at=100), "canceled")
        self.assertEqual(status.status_at(sub | {"status": "active"}, 200, listed_at=100), "active")

    def test_status_by_times(self):
        sub = {"status": "active", "created": 0, "trial_start": None, "trial_end": None}
        moved = {"finalized_at": 10, "paid_at": 90}
        invoice = {"id": "in", "created": 5, "total": 9, "status_transitions": moved}
        failed = {"invoice": "in", "status": "failed", "created": 20}
        for at, told in ((15, "active"), (20, "past_due"), (89, "past_due"), (90, "active")):
            self.assertEqual(status.status_at(sub, at, [invoice], [failed]), told)
        sent = invoice | {"collection_method": "send_invoice", "due_date": 50}
        for at, told in ((50, "active"), (51, "past_due")):
            self.assertEqual(status.status_at(sub, at, [sent]), told)

    def test_22b_tombstone(self):
        row = {"object": "subscription", "customer": "cus_1", "items": {"data": []}}
        row["livemode"] = True
        first, second = row | {"id": "s", "created": 70}, row | {"id": "t", "created": 50}
        tombstone = {"id": "cus_1", "object": "customer", "deleted": True}
        listed = {"id": "cus_1", "object": "customer", "created": 10}
        for rows, gone in (
            ([first, second, tombstone], True),
            ([first, second], True),
            ([first, second, listed], False),
            ([first, second, listed, tombstone], True),
        ):
            data = objects(rows)
            self.assertEqual(status.customer_is_deleted(data, "cus_1", 50), gone)
            self.assertFalse(status.customer_is_deleted(data, "cus_1", 49))


class Shares(unittest.TestCase):
    def test_share_of_what_was_left(self):
        line = type("Line", (), {"amount": 10000, "proration": False})
        line.discount_amounts = {"a": 2000, "b": 800}
        self.assertEqual(terms.shown_share(line, "a"), Fraction(1, 5))
        self.assertEqual(terms.shown_share(line, "b"), Fraction(1, 10))
        self.assertEqual(terms.shown_share(line, "c"), 0)


if __name__ == "__main__":
    unittest.main()
