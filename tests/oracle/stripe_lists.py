"""Reads Stripe objects of either API shape into one neutral form (law C.8)."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import terms
import versions

NAMES = (
    "charges coupons credit_notes customers disputes events invoice_payments invoices line_items"
    " plans prices products refunds subscription_items subscriptions"
).split()


@dataclass
class Line:
    """One invoice line; `recurring` follows law C.2, `unit` is the unit amount that it states."""

    amount: int
    currency: str
    billed_at: int  # creation of the invoice
    livemode: bool
    discount_amounts: dict
    discount_ids: list
    start: int
    end: int
    recurring: bool
    proration: bool
    subscription: str | None
    item: str | None
    price: str | None
    product: str | None
    inline_price: dict | None
    unit: str | None
    quantity: int
    inclusive_tax: int

    @property
    def net(self):
        return self.amount - sum(self.discount_amounts.values())


@dataclass
class Invoice:
    """One invoice; `money` is what was paid on it, in any way, `came` also what was too much."""

    id: str
    customer: str
    livemode: bool
    created: int
    currency: str
    status: str
    paid_at: int | None
    finalized_at: int | None
    email: str | None
    total: int
    money: int
    came: int
    subscription: str | None
    lines: list
    first_page: int  # so many of the lines are in their own order; that of the others is unknown
    cut: bool  # lines are missing
    discounts: list
    charges: set = field(default_factory=set)


def ident(value):
    """Id of an expandable field."""
    return value["id"] if isinstance(value, dict) else value


def read(path):
    """Stripe objects of a file (a list, or one object a line) or of a folder of list files."""
    path = Path(path)
    if path.is_dir():
        for name in NAMES:
            if (path / f"{name}.json").exists():
                yield from read(path / f"{name}.json")
    elif path.suffix == ".ndjson":
        yield from map(json.loads, path.read_text().splitlines())
    else:
        yield from json.loads(path.read_text())["data"]


CATALOGUE = ("coupon", "plan", "price", "product")


def key(row):
    """What makes a row one of its kind.

    The id of a line may come back on another invoice, that of a catalogue entry in the other mode.
    """
    if row["object"] == "line_item":
        return (row.get("invoice"), row["id"])
    return (row.get("livemode"), row["id"]) if row["object"] in CATALOGUE else row["id"]


class StripeData:
    """All objects of some files, normalised and linked."""

    def __init__(self, *paths):
        raw = {name: {} for name in NAMES}
        self.tombstones = set()
        for row in (row for path in paths for row in read(path)):
            kind = f"{row['object']}s"
            if row.get("deleted"):
                # Says no more than that the object is gone, like its absence.
                self.tombstones.add(row["id"])
            elif kind in raw:
                raw[kind][key(row)] = row
        self.raw = raw
        history = versions.by_object(raw["events"].values())
        self.events = {event["id"]: event for event in versions.squeezed(raw["events"].values())}
        # What a list does not hold is known as its events showed it last.
        shown = {"customer": {}, "subscription": {}}
        for (kind, id), own in history.items():
            if kind in shown and not own[-1]["data"]["object"].get("deleted"):
                shown[kind][id] = own[-1]["data"]["object"]
        self.listed = set(raw["customers"])
        self.customers = raw["customers"] = shown["customer"] | raw["customers"]
        self.subscriptions = raw["subscriptions"] = shown["subscription"] | raw["subscriptions"]
        self.refunds = raw["refunds"].values()
        self.disputes = raw["disputes"].values()
        self.credit_notes = raw["credit_notes"].values()
        self._read_catalogue(history)
        rest = {}
        for line in raw["line_items"].values():
            rest.setdefault(ident(line.get("invoice")), []).append(line)
        self.invoices = {
            i: read_invoice(row, rest.get(i, [])) for i, row in raw["invoices"].items()
        }
        self.discounts = {}
        for id, discount in discounts_in(raw):
            self.discounts[id] = fuller(self.discounts.get(id), discount)
        self._link_charges()

    def _read_catalogue(self, history):
        """Versions of prices and coupons: inside items, of events, of lists (these know most)."""
        self.prices, self.coupons = {}, {}
        for row in self.subscriptions.values():
            for item in row["items"]["data"]:
                for price in (terms.as_price(item.get("plan")), item.get("price")):
                    terms.add_version(self.prices, price and price | {"livemode": row["livemode"]})
        for (kind, _), own in history.items():
            for event in own:
                thing = event["data"]["object"]
                if kind in ("price", "plan"):
                    terms.add_version(self.prices, terms.as_price(thing))
                elif kind == "coupon":
                    terms.add_version(self.coupons, thing)
        for name, versions_of in (
            ("plans", self.prices),
            ("prices", self.prices),
            ("coupons", self.coupons),
        ):
            for row in self.raw[name].values():
                terms.add_version(versions_of, terms.as_price(row))

    def _link_charges(self):
        """Charge ids per invoice, through either shape's path."""
        by_intent = {}
        for charge in self.raw["charges"].values():
            if charge.get("payment_intent"):
                by_intent.setdefault(ident(charge["payment_intent"]), set()).add(charge["id"])
            if charge.get("invoice"):
                self._add(ident(charge["invoice"]), {charge["id"]})
        self.intent_of = {
            charge["id"]: ident(charge.get("payment_intent"))
            for charge in self.raw["charges"].values()
        }
        self.charges_of_intent = by_intent
        for row in self.raw["invoices"].values():
            if row.get("charge"):
                self._add(row["id"], {ident(row["charge"])})
            if row.get("payment_intent"):
                self._add(row["id"], by_intent.get(ident(row["payment_intent"]), set()))
        for row in self.raw["invoice_payments"].values():
            payment = row["payment"]
            if payment.get("charge"):
                self._add(ident(row["invoice"]), {ident(payment["charge"])})
            if payment.get("payment_intent"):
                found = by_intent.get(ident(payment["payment_intent"]), set())
                self._add(ident(row["invoice"]), found)

    def _add(self, invoice, charges):
        if invoice in self.invoices:
            self.invoices[invoice].charges |= charges

    def on_charges(self, row, charges):
        """Does a refund or dispute concern one of these charges?"""
        if row.get("charge"):
            return ident(row["charge"]) in charges
        intent = ident(row.get("payment_intent"))
        return intent is not None and bool(self.charges_of_intent.get(intent, set()) & charges)

    def hidden_refunds(self, charges):
        """What was refunded beyond the refunds that landed, where a charge's own list is cut."""
        hidden = 0
        for charge in (self.raw["charges"].get(id) for id in charges):
            if charge and (charge.get("refunds") or {}).get("has_more"):
                known = [r for r in self.refunds if self.on_charges(r, {charge["id"]})]
                known = sum(r["amount"] for r in known if r.get("status") == "succeeded")
                hidden += max(0, charge["amount_refunded"] - known)
        return hidden


def read_invoice(row, rest=()):
    """Neutral form of one invoice row; `rest` are lines that landed on their own."""
    parent = row.get("parent") or {}
    details = parent.get("subscription_details") or {}
    moved = row.get("status_transitions") or {}
    money = row["amount_paid"]
    if row.get("paid_out_of_band") and row["total"] > 0 and money == 0:
        money = row["amount_due"]
    page = {line["id"]: line for line in row["lines"]["data"]}
    lines = page | {line["id"]: line for line in rest if line["id"] not in page}
    return Invoice(
        id=row["id"],
        customer=ident(row["customer"]),
        livemode=row["livemode"],
        created=row["created"],
        currency=row["currency"],
        status=row["status"],
        paid_at=moved.get("paid_at"),
        finalized_at=moved.get("finalized_at"),
        email=row.get("customer_email"),
        total=row["total"],
        money=money,
        came=money + (row.get("amount_overpaid") or 0),
        subscription=ident(details.get("subscription") or row.get("subscription")),
        lines=[read_line(line, row) for line in lines.values()],
        first_page=len(page),
        cut=bool(row["lines"].get("has_more")) and not is_whole(lines.values(), row),
        discounts=[ident(discount) for discount in row.get("discounts") or []],
    )


def discounts_in(value):
    """(id, object) of every discount that is told of anywhere."""
    if isinstance(value, dict):
        if value.get("object") == "discount":
            yield value["id"], value
        value = value.values()
    elif not isinstance(value, list):
        return
    for inner in value:
        yield from discounts_in(inner)


def fuller(one, other):
    """One object told of twice: what either of them says, whichever came first."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: fuller(one.get(name), other.get(name)) for name in one | other}
    if isinstance(one, dict) or other is None:
        return one
    return other if one is None or isinstance(other, dict) else max(one, other)


def is_whole(lines, invoice):
    """Do the lines make up the subtotal? It may have the discounts of the items taken off already."""
    amount = sum(line["amount"] for line in lines)
    on_invoice = {ident(d) for d in invoice.get("discounts") or []}
    own = [d for line in lines for d in line.get("discount_amounts") or []]
    own = sum(d["amount"] for d in own if ident(d["discount"]) not in on_invoice)
    return invoice.get("subtotal") in (amount, amount - own)


def read_line(line, invoice):
    """Neutral form of one invoice line."""
    parent = line.get("parent") or {}
    kind = parent.get("type")
    details = parent.get(kind) or {} if kind else line
    subscription = ident(details.get("subscription"))
    proration = bool(details.get("proration"))
    if kind:
        own = kind == "subscription_item_details"
        taxes = [
            t["amount"] for t in line.get("taxes") or [] if t.get("tax_behavior") == "inclusive"
        ]
    else:
        own = line.get("type") == "subscription"
        taxes = [t["amount"] for t in line.get("tax_amounts") or [] if t.get("inclusive")]
    pricing = line.get("pricing") or {}
    named = pricing.get("price_details") or {}
    inline = next((p for p in (line.get("price"), line.get("plan")) if isinstance(p, dict)), None)
    inline = terms.as_price(inline)
    return Line(
        amount=line["amount"],
        currency=line.get("currency") or invoice["currency"],
        billed_at=invoice["created"],
        livemode=invoice["livemode"],
        discount_amounts={
            ident(d["discount"]): d["amount"] for d in line.get("discount_amounts") or []
        },
        discount_ids=[ident(d) for d in line.get("discounts") or []],
        start=line["period"]["start"],
        end=line["period"]["end"],
        recurring=own or (proration and subscription is not None),
        proration=proration,
        subscription=subscription,
        item=ident(details.get("subscription_item")),
        price=ident(named.get("price")) or (inline or {}).get("id"),
        product=ident(named.get("product")) or ident((inline or {}).get("product")),
        inline_price=inline,
        unit=pricing.get("unit_amount_decimal"),
        quantity=1 if line.get("quantity") is None else line["quantity"],
        inclusive_tax=sum(taxes),
    )
