"""MRR of a converting invoice, exact (law C.3, items by B.5); None where it cannot be known."""

from fractions import Fraction

import terms
from terms import months


def item_state(lines):
    """Lines that stand for the items after the last change on the invoice (B.5 rules 2-4)."""
    state = []
    for start in sorted({line.start for line in lines}):
        here = [line for line in lines if line.start == start]
        full = [line for line in here if not line.proration]
        if full:
            state = full
            continue
        plus = [line for line in here if line.amount >= 0]
        gone = plus + [line for line in here if line.amount < 0]
        state = [old for old in state if not any(same_item(old, new) for new in gone)] + plus
    return state


def same_item(a, b):
    """Equal subscription items; by price where one of the lines does not name its item."""
    if a.subscription != b.subscription:
        return False
    return a.item == b.item if a.item and b.item else a.price == b.price


def line_mrr(data, line):
    """List MRR of one line without inclusive tax."""
    amount = terms.period_amount(data, line)
    if amount is None:
        return None
    value = amount / months(terms.agreed(data, line)["recurring"])
    if line.inclusive_tax and line.net:
        value *= 1 - Fraction(line.inclusive_tax, line.net)
    return value


def invoice_mrr(data, payment):
    """(list, net) MRR of a payment's recurring lines, exact minor units."""
    if payment.invoice.cut:
        return None, None
    lines = item_state(payment.lines)
    values = [line_mrr(data, line) for line in lines]
    if None in values:
        return None, None
    reduced = net_values(data, payment, lines, values)
    return sum(values, Fraction(0)), None if reduced is None else sum(reduced, Fraction(0))


def net_values(data, payment, lines, values):
    """The lines' MRR after the discounts of their items, then of the invoice; None if unknown."""
    on_invoice = payment.invoice.discounts
    taken = [{*line.discount_ids, *line.discount_amounts} for line in lines]
    # Whether a discount of which only the id is left was for ever, nobody can say.
    if not set().union(*taken) <= set(data.discounts):
        return None
    net = []
    for line, value in zip(lines, values):
        own = [id for id in line.discount_ids if id not in on_invoice]
        for id in own:
            value = after(data, data.discounts[id], [line], [value])
            if value is None:
                return None
            value = value[0]
        net.append(value)
    for id in on_invoice:
        if net is not None and id in data.discounts:
            net = after(data, data.discounts[id], lines, net)
    return net


def after(data, discount, lines, values):
    """Values after one discount, None if its terms are unknown; only `forever` coupons count."""
    if not lines:
        return values
    coupon, fits = terms.coupon_of(data, discount, lines[0].livemode)
    if coupon is None:
        # A discount that ends is not for ever; of one without an end nothing is known.
        return values if discount.get("end") is not None else None
    if coupon["duration"] != "forever":
        return values
    if fits:
        off = terms.amount_off(coupon, lines[0].currency)
        if coupon.get("percent_off") is not None or off is not None:
            recurring = terms.agreed(data, lines[0])["recurring"]
            return reduced(values, coupon.get("percent_off"), off, months(recurring))
    shares = [shown(line, value, discount["id"]) for line, value in zip(lines, values)]
    return None if None in shares else [v * (1 - s) for v, s in zip(values, shares)]


def shown(line, value, discount):
    """Share that the line shows; of nothing there is no share to know."""
    return Fraction(0) if value == 0 else terms.shown_share(line, discount)


def reduced(values, percent, amount, length):
    """Values after a percentage, or after an amount a period of so many months, not below 0."""
    if percent is not None:
        return [value * (1 - Fraction(str(percent)) / 100) for value in values]
    total = sum(values, Fraction(0))
    left = max(total - Fraction(amount) / length, Fraction(0))
    return [value * left / total for value in values] if total else values
