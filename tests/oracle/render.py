"""Stripe objects of both API shapes, as the lists show them at one time."""

import catalogue

ACACIA, CLOVER = "acacia", "clover"
PAGE = 10  # so many elements an inline list shows
VERSIONS = {ACACIA: "2025-02-24.acacia", CLOVER: "2025-09-30.clover"}


class Render:
    """Renders the facts of a world in one shape, as of the time the lists were taken."""

    def __init__(self, world, shape):
        self.world, self.shape = world, shape
        self.now = world.listed_at
        self.acacia = shape == ACACIA

    def by_now(self, at):
        return at if at is not None and at <= self.now else None

    def customer(self, c, at=None):
        return {
            "id": c.id,
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": c.created,
            "currency": c.currency,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": c.email_at(at or self.now),
            "invoice_prefix": c.id[4:],
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": c.livemode,
            "metadata": c.metadata,
            "name": f"Customer {c.id[4:]}",
            "next_invoice_sequence": 2,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": c.test_clock,
        }

    def price(self, name, c, currency):
        if name == "setup":
            return catalogue.one_off_price(currency, c.livemode)
        return catalogue.price_row(name, c.price_currency or currency, c.livemode)

    def plan(self, name, c, currency):
        price = self.price(name, c, currency)
        if price["recurring"] is None:
            return None
        plan = {
            "id": price["id"],
            "object": "plan",
            "active": True,
            "amount": price["unit_amount"],
            "amount_decimal": price["unit_amount_decimal"],
            "billing_scheme": price["billing_scheme"],
            "created": price["created"],
            "currency": price["currency"],
            "interval": price["recurring"]["interval"],
            "interval_count": price["recurring"]["interval_count"],
            "livemode": c.livemode,
            "metadata": {},
            "meter": None,
            "nickname": None,
            "product": price["product"],
            "tiers_mode": price["tiers_mode"],
            "transform_usage": None,
            "trial_period_days": None,
            "usage_type": price["recurring"]["usage_type"],
        }
        return plan | ({"aggregate_usage": None} if self.acacia else {})

    def discount(self, d, c, currency):
        coupon = catalogue.coupon_row(d.coupon, currency, c.livemode)
        row = {
            "id": d.id,
            "object": "discount",
            "checkout_session": None,
            "customer": c.id,
            "end": None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": None,
            "start": d.start,
            "subscription": d.subscription,
            "subscription_item": d.item,
        }
        if self.acacia:
            return row | {"coupon": coupon}
        return row | {"source": {"coupon": coupon["id"], "type": "coupon"}}

    def status(self, s):
        end = s.trial_end(self.now)
        if s.state == "incomplete_expired":
            return s.state if s.created + 23 * 3600 <= self.now else "incomplete"
        if self.by_now(s.ended_at):
            return "canceled"
        if end is not None and self.now < end:
            return "trialing"
        owed = [i for i in self.world.invoices if i.subscription is s and self.is_owed(i)]
        return s.state or ("past_due" if owed else "active")

    def is_owed(self, i):
        ended = (i.paid_at, i.voided_at)
        final = self.by_now(i.finalized_at) is not None
        return final and i.finalized_at < self.now - 86400 and not any(map(self.by_now, ended))

    def subscription(self, s, items=None):
        c, items = s.customer, items or s.items_at(self.now)
        end = s.trial_end(self.now)
        start = end if end is not None and end <= self.now else s.created
        period = {"current_period_start": start, "current_period_end": start + 30 * 86400}
        ended = self.by_now(s.ended_at) if s.state != "incomplete_expired" else None
        decided = self.by_now(s.canceled_at)
        started = self.by_now(s.trial_start)
        running = [self.discount(d, c, s.currency) for d in s.discounts if self.runs(d)]
        own = [i.id for i in self.world.invoices if i.subscription is s and i.created <= self.now]
        row = {
            "id": s.id,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": start,
            "billing_cycle_anchor_config": None,
            "billing_thresholds": None,
            "cancel_at": s.ended_at if decided and not ended else None,
            "cancel_at_period_end": bool(decided and not ended),
            "canceled_at": decided,
            "cancellation_details": {
                "comment": None,
                "feedback": None,
                "reason": s.reason if decided else None,
            },
            "collection_method": s.collection,
            "created": s.created,
            "currency": s.currency,
            "customer": c.id,
            "days_until_due": 30 if s.collection == "send_invoice" else None,
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": running,
            "ended_at": ended,
            "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
            "items": {
                "object": "list",
                "data": [self.item(i, s, period) for i in items[:PAGE]],
                "has_more": len(items) > PAGE,
                "url": f"/v1/subscription_items?subscription={s.id}",
            },
            "latest_invoice": own[-1] if own else None,
            "livemode": c.livemode,
            "metadata": {},
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "schedule": None,
            "start_date": s.created,
            "status": self.status(s),
            "test_clock": c.test_clock,
            "transfer_data": None,
            "trial_end": end if started else None,
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
            "trial_start": started,
        }
        if self.acacia:
            return row | period | {"discount": running[0] if running else None}
        return row | {"billing_mode": {"flexible": None, "type": "classic"}}

    def runs(self, d):
        """Is the discount still on the subscription now?"""
        duration = catalogue.COUPONS[d.coupon][0]
        return duration == "forever" or (
            duration == "repeating" and self.now < d.start + 75 * 86400
        )

    def items(self, s):
        """Items that land beside a list that is cut."""
        start = s.trial_end(self.now) or s.created
        period = {"current_period_start": start, "current_period_end": start + 30 * 86400}
        items = s.items_at(self.now)
        return (
            [self.item(i, s, period) for i in items]
            if len(items) > PAGE and s.rest == "all"
            else []
        )

    def item(self, i, s, period):
        c = s.customer
        row = {
            "id": i.id,
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": s.created,
            "discounts": [self.discount(d, c, s.currency) for d in i.discounts if self.runs(d)],
            "metadata": {},
            "plan": self.plan(i.price, c, s.currency),
            "price": self.price(i.price, c, s.currency),
            "subscription": s.id,
            "tax_rates": [],
        }
        if not catalogue.is_metered(i.price):
            row["quantity"] = i.quantity
        return row if self.acacia else row | period

    def price_list(self):
        return [
            catalogue.listed_price(name, currency, live, self.world.options)
            for live in self.modes()
            for name in catalogue.price_names()
            for currency in catalogue.CURRENCIES
        ] + [
            catalogue.one_off_price(c, live) for live in self.modes() for c in catalogue.CURRENCIES
        ]

    def modes(self):
        """Modes of the customers: an id in both is two objects."""
        return sorted({c.livemode for c in self.world.customers})

    def coupon_list(self):
        rows = [
            catalogue.coupon_row(name, currency, live)
            for live in self.modes()
            for name in catalogue.coupon_names()
            for currency in catalogue.CURRENCIES
        ]
        return list({(row["livemode"], row["id"]): row for row in rows}.values())
