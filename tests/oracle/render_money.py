"""Charges, refunds, disputes, credit notes and events in both API shapes; all lists of a world."""

from copy import copy
from hashlib import sha256

import catalogue
from billing import Customer
from render import VERSIONS
from render_invoice import InvoiceRender

PARTS = ("subscription_items", "line_items")  # files that are there only if something lands by them


class MoneyRender(InvoiceRender):
    """Adds the rows that speak of money, and puts the lists together."""

    def charge(self, ch):
        c = ch.invoice.customer
        returned = [r for r in self.world.refunds if r.charge is ch and r.created <= self.now]
        back = sum(r.amount for r in returned if r.status == "succeeded")
        sued = any(d.charge is ch and d.created <= self.now for d in self.world.disputes)
        declined = "Your card was declined." if ch.failed else None
        row = {
            "id": ch.id,
            "object": "charge",
            "amount": ch.amount,
            "amount_captured": 0 if ch.failed else ch.amount,
            "amount_refunded": back,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None if ch.failed else f"txn_{ch.id[3:]}",
            "billing_details": {
                "address": dict.fromkeys("city country line1 line2 postal_code state".split()),
                "email": ch.billing_email,
                "name": f"Customer {c.id[4:]}",
                "phone": None,
                "tax_id": None,
            },
            "calculated_statement_descriptor": "FLOWDECK",
            "captured": not ch.failed,
            "created": ch.created,
            "currency": ch.invoice.currency,
            "customer": c.id,
            "description": "Subscription cycle",
            "disputed": sued,
            "failure_balance_transaction": None,
            "failure_code": "card_declined" if ch.failed else None,
            "failure_message": declined,
            "fraud_details": {},
            "livemode": c.livemode,
            "metadata": {},
            "on_behalf_of": None,
            "outcome": {
                "advice_code": "try_again_later" if ch.failed else None,
                "network_advice_code": None,
                "network_decline_code": "51" if ch.failed else None,
                "network_status": "declined_by_network" if ch.failed else "approved_by_network",
                "reason": "insufficient_funds" if ch.failed else None,
                "risk_level": "normal",
                "seller_message": declined or "Payment complete.",
                "type": "issuer_declined" if ch.failed else "authorized",
            },
            "paid": not ch.failed,
            "payment_intent": ch.intent,
            "payment_method": f"pm_{c.id[4:]}",
            "payment_method_details": None,
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": back >= ch.amount,
            "review": None,
            "shipping": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "failed" if ch.failed else "succeeded",
            "transfer_data": None,
            "transfer_group": None,
        }
        if len(returned) > 1:
            page = [self.refund(r) for r in returned[:1]]
            url = f"/v1/charges/{ch.id}/refunds"
            row["refunds"] = {"object": "list", "data": page, "has_more": True, "url": url}
        # A second payment of an invoice could not be put on it before basil.
        invoice = None if ch is ch.invoice.again else ch.invoice.id
        return row | ({"invoice": invoice} if self.acacia else {})

    def refund(self, r):
        return {
            "id": r.id,
            "object": "refund",
            "amount": r.amount,
            "balance_transaction": f"txn_{r.id[3:]}",
            "charge": None if r.bare else r.charge.id,
            "created": r.created,
            "currency": r.charge.invoice.currency,
            "destination_details": None,
            "metadata": {},
            "payment_intent": r.charge.intent,
            "reason": "requested_by_customer",
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": r.status,
            "transfer_reversal": None,
        }

    def dispute(self, d):
        status = d.outcome
        if status in ("won", "lost") and self.by_now(d.decided_at) is None:
            status = "under_review"
        return {
            "id": d.id,
            "object": "dispute",
            "amount": d.amount,
            "balance_transactions": [],
            "charge": d.charge.id,
            "created": d.created,
            "currency": d.charge.invoice.currency,
            "evidence": {},
            "evidence_details": {
                "due_by": d.created + 7 * 86400,
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "livemode": d.charge.invoice.customer.livemode,
            "metadata": {},
            "payment_intent": d.charge.intent,
            "reason": "general",
            "status": status,
        }

    def credit_note(self, n):
        voided, i = self.by_now(n.voided_at), n.invoice
        row = {
            "id": n.id,
            "object": "credit_note",
            "amount": n.amount,
            "amount_shipping": 0,
            "created": n.created,
            "currency": i.currency,
            "customer": i.customer.id,
            "customer_balance_transaction": f"cbtxn_{n.id[3:]}" if n.to_balance else None,
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": n.created,
            "invoice": i.id,
            "lines": {
                "object": "list",
                "data": [],
                "has_more": False,
                "url": f"/v1/credit_notes/{n.id}/lines",
            },
            "livemode": i.customer.livemode,
            "memo": None,
            "metadata": {},
            "number": n.id[3:],
            "out_of_band_amount": n.out_of_band,
            "pdf": None,
            "reason": None,
            "shipping_cost": None,
            "status": "void" if voided else "issued",
            "subtotal": n.amount,
            "subtotal_excluding_tax": n.amount,
            "total": n.amount,
            "total_excluding_tax": n.amount,
            "type": n.kind,
            "voided_at": voided,
        }
        if self.acacia:
            return row | {"refund": n.refund and n.refund.id, "tax_amounts": []}
        back = (
            [{"amount_refunded": n.amount, "refund": n.refund.id, "type": "refund"}]
            if n.refund
            else []
        )
        return row | {"refunds": back, "total_taxes": []}

    def event(self, id, kind, at, row, before=None):
        data = {"object": row} | ({"previous_attributes": before} if before else {})
        return {
            "id": id,
            "object": "event",
            "api_version": VERSIONS[self.shape],
            "created": at,
            "data": data,
            "livemode": row["livemode"],
            "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }

    def events(self):
        """invoice.paid and customer.subscription.created of 30 days; e-mail changes of all time."""
        world, since = self.world, self.now - 30 * 86400
        found = []
        for i in world.invoices:
            if i.paid_at and since <= i.paid_at <= self.now:
                found.append(self.event(f"evt_{i.id}", "invoice.paid", i.paid_at, self.invoice(i)))
        for s in world.subscriptions:
            if s.burst:
                found += self.burst(s)
            elif since <= s.created <= self.now:
                row = self.subscription(s)
                found.append(
                    self.event(f"evt_{s.id}", "customer.subscription.created", s.created, row)
                )
        for c in world.customers:
            for (_, old), (at, new) in zip(c.emails, c.emails[1:]):
                if c.changes_listed and at <= self.now:
                    row, before = self.customer(c, at) | {"email": new}, {"email": old}
                    id = self.event_id(c.id, old, new)
                    found.append(self.event(id, "customer.updated", at, row, before))
        return found + self.made_again()

    def event_id(self, *parts):
        """An id whose order tells nothing."""
        return f"evt_{sha256(repr(parts).encode()).hexdigest()[:16]}"

    def burst(self, s):
        """Creation, a notice and the changes of one second, each with the items of its moment."""
        kind, (at, _) = "customer.subscription", s.items[1]
        then, found = copy(self), []
        then.now = s.created
        told = [("created", s.created, s.burst[0], None)]
        told.append(("trial_will_end", at, s.burst[0], None))
        told += [("updated", at, new, old) for old, new in zip(s.burst, s.burst[1:])]
        for number, (name, moment, items, old) in enumerate(told):
            then.now = moment
            row = then.subscription(s, items)
            before = old and {"items": {"data": then.subscription(s, old)["items"]["data"]}}
            id = self.event_id(s.id, number)
            found.append(self.event(id, f"{kind}.{name}", moment, row, before))
        return found

    def made_again(self):
        """Events of plans and of the coupon whose id was deleted and made again."""
        world, made, gone = self.world, catalogue.LONG_AGO, catalogue.REMADE - 86400
        told = []
        names = [n for n in catalogue.AGAIN if n.startswith("LAUNCH")]
        for live in self.modes():
            owner = Customer("", 0, [], {}, live)
            for currency in sorted(world.gold):
                for kind, of in (("plan", self.plan), ("price", self.price)):
                    told += [(kind, of(name, owner, currency)) for name in ("gold_1", "gold_2")]
            if any(d.coupon in names for s in world.subscriptions for d in s.discounts):
                told += [("coupon", catalogue.coupon_row(n, world.currency, live)) for n in names]
        found = []
        for kind, row in told:
            steps = [("created", row["created"])]
            steps += [("deleted", gone)] if row["created"] == made else []
            for name, at in steps:
                id = self.event_id(kind, row["id"], row["livemode"], name, at)
                found.append(self.event(id, f"{kind}.{name}", at, row))
        return found

    def is_hidden(self, s):
        """Known by its events only, where these tell all that came of it."""
        as_it_was = s.ended_at is None and s.canceled_at is None and s.state is None
        return s.hidden and as_it_was and len(s.items) == 2 and len(s.trial_ends) == 1

    def tombstone(self, c):
        return {"id": c.id, "object": "customer", "deleted": True}

    def lists(self):
        """list name -> rows."""
        world, now = self.world, self.now
        seen = {
            name: [x for x in getattr(world, name) if x.created <= now]
            for name in "customers subscriptions invoices charges refunds disputes credit_notes".split()
        }
        products = [*catalogue.PRODUCTS, "prod_setup"]
        found = {
            "customers": [
                self.tombstone(c) if c.deleted else self.customer(c)
                for c in seen["customers"]
                if c.tombstone or not c.deleted
            ],
            "subscriptions": [
                self.subscription(s) for s in seen["subscriptions"] if not self.is_hidden(s)
            ],
            "invoices": [self.invoice(i) for i in seen["invoices"]],
            "charges": [self.charge(ch) for ch in seen["charges"]],
            "refunds": [self.refund(r) for r in seen["refunds"]],
            "disputes": [self.dispute(d) for d in seen["disputes"]],
            "credit_notes": [self.credit_note(n) for n in seen["credit_notes"]],
            "products": [catalogue.product_row(p, live) for live in self.modes() for p in products],
            "prices": self.price_list(),
            "coupons": self.coupon_list(),
            "events": self.events(),
        }
        found["subscription_items"] = [i for s in seen["subscriptions"] for i in self.items(s)]
        found["line_items"] = [li for i in seen["invoices"] for li in self.rest_of_lines(i)]
        found = {name: rows for name, rows in found.items() if rows or name not in PARTS}
        if not self.acacia:
            found["invoice_payments"] = [
                p for i in seen["invoices"] for p in self.invoice_payments(i)
            ]
        return found
