"""Qualifying payments and their reversal (law C.1, C.2)."""

from dataclasses import dataclass

from stripe_lists import Invoice


@dataclass
class Payment:
    """A qualifying invoice of an account."""

    invoice: Invoice
    lines: list  # recurring lines outside the trial interval

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
    """Payment if the invoice qualifies by as_of, else None."""
    if invoice.status != "paid" or invoice.paid_at is None or invoice.paid_at > as_of:
        return None
    if invoice.money <= 0:
        return None
    lines = []
    for line in invoice.lines:
        line.subscription = line.subscription or (invoice.subscription if line.recurring else None)
        if line.recurring and not in_trial(line, data.subscriptions):
            lines.append(line)
    return Payment(invoice, lines) if sum(line.net for line in lines) > 0 else None


def is_reversed(data, invoice, at):
    """Refunds + lost disputes + out-of-band credits up to `at` reach the money paid."""
    back = sum(
        row["amount"]
        for row in data.refunds
        if row.get("status") == "succeeded"
        and row["created"] <= at
        and data.on_charges(row, invoice.charges)
    )
    back += sum(
        row["amount"]
        for row in data.disputes
        if row.get("status") == "lost"
        and row["created"] <= at
        and data.on_charges(row, invoice.charges)
    )
    back += sum(
        row.get("out_of_band_amount") or 0
        for row in data.credit_notes
        if row["status"] == "issued" and row["created"] <= at and row["invoice"] == invoice.id
    )
    return invoice.money > 0 and back >= invoice.money
