"""What was agreed: prices and coupons as they were when a line was billed (law C.3).

What was billed beats the catalogue: the line's own unit amount comes first, and the catalogue
speaks only where it provably means the same thing. An id that was deleted and made again has one
version per making, told apart by `created`.
"""

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


def has(row, name):
    return row.get(name) is not None or row.get(f"{name}_decimal") is not None


def as_price(row):
    """A plan in the form of the price that it is; a price as it stands."""
    if row is None or row.get("object") != "plan":
        return row
    same = "id created currency livemode billing_scheme tiers tiers_mode product".split()
    return {name: row.get(name) for name in same} | {
        "unit_amount": row.get("amount"),
        "unit_amount_decimal": row.get("amount_decimal"),
        "transform_quantity": row.get("transform_usage"),
        "recurring": {name: row.get(name) for name in ("interval", "interval_count", "usage_type")},
    }


def add_version(versions, row):
    """Keeps one version per making of an id of a mode; what is known later fills in and corrects."""
    if row and row.get("id"):
        own = versions.setdefault((row.get("livemode"), row["id"]), {})
        told = {name: value for name, value in row.items() if value is not None}
        own[row.get("created")] = own.get(row.get("created"), {}) | told


def covering(versions, at):
    """The version made last but not after `at`, None if none was there yet."""
    made = [created for created in versions or {} if created is not None and created <= at]
    return versions[max(made)] if made else None


def agreed(data, line):
    """Price that tells interval, usage and scheme: the line's own, else the catalogue's of its day.

    A subscription stays on the price that it was made with: of several makings of an id the last one
    that cost what was billed counts.
    """
    if line.inline_price:
        return line.inline_price
    versions = data.prices.get(price_key(line)) or {}
    fitting = {at: price for at, price in versions.items() if costs(price, line)}
    return covering(fitting, line.billed_at) or covering(versions, line.billed_at)


def costs(price, line):
    """Is the unit amount that the line states that of the price?"""
    price = in_currency(price, line.currency)
    stated = price and has(price, "unit_amount") and line.unit is not None
    return bool(stated) and decimal(price, "unit_amount") == Fraction(line.unit)


def price_key(line):
    return line.livemode, line.price


def listed(data, line):
    """The catalogue's price in the line's currency, None unless it is the line's own version."""
    versions = data.prices.get(price_key(line)) or {}
    made = (line.inline_price or {}).get("created")
    found = versions.get(made) if made is not None else covering(versions, line.billed_at)
    return in_currency(found, line.currency)


def in_currency(price, currency):
    """The price in a currency: its own, else one of its currency_options, else None."""
    option = ((price or {}).get("currency_options") or {}).get(currency)
    if price is None or price.get("currency") != currency and option is None:
        return None
    if price.get("currency") == currency:
        return {"tiers": (option or {}).get("tiers")} | price
    amounts = ("unit_amount", "unit_amount_decimal", "tiers")
    return price | {name: option.get(name) for name in amounts} | {"currency": currency}


def period_amount(data, line):
    """Minor units per billing period of the line's quantity, None where nothing proves them."""
    price = agreed(data, line)
    if price is None or not price.get("recurring"):
        return None
    if price["recurring"].get("usage_type") == "metered":
        return Fraction(0)
    tiered = price.get("billing_scheme") == "tiered"
    if tiered or price.get("transform_quantity"):
        # The line's unit amount does not say how the tiers or packs were counted.
        if not tiered and not line.proration:
            return Fraction(line.amount)
        own = line.inline_price if speaks_of(line.inline_price, line.currency) else None
        told = by_rule(own, line.quantity)
        told = by_rule(listed(data, line), line.quantity) if told is None else told
        # Where the tiers are known in the currency, a full line was billed by them: its own amount
        # is right also for one that holds a single tier.
        return told if told is None or line.proration else Fraction(line.amount)
    unit = unit_amount(data, line)
    return None if unit is None else unit * line.quantity


def speaks_of(price, currency):
    return price is not None and price.get("currency") == currency


def unit_amount(data, line):
    """Unit amount of a per-unit line: as billed, else of the price in the line's currency."""
    if line.unit is not None and not is_prorated(line):
        return Fraction(line.unit)
    if speaks_of(line.inline_price, line.currency) and has(line.inline_price, "unit_amount"):
        return decimal(line.inline_price, "unit_amount")
    if line.quantity == 0:
        return Fraction(0)
    if not line.proration:
        return Fraction(line.amount) / line.quantity
    price = listed(data, line)
    return decimal(price, "unit_amount") if price and has(price, "unit_amount") else None


def is_prorated(line):
    """Is the unit amount of a proration its own amount again, and so not that of the price?

    Invoice items hold amount = unit amount × quantity, prorations too (old shape:
    unit_amount_excluding_tax of a credit of 143.04 is -14304 where the price is 15000).
    """
    return line.proration and abs(Fraction(line.unit) * line.quantity - line.amount) < 1


def by_rule(price, quantity):
    """Amount of a quantity by the price's tiers or packs, None if they are not known."""
    if price is None:
        return None
    if price.get("billing_scheme") == "tiered":
        return tiered_amount(price, quantity) if price.get("tiers") else None
    if not has(price, "unit_amount"):
        return None
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


def coupon_of(data, discount, livemode):
    """(coupon, fits): the version made last but not after the discount's start; else a later one."""
    own = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
    start = discount.get("start")
    id = own["id"] if isinstance(own, dict) else own
    versions = dict(data.coupons.get((livemode, id)) or {})
    if isinstance(own, dict):
        if start is None or own.get("created") is None or own["created"] <= start:
            return own, True
        versions.setdefault(own["created"], own)
    found = covering(versions, start) if start is not None else None
    if found:
        return found, True
    made = [created for created in versions if created is not None]
    return (versions[min(made)] if made else None), False


def amount_off(coupon, currency):
    """Fixed amount of a coupon in a currency, None if it has none in it."""
    if coupon.get("currency") in (None, currency):
        return coupon.get("amount_off")
    return ((coupon.get("currency_options") or {}).get(currency) or {}).get("amount_off")


def shown_share(line, discount):
    """Share that a discount took of what was left of a line, None if the line cannot show it."""
    left = line.amount
    if left <= 0 or line.proration:
        return None
    for id, taken in line.discount_amounts.items():
        if id == discount:
            return Fraction(taken, left) if left else Fraction(0)
        left -= taken
    return Fraction(0)
