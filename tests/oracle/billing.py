"""Facts of the Stripe account and how they come about: subscriptions, invoices, payments."""

from dataclasses import dataclass, field

import catalogue
from world import DAY

HOUR = 3600


@dataclass
class Customer:
    id: str
    created: int
    emails: list  # (from, address)
    metadata: dict
    livemode: bool
    test_clock: str | None = None
    deleted: bool = False
    currency: str = "usd"
    price_currency: str | None = None  # of the prices it buys, if that is another one
    changes_listed: bool = True  # are there customer.updated events of its e-mail changes?
    tombstone: bool = False  # deleted, and listed as {id, deleted}

    @property
    def abroad(self):
        return self.price_currency is not None

    def email_at(self, at):
        past = [email for start, email in self.emails if start <= at]
        return past[-1] if past else self.emails[0][1]


@dataclass
class Item:
    id: str
    price: str
    quantity: int
    discounts: list = field(default_factory=list)


@dataclass
class Discount:
    id: str
    coupon: str
    start: int
    subscription: str
    item: str | None = None


@dataclass
class Subscription:
    id: str
    customer: Customer
    created: int
    currency: str
    items: list  # (from, [Item])
    trial_start: int | None = None
    trial_ends: list = field(default_factory=list)  # (from, trial_end)
    ended_at: int | None = None
    canceled_at: int | None = None
    reason: str | None = None
    state: str | None = None  # status that does not follow from the times
    collection: str = "charge_automatically"
    discounts: list = field(default_factory=list)
    scheduled_cancel: bool = False
    burst: list = field(default_factory=list)  # items, one after the other, in one second
    hidden: bool = False  # known by events only
    rest: str = "all"  # what landed beside cut lists: all, some, none

    def items_at(self, at):
        return [items for start, items in self.items if start <= at][-1]

    def trial_end(self, at):
        ends = [end for start, end in self.trial_ends if start <= at]
        return ends[-1] if ends else None


@dataclass
class Line:
    kind: str  # subscription, proration, one_off
    price: str
    quantity: int
    amount: int
    start: int
    end: int
    item: str | None = None
    subscription: str | None = None
    discounts: dict = field(default_factory=dict)
    inclusive_tax: int = 0
    id: str = ""


@dataclass
class Invoice:
    id: str
    customer: Customer
    subscription: Subscription | None
    created: int
    currency: str
    lines: list
    reason: str
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    uncollectible_at: int | None = None
    discounts: list = field(default_factory=list)
    balance: int = 0  # customer balance before, negative = credit
    carried: bool = False  # below the minimum charge, moved to the balance
    credited: int = 0  # pre-payment credit notes
    tax: int = 0
    out_of_band: bool = False
    collection: str = "charge_automatically"
    charges: list = field(default_factory=list)
    again: "Charge | None" = None  # paid a second time

    @property
    def subtotal(self):
        return sum(line.amount for line in self.lines)

    @property
    def discounted(self):
        return sum(amount for line in self.lines for amount in line.discounts.values())

    @property
    def total(self):
        return self.subtotal - self.discounted + self.tax

    @property
    def due(self):
        if self.carried:
            return 0
        return max(0, self.total - self.credited + min(self.balance, 0)) if self.total > 0 else 0


@dataclass
class Charge:
    id: str
    invoice: Invoice
    amount: int
    created: int
    intent: str | None
    failed: bool = False
    billing_email: str | None = None


class Billing:
    """Makes subscriptions, bills and pays them."""

    def __init__(self, world):
        self.world = world

    def subscribe(self, customer, start, choice, trial=0, **extra):
        """Subscription to [(price, quantity)] with a trial of so many seconds."""
        world = self.world
        id = world.new_id("sub")
        items = [Item(world.new_id("si"), price, quantity) for price, quantity in choice]
        sub = Subscription(id, customer, start, customer.currency, [(0, items)], **extra)
        if trial:
            sub.trial_start, sub.trial_ends = start, [(0, start + trial)]
        world.subscriptions.append(sub)
        return sub

    def discount(self, sub, coupon, start, item=None):
        discount = Discount(self.world.new_id("di"), coupon, start, sub.id, item and item.id)
        (item or sub).discounts.append(discount)

    def lines(self, sub, start, items=None, seconds=None):
        """Full lines of a period from start; metered items are billed for the period before."""
        found = []
        for item in items or sub.items_at(start):
            length = seconds or catalogue.seconds(item.price)
            period = (start, start + length)
            abroad = sub.customer.abroad
            quantity, amount = item.quantity, catalogue.amount(item.price, item.quantity, abroad)
            if catalogue.is_metered(item.price):
                first = start in (sub.trial_end(start), sub.created)
                period = ((sub.trial_start or start) if first else start - length, start)
                quantity = 0 if first else self.world.rng.choice([0, 40, 900])
                amount = catalogue.amount(item.price, quantity, abroad)
            found.append(self.line("subscription", item, quantity, amount, *period, sub))
        return found

    def line(self, kind, item, quantity, amount, start, end, sub):
        own = (item.id, sub.id) if item else (None, sub.id if sub else None)
        price = item.price if item else "setup"
        return Line(kind, price, quantity, amount, start, end, *own, id=self.world.new_id("il"))

    def proration(self, sub, old, new, at, end):
        """Credit for the unused and charge for the remaining time of a switch at `at`."""
        share = max(end - at, 0) / max(catalogue.seconds(old.price), 1) if end else 0
        abroad = sub.customer.abroad
        credit = -round(catalogue.amount(old.price, old.quantity, abroad) * share)
        charge = round(catalogue.amount(new.price, new.quantity, abroad) * share)
        return [
            self.line("proration", old, old.quantity, credit, at, end, sub),
            self.line("proration", new, new.quantity, charge, at, end, sub),
        ]

    def invoice(self, sub, created, lines, reason="subscription_cycle", customer=None, wait=HOUR):
        """Invoice finalised after `wait` seconds (None: a draft), with the running discounts."""
        world = self.world
        customer = customer or sub.customer
        invoice = Invoice(
            world.new_id("in"), customer, sub, created, customer.currency, lines, reason
        )
        if sub:
            invoice.currency, invoice.collection = sub.currency, sub.collection
            self._apply_discounts(sub, invoice)
        invoice.finalized_at = None if wait is None else created + wait
        if world.may("exclusive_tax", 0.1):
            invoice.tax = round(max(invoice.subtotal - invoice.discounted, 0) * 0.19)
        if world.may("inclusive_tax", 0.3):
            for line in lines:
                net = line.amount - sum(line.discounts.values())
                line.inclusive_tax = round(net * 19 / 119) if net > 0 else 0
        world.invoices.append(invoice)
        return invoice

    def _apply_discounts(self, sub, invoice):
        items = sub.items_at(invoice.created)
        own = [
            (d, [line for line in invoice.lines if line.item == item.id])
            for item in items
            for d in item.discounts
        ]
        invoice.discounts = [d for d in sub.discounts if self._runs(d, invoice)]
        for discount, lines in own + [(d, invoice.lines) for d in invoice.discounts]:
            if self._runs(discount, invoice):
                # Prorations are never discountable.
                self._spread(
                    discount, [li for li in lines if li.kind == "subscription" and li.amount > 0]
                )

    def _runs(self, discount, invoice):
        duration = catalogue.COUPONS[discount.coupon][0]
        earlier = [
            i
            for i in self.world.invoices
            if i.subscription and i.subscription.id == discount.subscription and i.subtotal > 0
        ]
        if duration == "once":
            return not earlier
        return duration == "forever" or invoice.created < discount.start + 75 * DAY

    def _spread(self, discount, lines):
        _, percent, off = catalogue.COUPONS[discount.coupon]
        for line in lines:
            open_amount = line.amount - sum(line.discounts.values())
            part = round(open_amount * percent / 100) if percent else min(off, open_amount)
            if percent is None:
                off -= part
            if part > 0:
                line.discounts[discount.id] = part

    def pay(self, invoice, at, failed_at=()):
        """Pays by card after failed attempts, or without a charge when nothing is due."""
        world = self.world
        if invoice.finalized_at is None:
            invoice.finalized_at = at
        at = max(at, invoice.finalized_at)
        if invoice.due == 0:
            invoice.paid_at = at
            return invoice
        invoice.paid_at = world.paid_time(at)
        legacy = world.may("charge_without_intent", 0.08)
        intent = None if legacy else world.new_id("pi")
        for moment in failed_at:
            self._charge(invoice, invoice.due, moment, intent, failed=True)
        first = 0
        if invoice.due > 1 and world.may("partial_payments", 0.06):
            first = invoice.due // 3
            self._charge(invoice, first, max(invoice.finalized_at, at - DAY), world.new_id("pi"))
        self._charge(invoice, invoice.due - first, invoice.paid_at, intent)
        return invoice

    def pay_again(self, invoice):
        """A second payment of an invoice, too much by all of it."""
        world = self.world
        at = invoice.paid_at + 1800
        invoice.again = Charge(world.new_id("ch"), invoice, invoice.due, at, world.new_id("pi"))
        world.charges.append(invoice.again)

    def pay_out_of_band(self, invoice, at):
        if invoice.due == 0:
            return self.pay(invoice, at)
        invoice.paid_at, invoice.out_of_band = self.world.paid_time(at), True
        return invoice

    def _charge(self, invoice, amount, at, intent, failed=False):
        charge = Charge(self.world.new_id("ch"), invoice, amount, at, intent, failed)
        if self.world.may("billing_email", 0.3):
            charge.billing_email = f"payer.{charge.id.lower()}@gmail.com"
        invoice.charges.append(charge)
        self.world.charges.append(charge)
