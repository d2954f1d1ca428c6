"""Reads Stripe list files of either API shape into one neutral form (law C.8)."""

import json
from dataclasses import dataclass, field
from pathlib import Path

NAMES = (
    "charges coupons credit_notes customers disputes events invoice_payments invoices"
    " prices products refunds subscriptions"
).split()


@dataclass
class Line:
    """One invoice line; `recurring` follows law C.2."""

    amount: int
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
    quantity: int
    inclusive_tax: int

    @property
    def net(self):
        return self.amount - sum(self.discount_amounts.values())


@dataclass
class Invoice:
    """One invoice; `money` is what was paid on it, in any way."""

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
    subscription: str | None
    lines: list
    discounts: list
    charges: set = field(default_factory=set)


def ident(value):
    """Id of an expandable field."""
    return value["id"] if isinstance(value, dict) else value


def rows(folder, name):
    """Rows of one list file without repeats; {} when the file is absent."""
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        return {}
    return {row["id"]: row for row in json.loads(path.read_text())["data"]}


class StripeData:
    """All lists of one folder, normalised and linked."""

    def __init__(self, folder):
        raw = {name: rows(folder, name) for name in NAMES}
        self.raw = raw
        self.customers = raw["customers"]
        self.subscriptions = raw["subscriptions"]
        self.prices = raw["prices"]
        self.coupons = raw["coupons"]
        self.events = raw["events"]
        self.refunds = raw["refunds"].values()
        self.disputes = raw["disputes"].values()
        self.credit_notes = raw["credit_notes"].values()
        self.invoices = {i: read_invoice(row) for i, row in raw["invoices"].items()}
        self._link_charges()

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

    def coupon_of(self, discount):
        """Coupon object of a discount of either shape, None if unknown."""
        coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
        return self.coupons.get(coupon) if isinstance(coupon, str) else coupon


def read_invoice(row):
    """Neutral form of one invoice row."""
    parent = row.get("parent") or {}
    details = parent.get("subscription_details") or {}
    moved = row.get("status_transitions") or {}
    money = row["amount_paid"]
    if row.get("paid_out_of_band") and row["total"] > 0 and money == 0:
        money = row["amount_due"]
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
        subscription=ident(details.get("subscription") or row.get("subscription")),
        lines=[read_line(line) for line in row["lines"]["data"]],
        discounts=[d for d in row.get("discounts") or [] if isinstance(d, dict)],
    )


def read_line(line):
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
    inline = line.get("price") if isinstance(line.get("price"), dict) else None
    named = ((line.get("pricing") or {}).get("price_details")) or {}
    return Line(
        amount=line["amount"],
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
        quantity=1 if line.get("quantity") is None else line["quantity"],
        inclusive_tax=sum(taxes),
    )
