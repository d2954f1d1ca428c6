"""Qualifying payments and their reversal (law C.1, C.2)."""

from dataclasses import dataclass

from stripe_lists import Invoice


@dataclass
class Payment:
    """A qualifying invoice of an account; not `sure` if only lines that are missing could show it."""

    invoice: Invoice
    lines: list  # recurring lines outside the trial interval
    sure: bool = True

    @property
    def at(self):
        return self.invoice.paid_at

    @property
    def subscription(self):
        own = self.invoice.subscription
        return own or next((line.subscription for line in self.lines if line.subscription), None)


def in_trial(line, subscriptions):
    """Does the line's period lie inside the trial of its subscription?"""
    subscription = subscriptions.get(line.subscription) or {}
    start, end = subscription.get("trial_start"), subscription.get("trial_end")
    return start is not None and end is not None and start <= line.start and line.end <= end


def qualifying(data, invoice, as_of):
    """Payment if the invoice qualifies by as_of, or may do so, else None."""
    if invoice.status != "paid" or invoice.paid_at is None or invoice.paid_at > as_of:
        return None
    if invoice.money <= 0:
        return None
    lines = []
    for line in invoice.lines:
        line.subscription = line.subscription or (invoice.subscription if line.recurring else None)
        if line.recurring and not in_trial(line, data.subscriptions):
            lines.append(line)
    sure = sum(line.net for line in lines) > 0
    return Payment(invoice, lines, sure) if sure or invoice.cut else None


def given_back(data, invoice):
    """[(time, amount)] of all money of the invoice that went back."""
    found = [
        (row["created"], row["amount"])
        for rows, status in ((data.refunds, "succeeded"), (data.disputes, "lost"))
        for row in rows
        if row.get("status") == status and data.on_charges(row, invoice.charges)
    ]
    return found + [
        (row["created"], row.get("out_of_band_amount") or 0)
        for row in data.credit_notes
        if row["status"] == "issued" and row["invoice"] == invoice.id
    ]


def reversed_at(data, invoice, as_of):
    """When all of the money had gone back, None if it had not by as_of."""
    moments = sorted(moment for moment, _ in given_back(data, invoice) if moment <= as_of)
    return next((moment for moment in moments if is_reversed(data, invoice, moment)), None)


def is_reversed(data, invoice, at):
    """Do refunds + lost disputes + out-of-band credits up to `at` reach the money that came?

    Money that came too often counts too: to give back a second payment leaves the first one.
    None if refunds that did not land decide.
    """
    back = sum(amount for moment, amount in given_back(data, invoice) if moment <= at)
    if invoice.came <= 0 or back >= invoice.came:
        return invoice.came > 0
    return None if back + data.hidden_refunds(invoice.charges) >= invoice.came else False


def conversion(data, payments, t0, at):
    """(first, first net, doubtful): payments after t0, judged at `at`.

    `doubtful` are those before the first net one (all, without one) of which it is not known
    whether they count.
    """
    later = [payment for payment in payments if payment.at > t0]
    doubtful = []
    first = next((payment for payment in later if payment.sure), None)
    for payment in later:
        back = is_reversed(data, payment.invoice, at)
        if payment.sure and back is False:
            return first, payment, doubtful
        if back is not True:
            doubtful.append(payment)
    return first, None, doubtful
