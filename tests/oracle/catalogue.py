"""Products, prices and coupons that random companies sell."""

from fractions import Fraction

LONG_AGO = 1704153600
REMADE = 1759276800  # since when merchant-chosen ids mean something else
ABROAD = Fraction(9, 10)  # what a price costs in any other currency than its own
PRODUCTS = ("prod_basic", "prod_plus", "prod_team", "prod_scale")
# name: (product, unit amount, interval, interval count, extras)
_PRICES = {
    "basic_m": ("prod_basic", "1900", "month", 1, {}),
    "basic_y": ("prod_basic", "19000", "year", 1, {}),
    "plus_m": ("prod_plus", "5900", "month", 1, {}),
    "plus_y": ("prod_plus", "59000", "year", 1, {}),
    "plus_w": ("prod_plus", "1500", "week", 1, {}),
    "plus_2w": ("prod_plus", "2800", "week", 2, {}),
    "basic_d": ("prod_basic", "2100", "day", 30, {}),
    "team_q": ("prod_team", "15000", "month", 3, {}),
    "team_seat": ("prod_team", "1250", "month", 1, {}),
    "team_part": ("prod_team", "33.35", "month", 1, {}),
    "scale_packs": ("prod_scale", "900", "month", 1, {"packs": (10, "up")}),
    "scale_down": ("prod_scale", "900", "month", 1, {"packs": (10, "down")}),
    "scale_volume": ("prod_scale", None, "month", 1, {"tiers": "volume"}),
    "scale_graded": ("prod_scale", None, "year", 1, {"tiers": "graduated"}),
    "usage": ("prod_scale", "3", "month", 1, {"usage": "metered"}),
    "tiny_m": ("prod_basic", "30", "month", 1, {}),
    "free_m": ("prod_basic", "0", "month", 1, {}),
    # One id, deleted and made again.
    "gold_1": ("prod_plus", "1000", "month", 1, {"id": "gold", "created": LONG_AGO}),
    "gold_2": ("prod_plus", "2000", "month", 1, {"id": "gold", "created": REMADE}),
}
ADDONS = tuple(f"addon_{number:02}" for number in range(1, 12))
for number, name in enumerate(ADDONS, 1):
    _PRICES[name] = ("prod_team", f"{100 * number}", "month", 1, {})
PLAIN = ("basic_m", "plus_m", "plus_y", "plus_w", "basic_d", "basic_y", "plus_2w", "team_q")
SEATS = ("team_seat", "scale_packs", "scale_down", "scale_volume", "scale_graded", "team_part")
CURRENCIES = ("usd", "eur", "jpy", "kwd")
TIERS = ((5, "1000", None), (20, "800", "2000"), (None, "550.5", "500"))
COUPONS = {
    "ONCE100": ("once", 100, None),
    "ONCE3": ("once", None, 300),
    "REPEAT50": ("repeating", 50, None),
    "REPEAT100": ("repeating", 100, None),
    "FOREVER20": ("forever", 20, None),
    "FOREVER12": ("forever", 12.5, None),
    "FOREVER100": ("forever", 100, None),
    "FOREVER5": ("forever", None, 500),
}
ORDINARY = tuple(COUPONS)
# One id each, deleted and made again; of LAUNCH there are events.
AGAIN = ("LAUNCH_1", "LAUNCH_2", "WELCOME_1", "WELCOME_2")
COUPONS |= {name: ("forever", 20 if name[-1] == "1" else 50, None) for name in AGAIN}


def whole(text):
    """Integer of a decimal text, None if it has a fraction."""
    return None if text is None or "." in text else int(text)


def price_row(name, currency, livemode):
    """Stripe price object without tiers."""
    product, amount, interval, count, extra = _PRICES[name]
    packs = extra.get("packs")
    return {
        "id": f"{extra.get('id', f'price_{name}')}_{currency}",
        "object": "price",
        "active": True,
        "billing_scheme": "tiered" if "tiers" in extra else "per_unit",
        "created": extra.get("created", LONG_AGO),
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product,
        "recurring": {
            "interval": interval,
            "interval_count": count,
            "meter": None,
            "trial_period_days": None,
            "usage_type": extra.get("usage", "licensed"),
        },
        "tax_behavior": "exclusive",
        "tiers_mode": extra.get("tiers"),
        "transform_quantity": {"divide_by": packs[0], "round": packs[1]} if packs else None,
        "type": "recurring",
        "unit_amount": whole(amount),
        "unit_amount_decimal": amount,
    }


def listed_price(name, currency, livemode, options=False):
    """Price as listed with tiers expanded, perhaps with what it costs in other currencies."""
    row = price_row(name, currency, livemode) | amounts(name, False)
    if options:
        row["currency_options"] = {
            other: amounts(name, other != currency)
            | {"custom_unit_amount": None, "tax_behavior": "exclusive"}
            for other in CURRENCIES
        }
    return row


def amounts(name, abroad):
    """Unit amounts and tiers of a price in its own currency or in another one."""
    unit, tiered = _PRICES[name][1], "tiers" in _PRICES[name][4]
    unit = in_currency(unit, abroad)
    row = {"unit_amount": whole(unit), "unit_amount_decimal": unit}
    return row | {"tiers": [tier_row(*tier, abroad) for tier in TIERS]} if tiered else row


def tier_row(top, unit, flat, abroad):
    unit, flat = in_currency(unit, abroad), in_currency(flat, abroad)
    return {
        "flat_amount": whole(flat),
        "flat_amount_decimal": flat,
        "unit_amount": whole(unit),
        "unit_amount_decimal": unit,
        "up_to": top,
    }


def in_currency(text, abroad):
    """Amount as text, in the price's own currency or in another one."""
    return decimal(Fraction(text) * ABROAD) if abroad and text is not None else text


def decimal(value):
    """Decimal text of at most 12 places."""
    text = f"{value.numerator * 10**12 // value.denominator:013d}"
    return f"{text[:-12]}.{text[-12:]}".rstrip("0").rstrip(".")


def unit_text(name, abroad):
    return in_currency(_PRICES[name][1], abroad)


def one_off_price(currency, livemode):
    row = price_row("basic_m", currency, livemode)
    return row | {
        "id": f"price_setup_{currency}",
        "product": "prod_setup",
        "recurring": None,
        "type": "one_time",
        "unit_amount": 4900,
        "unit_amount_decimal": "4900",
    }


def seconds(name):
    """Length of a billing period as this generator bills it."""
    _, _, interval, count, _ = _PRICES[name]
    return {"day": 1, "week": 7, "month": 30, "year": 365}[interval] * count * 86400


def is_metered(name):
    return _PRICES[name][4].get("usage") == "metered"


def amount(name, quantity, abroad=False):
    """What a period of the price costs, minor units (rounded as an invoice does)."""
    _, unit, _, _, extra = _PRICES[name]
    if "tiers" in extra:
        return _tiered(extra["tiers"], quantity, abroad)
    if "packs" in extra:
        size, rounding = extra["packs"]
        quantity = -(-quantity // size) if rounding == "up" else quantity // size
    return round(float(in_currency(unit, abroad)) * quantity)


def _tiered(mode, quantity, abroad):
    total, below = 0.0, 0
    for top, unit, flat in TIERS:
        unit, flat = in_currency(unit, abroad), in_currency(flat, abroad)
        inside = top is None or quantity <= top
        if mode == "volume" and inside:
            return round(quantity * float(unit) + float(flat or 0))
        if mode == "graduated" and quantity > below:
            units = (quantity if inside else top) - below
            total += units * float(unit) + float(flat or 0)
        below = top
        if inside:
            break
    return round(total)


def product_row(id, livemode):
    return {
        "id": id,
        "object": "product",
        "active": True,
        "created": LONG_AGO,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": livemode,
        "marketing_features": [],
        "metadata": {},
        "name": id.split("_")[1].title(),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": LONG_AGO,
        "url": None,
    }


def coupon_row(name, currency, livemode):
    duration, percent, off = COUPONS[name]
    made = REMADE if name in AGAIN and name[-1] == "2" else LONG_AGO
    return {
        "id": coupon_id(name, currency),
        "object": "coupon",
        "amount_off": off,
        "created": made,
        "currency": currency if off else None,
        "duration": duration,
        "duration_in_months": 2 if duration == "repeating" else None,
        "livemode": livemode,
        "max_redemptions": None,
        "metadata": {},
        "name": name,
        "percent_off": percent,
        "redeem_by": None,
        "times_redeemed": 1,
        "valid": True,
    }


def coupon_id(name, currency):
    name = name.split("_")[0]
    return f"{name}_{currency.upper()}" if COUPONS.get(name, (0, 0, None))[2] else name


def price_names():
    """Prices that still exist."""
    return tuple(name for name in _PRICES if name != "gold_1")


def coupon_names():
    return tuple(name for name in COUPONS if name not in AGAIN or name[-1] == "2")
