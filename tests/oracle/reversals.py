"""Refunds, disputes and credit notes after a payment, around the end of the horizon."""

from dataclasses import dataclass

from billing import Charge, Invoice
from world import DAY


@dataclass
class Refund:
    id: str
    charge: Charge
    amount: int
    created: int
    status: str
    bare: bool = False  # names only the payment intent


@dataclass
class Dispute:
    id: str
    charge: Charge
    amount: int
    created: int
    outcome: str
    decided_at: int
    bare: bool = False


@dataclass
class CreditNote:
    id: str
    invoice: Invoice
    amount: int
    created: int
    refund: Refund | None = None
    to_balance: bool = False
    out_of_band: int | None = None
    voided_at: int | None = None
    kind: str = "post_payment"


class Reversals:
    """Adds reversals to paid invoices."""

    def __init__(self, world, billing=None):
        self.world, self.billing = world, billing

    def moment(self, invoice, end):
        """A time after the payment, often right at the evaluation point."""
        rng, paid = self.world.rng, invoice.paid_at
        near = [end - 1, end, end + 1, self.world.as_of, self.world.as_of + 1]
        near = [at for at in near if at > paid]
        if near and rng.random() < 0.45:
            return rng.choice(near)
        return paid + rng.choice([1, DAY, 3 * DAY, 9 * DAY, 25 * DAY])

    def add(self, invoice, end):
        """One of the ways in which money goes back, or seems to."""
        rng = self.world.rng
        paid = [c for c in invoice.charges if not c.failed]
        if not paid and not invoice.out_of_band:
            return
        if not paid:
            self.out_of_band_note(invoice, end)
            return
        ways = [
            self.full_refund,
            self.full_refund,
            self.two_refunds,
            self.partial_refund,
            self.dead_refund,
            self.dispute,
            self.dispute,
            self.refund_and_dispute,
            self.note_with_refund,
            self.note_to_balance,
            self.note_and_refund,
        ]
        rng.choice(ways)(invoice, paid, end)

    def second_payment(self, invoice, end):
        """Paid twice: the second payment goes back, perhaps the first one later."""
        self.billing.pay_again(invoice)
        first = [c for c in invoice.charges if not c.failed]
        way = self.world.turn("paid_twice", "second_back", "both_back", "kept")
        if way == "kept":
            return
        at = max(self.moment(invoice, end), invoice.again.created)
        self.refund(invoice.again, invoice.again.amount, at)
        if way == "both_back":
            for charge in first:
                self.refund(charge, charge.amount, at + self.world.rng.choice([0, 5, DAY]))

    def refund(self, charge, amount, at, status="succeeded"):
        world = self.world
        bare = bool(charge.intent) and world.may("refund_names_intent_only", 0.1)
        refund = Refund(world.new_id("re"), charge, amount, at, status, bare)
        world.refunds.append(refund)
        return refund

    def full_refund(self, invoice, paid, end):
        at = self.moment(invoice, end)
        for charge in paid:
            self.refund(charge, charge.amount, at)
        self.world.noted.append("full_refund")

    def two_refunds(self, invoice, paid, end):
        charge = paid[-1]
        part = charge.amount // 3
        self.refund(charge, part, self.moment(invoice, end))
        self.refund(charge, charge.amount - part, self.moment(invoice, end))
        self.world.noted.append("two_refunds")

    def partial_refund(self, invoice, paid, end):
        charge = paid[-1]
        self.refund(charge, max(charge.amount - 1, 1), self.moment(invoice, end))
        self.world.noted.append("partial_refund")

    def dead_refund(self, invoice, paid, end):
        status = self.world.rng.choice(["pending", "failed", "canceled", "requires_action"])
        self.refund(paid[-1], paid[-1].amount, self.moment(invoice, end), status)
        self.world.noted.append(f"{status}_refund")

    def dispute(self, invoice, paid, end, amount=None, outcome=None):
        world = self.world
        outcome = outcome or world.rng.choice(
            ["lost", "lost", "won", "needs_response", "under_review", "warning_closed", "prevented"]
        )
        at = self.moment(invoice, end)
        charge = paid[-1]
        bare = bool(charge.intent) and world.rng.random() < 0.05
        world.disputes.append(
            Dispute(
                world.new_id("dp"), charge, amount or charge.amount, at, outcome, at + 9 * DAY, bare
            )
        )
        world.noted.append(f"dispute_{outcome}")

    def refund_and_dispute(self, invoice, paid, end):
        charge = paid[-1]
        part = charge.amount // 2
        self.refund(charge, part, self.moment(invoice, end))
        if charge.amount > part:
            self.dispute(invoice, paid, end, charge.amount - part, "lost")

    def note(self, invoice, amount, at, **extra):
        note = CreditNote(self.world.new_id("cn"), invoice, amount, at, **extra)
        self.world.credit_notes.append(note)
        return note

    def note_with_refund(self, invoice, paid, end):
        """A credit note whose refund must be counted once: half counted twice would be all."""
        charge, at = paid[-1], self.moment(invoice, end)
        amount = self.world.rng.choice([charge.amount, -(-charge.amount // 2)])
        self.note(invoice, amount, at, refund=self.refund(charge, amount, at))
        self.world.noted.append("credit_note_with_refund")

    def note_to_balance(self, invoice, paid, end):
        amount = sum(c.amount for c in paid)
        self.note(invoice, amount, self.moment(invoice, end), to_balance=True)
        self.world.noted.append("credit_note_to_balance")

    def note_and_refund(self, invoice, paid, end):
        charge = paid[-1]
        part = charge.amount // 2
        self.refund(charge, charge.amount - part, self.moment(invoice, end))
        if part:
            self._out_of_band(invoice, part, end)

    def out_of_band_note(self, invoice, end):
        amount = self.world.rng.choice([invoice.due, invoice.due, max(invoice.due - 1, 1)])
        self._out_of_band(invoice, amount, end)

    def _out_of_band(self, invoice, amount, end):
        at = self.moment(invoice, end)
        note = self.note(invoice, amount, at, out_of_band=amount)
        self.world.noted.append("credit_note_out_of_band")
        if self.world.may("void_credit_note", 0.3):
            note.voided_at = at + 60
