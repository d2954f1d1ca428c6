"""Invoices with their lines and payments in both API shapes."""

from fractions import Fraction

import catalogue
from render import PAGE, Render

NO_TAX = {
    "disabled_reason": None,
    "enabled": False,
    "liability": None,
    "provider": None,
    "status": None,
}


class InvoiceRender(Render):
    """Adds invoices."""

    def line(self, li, invoice):
        c, currency = invoice.customer, invoice.currency
        price = self.price(li.price, c, currency)
        unit = self.unit(li, price, currency)
        row = {
            "id": li.id,
            "object": "line_item",
            "amount": li.amount,
            "currency": currency,
            "description": f"{li.quantity} × {price['product']}",
            "discount_amounts": [{"amount": a, "discount": d} for d, a in li.discounts.items()],
            "discountable": li.kind != "proration",
            "discounts": list(li.discounts),
            "invoice": invoice.id,
            "livemode": c.livemode,
            "metadata": {},
            "period": {"start": li.start, "end": li.end},
            "pretax_credit_amounts": [
                {"amount": a, "discount": d, "type": "discount"} for d, a in li.discounts.items()
            ],
            "quantity": li.quantity,
        }
        return row | (
            self.old_line(li, price, invoice, unit)
            if self.acacia
            else self.new_line(li, price, unit)
        )

    def unit(self, li, price, currency):
        """Unit amount that the line states; that of a proration is its amount again."""
        if li.kind == "proration" and li.quantity:
            share = catalogue.decimal(abs(Fraction(li.amount, li.quantity)))
            return f"-{share}" if li.amount < 0 else share
        if price["currency"] != currency:
            return catalogue.unit_text(li.price, True)
        return price["unit_amount_decimal"]

    def old_line(self, li, price, invoice, unit):
        tax = [{"amount": li.inclusive_tax, "inclusive": True, "tax_rate": "txr_1"}]
        return {
            "price": price,
            "plan": self.plan(li.price, invoice.customer, invoice.currency),
            "type": "subscription" if li.kind == "subscription" else "invoiceitem",
            "subscription": li.subscription,
            "proration": li.kind == "proration",
            "proration_details": {"credited_items": None},
            "subscription_item": li.item,
            "tax_amounts": tax if li.inclusive_tax else [],
            "tax_rates": [],
            "amount_excluding_tax": li.amount,
            "unit_amount_excluding_tax": unit,
        }

    def new_line(self, li, price, unit):
        details = {"proration_details": {"credited_items": None}, "subscription": li.subscription}
        item = invoice_item = None
        if li.kind == "subscription" or (li.kind == "proration" and li.id[-1] in "02468"):
            item = {"invoice_item": None, "proration": li.kind == "proration", **details}
            item["subscription_item"] = li.item
        else:
            invoice_item = {
                "invoice_item": f"ii_{li.id[3:]}",
                "proration": li.kind == "proration",
                **details,
            }
        tax = {"amount": li.inclusive_tax, "tax_behavior": "inclusive", "type": "tax_rate_details"}
        return {
            "parent": {
                "invoice_item_details": invoice_item,
                "subscription_item_details": item,
                "type": "subscription_item_details" if item else "invoice_item_details",
            },
            "pricing": {
                "price_details": {"price": price["id"], "product": price["product"]},
                "type": "price_details",
                "unit_amount_decimal": unit,
            },
            "taxes": [tax] if li.inclusive_tax else [],
        }

    def invoice(self, i):
        c, sub = i.customer, i.subscription
        final, paid = self.by_now(i.finalized_at), self.by_now(i.paid_at)
        voided, lost = self.by_now(i.voided_at), self.by_now(i.uncollectible_at)
        status = "paid" if paid else "void" if voided else "uncollectible" if lost else "open"
        status = status if final else "draft"
        card = i.due if paid and not i.out_of_band else 0
        in_cash = i.due if paid else 0
        amount_paid = card if self.acacia else in_cash
        discounts = [self.discount(d, c, i.currency) for d in i.discounts]
        after = 0 if paid or not i.balance else i.balance
        row = {
            "id": i.id,
            "object": "invoice",
            "account_country": "US",
            "account_name": "Flowdeck Inc",
            "account_tax_ids": None,
            "amount_due": i.due,
            "amount_paid": amount_paid,
            "amount_remaining": i.due - amount_paid,
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 1 if i.charges else 0,
            "attempted": bool(i.charges),
            "auto_advance": False,
            "automatic_tax": NO_TAX,
            "automatically_finalizes_at": None,
            "billing_reason": i.reason,
            "collection_method": i.collection,
            "created": i.created,
            "currency": i.currency,
            "custom_fields": None,
            "customer": c.id,
            "customer_address": None,
            "customer_email": c.email_at(final or self.now),
            "customer_name": f"Customer {c.id[4:]}",
            "customer_phone": None,
            "customer_shipping": None,
            "customer_tax_exempt": "none",
            "customer_tax_ids": [],
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": discounts,
            "due_date": i.created + 30 * 86400 if i.collection == "send_invoice" else None,
            "effective_at": final,
            "ending_balance": i.total if i.carried else after,
            "footer": None,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "lines": {
                "object": "list",
                "data": [self.line(li, i) for li in i.lines[:PAGE]],
                "has_more": len(i.lines) > PAGE,
                "url": f"/v1/invoices/{i.id}/lines",
            },
            "livemode": c.livemode,
            "metadata": {},
            "next_payment_attempt": None,
            "number": i.id[3:] if final else None,
            "on_behalf_of": None,
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": max([li.end for li in i.lines], default=i.created),
            "period_start": min([li.start for li in i.lines], default=i.created),
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": i.credited,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": i.balance,
            "statement_descriptor": None,
            "status": status,
            "status_transitions": {
                "finalized_at": final,
                "marked_uncollectible_at": lost,
                "paid_at": paid,
                "voided_at": voided,
            },
            "subtotal": i.subtotal,
            "subtotal_excluding_tax": i.subtotal,
            "test_clock": c.test_clock,
            "threshold_reason": None,
            "total": i.total,
            "total_discount_amounts": [
                {"amount": a, "discount": d} for li in i.lines for d, a in li.discounts.items()
            ],
            "total_excluding_tax": i.total - i.tax,
            "total_pretax_credit_amounts": [],
            "webhooks_delivered_at": i.created,
        }
        return row | (
            self.old_invoice(i, paid, discounts) if self.acacia else self.new_invoice(i, sub)
        )

    def old_invoice(self, i, paid, discounts):
        done = [ch for ch in i.charges if ch.created <= self.now]
        last = done[-1] if done else None
        return {
            "subscription": i.subscription and i.subscription.id,
            "subscription_details": {"metadata": {}},
            "quote": None,
            "charge": last and last.id,
            "payment_intent": last and last.intent,
            "paid": paid is not None,
            "paid_out_of_band": bool(paid and i.out_of_band),
            "tax": i.tax or None,
            "total_tax_amounts": [],
            "application_fee_amount": None,
            "discount": discounts[0] if discounts else None,
            "transfer_data": None,
        }

    def new_invoice(self, i, sub):
        details = {"metadata": {}, "subscription": sub.id} if sub else None
        parent = {
            "quote_details": None,
            "subscription_details": details,
            "type": "subscription_details",
        }
        again = i.again and self.by_now(i.again.created)
        over = {"amount_overpaid": i.again.amount if again else 0}
        return over | {"parent": parent if sub else None, "total_taxes": []}

    def rest_of_lines(self, i):
        """Lines that land beside a list that is cut: all pages, a part of the rest, or none."""
        rest = i.subscription.rest if i.subscription else "all"
        if len(i.lines) <= PAGE or rest == "none":
            return []
        lines = i.lines if rest == "all" else i.lines[PAGE:-1]
        return [self.line(li, i) for li in lines]

    def invoice_payments(self, i):
        """One row per payment intent (or bare charge); a record for money from outside."""
        rows, ways = [], {}
        for ch in i.charges:
            if ch.created <= self.now:
                way = {"payment_intent": ch.intent, "type": "payment_intent"}
                if not ch.intent:
                    way = {"charge": ch.id, "type": "charge"}
                ways[ch.intent or ch.id] = (way, ch)
        paid = self.by_now(i.paid_at)
        if i.again and i.again.created <= self.now:
            ways["again"] = ({"payment_intent": i.again.intent, "type": "payment_intent"}, i.again)
        if i.out_of_band and paid:
            ways["record"] = ({"payment_record": f"pr_{i.id[3:]}", "type": "payment_record"}, None)
        for number, (way, ch) in enumerate(ways.values()):
            at = ch.created if ch else paid
            money = (0 if ch.failed or ch is i.again else ch.amount) if ch else i.due
            rows.append(
                {
                    "id": f"inpay_{i.id[3:]}_{number}",
                    "object": "invoice_payment",
                    "amount_paid": money,
                    "amount_requested": ch.amount if ch else i.due,
                    "created": at,
                    "currency": i.currency,
                    "invoice": i.id,
                    "is_default": number == len(ways) - (2 if "again" in ways else 1),
                    "livemode": i.customer.livemode,
                    "payment": way,
                    "status": "open" if ch and ch.failed else "paid",
                    "status_transitions": {
                        "canceled_at": None,
                        "paid_at": None if ch and ch.failed else at,
                    },
                }
            )
        return rows
