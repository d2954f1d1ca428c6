"""Status of a subscription at a time (law B.5) and what a list adds to it; ends of customers (B.4)."""

from stripe_lists import ident

# What Stripe says of today and no time tells: evidence from the time of the list on.
TOLD = ("past_due", "unpaid", "paused")
EXPIRY = 23 * 3600


def status_at(sub, at, invoices=(), charges=(), listed_at=None):
    """Status by the times of the objects; from the list's time on, what the list itself says."""
    ended, end = sub.get("ended_at"), sub.get("trial_end")
    if ended is not None and ended <= at:
        return "canceled"
    if sub["status"] == "incomplete_expired":
        return "incomplete" if at < sub["created"] + EXPIRY else "incomplete_expired"
    if sub.get("trial_start") is not None and sub["trial_start"] <= at < end:
        return "trialing"
    if listed_at is not None and at >= listed_at and sub["status"] in TOLD:
        return sub["status"]
    if sub["status"] == "paused" and end is not None and at >= end:
        return "paused"
    if any(is_late(invoice, at, charges) for invoice in invoices):
        return "past_due"
    own = sorted((i for i in invoices if i["created"] <= at), key=lambda i: (i["created"], i["id"]))
    if own and own[0]["total"] > 0 and not is_settled(own[0], at):
        return "incomplete" if own[0]["created"] == sub["created"] else "active"
    return "active"


def moved(invoice, name, at):
    time = (invoice.get("status_transitions") or {}).get(name)
    return time is not None and time <= at


def is_settled(invoice, at):
    return moved(invoice, "paid_at", at) or moved(invoice, "voided_at", at)


def is_late(invoice, at, charges):
    """Is the invoice owed at `at`, past its first failed attempt or its due date?"""
    if not moved(invoice, "finalized_at", at) or is_settled(invoice, at):
        return False
    if invoice.get("collection_method") == "send_invoice":
        return invoice.get("due_date") is not None and at > invoice["due_date"]
    failed = [c for c in charges if c.get("invoice") == invoice["id"] and c["status"] == "failed"]
    return any(charge["created"] <= at for charge in failed)


def customer_is_deleted(data, id, at):
    """Gone by its own event; not listed, or only as {id, deleted}: from its earliest carrier on.

    Neither absence nor a tombstone has a time. The carrier is the first subscription or invoice.
    """
    own = [e for e in data.events.values() if e["data"]["object"].get("id") == id]
    if any(e["type"] == "customer.deleted" and e["created"] <= at for e in own):
        return True
    if id in data.listed and id not in data.tombstones:
        return False
    rows = [*data.raw["subscriptions"].values(), *data.raw["invoices"].values()]
    return any(row["created"] <= at for row in rows if ident(row["customer"]) == id)
