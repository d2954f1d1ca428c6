"""MRR of a converting invoice, exact (law C.3, items by B.5)."""

from fractions import Fraction

MONTHS = {
    "day": Fraction(12, 365),
    "week": Fraction(12, 52),
    "month": Fraction(1),
    "year": Fraction(12),
}


def months(recurring):
    """Length of a billing period in months."""
    return MONTHS[recurring["interval"]] * recurring["interval_count"]


def decimal(row, name):
    """Exact unit amount: the decimal string, else the integer, else 0."""
    text = row.get(f"{name}_decimal")
    return Fraction(text if text is not None else row.get(name) or 0)


def period_amount(price, quantity):
    """Minor units per billing period of `quantity` of a licensed price; 0 for metered ones."""
    if price["recurring"].get("usage_type") == "metered":
        return Fraction(0)
    if price.get("billing_scheme") == "tiered":
        return tiered_amount(price, quantity)
    rule = price.get("transform_quantity")
    if rule:
        whole, rest = divmod(quantity, rule["divide_by"])
        quantity = whole + (1 if rest and rule["round"] == "up" else 0)
    return decimal(price, "unit_amount") * quantity


def tiered_amount(price, quantity):
    """Graduated: each tier reached; volume: the one tier that holds the quantity."""
    total, below = Fraction(0), 0
    for tier in price["tiers"]:
        top = tier["up_to"]
        holds = top is None or quantity <= top
        if price["tiers_mode"] == "volume":
            if holds:
                return quantity * decimal(tier, "unit_amount") + decimal(tier, "flat_amount")
            continue
        units = (quantity if holds else top) - below
        if units > 0:
            total += units * decimal(tier, "unit_amount") + decimal(tier, "flat_amount")
        if holds:
            break
        below = top
    return total


def price_of(data, line):
    """Price object: the listed one (it has the tiers), else the inline one."""
    return data.prices.get(line.price) or line.inline_price


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
    price = price_of(data, line)
    value = period_amount(price, line.quantity) / months(price["recurring"])
    if line.inclusive_tax and line.net:
        value *= 1 - Fraction(line.inclusive_tax, line.net)
    return value


def invoice_mrr(data, payment):
    """(list, net) MRR of a payment's recurring lines, exact minor units."""
    lines = item_state(payment.lines)
    invoice = payment.invoice
    on_invoice = {d["id"]: d for d in invoice.discounts}
    subscription = data.subscriptions.get(payment.subscription) or {"items": {"data": []}}
    on_items = {}
    for item in subscription["items"]["data"]:
        on_items |= {d["id"]: d for d in item.get("discounts") or [] if isinstance(d, dict)}
    plain = net = Fraction(0)
    for line in lines:
        value = line_mrr(data, line)
        plain += value
        own = [on_items[i] for i in line.discount_ids if i in on_items and i not in on_invoice]
        net += discounted(data, value, own, price_of(data, line)["recurring"])
    if lines:
        recurring = price_of(data, lines[0])["recurring"]
        net = discounted(data, net, on_invoice.values(), recurring)
    return plain, net


def discounted(data, value, discounts, recurring):
    """Value after the forever discounts, in their order, not below 0."""
    for discount in discounts:
        coupon = data.coupon_of(discount)
        if coupon and coupon["duration"] == "forever":
            if coupon.get("percent_off") is not None:
                value *= 1 - Fraction(str(coupon["percent_off"])) / 100
            else:
                value -= Fraction(coupon["amount_off"]) / months(recurring)
    return max(value, Fraction(0))
