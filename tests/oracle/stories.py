"""What happens to one account's trial: from its start to payment, cancellation or nothing."""

import catalogue
from billing import HOUR
from reversals import Reversals
from world import DAY


class Stories:
    """Random trial stories told with the facts of `billing`."""

    def __init__(self, world, billing):
        self.world, self.billing, self.rng = world, billing, world.rng
        self.reversals = Reversals(world, billing)

    def end(self, t0):
        return t0 + self.world.horizon

    def choice(self, customer, at):
        """[(price, quantity)] of a new subscription."""
        world, rng = self.world, self.rng
        if not customer.abroad and world.may("plan_again", 0.07):
            world.gold.add(customer.currency)
            return [("gold_1" if at < catalogue.REMADE else "gold_2", 1)]
        if world.may("many_items", 0.08):
            return [("basic_m", 1), *((name, 1) for name in catalogue.ADDONS)]
        if world.may("metered_only", 0.05):
            return [("usage", 1)]
        if world.may("tiny_price", 0.03):
            return [("tiny_m", 1)]
        if world.may("free_plan", 0.03):
            return [("free_m", 1)]
        if world.may("seats", 0.7 if customer.abroad else 0.22):
            # The rounded amount of an old line abroad does not tell a fraction of a unit.
            abroad = ("scale_volume", "scale_packs", "scale_graded", "team_seat")
            seats = (
                world.turn("abroad", *abroad) if customer.abroad else rng.choice(catalogue.SEATS)
            )
            return [(seats, rng.choice([0, 1, 3, 5, 6, 10, 20, 21, 33]))]
        main = [(rng.choice(catalogue.PLAIN), 1)]
        if main[0][0].endswith("_m") and world.may("several_items", 0.15):
            main.append(rng.choice([("team_seat", 4), ("usage", 1), ("scale_packs", 25)]))
        return main

    def trial(self, customer, t0, days=None):
        """Subscription in trial with its 0.00 invoice; returns the subscription."""
        world, rng = self.world, self.rng
        days = days or rng.choice([world.trial_days, world.trial_days, 7, 14, 30])
        launch = world.may("coupon_again", 0.08)
        choice = [(rng.choice(catalogue.PLAIN), 1)] if launch else self.choice(customer, t0)
        sub = self.subscribe(customer, t0, choice, days * DAY)
        if launch:
            making = "1" if t0 < catalogue.REMADE else "2"
            coupon = world.turn(f"coupon_{making}", "WELCOME", "LAUNCH")
            self.billing.discount(sub, f"{coupon}_{making}", t0)
        elif world.may("one_second", 0.09):
            self.burst(sub, t0)
        elif world.may("coupon", 0.25):
            coupon = rng.choice(catalogue.ORDINARY)
            if coupon == "ONCE3" and world.may("coupon_on_item", 0.5):
                coupon = "FOREVER20"
            item = sub.items[0][1][0] if world.may("item_coupon", 0.2) else None
            self.billing.discount(sub, coupon, t0, item)
            if world.may("second_coupon", 0.2):
                self.billing.discount(sub, rng.choice(["FOREVER12", "REPEAT50"]), t0)
            if world.may("stacked_amount_coupon", 0.4):
                self.billing.discount(sub, "FOREVER5", t0)
        if not sub.burst:
            self._trial_invoice(sub, t0)
        return sub

    def subscribe(self, customer, at, choice, trial=0):
        sub = self.billing.subscribe(customer, at, choice, trial)
        if len(choice) > 10:
            sub.rest = self.world.turn("rest", "all", "none", "some")
        return sub

    def burst(self, sub, t0):
        """Two or three changes of plan and a notice in one second of the trial; no trial invoice.

        The product is then that of the item, so the order of the events shows.
        """
        last = min(sub.trial_end(t0), self.world.as_of) - 1
        if last < t0 + HOUR:
            return
        at = self.rng.randrange(t0 + 60, last)
        names = self.rng.sample(["basic_m", "plus_m", "team_seat"], 3)[: self.rng.choice([2, 3])]
        own = sub.items[0][1][0]
        sub.burst = [[type(own)(own.id, name, 1)] for name in names]
        sub.items = [(0, sub.burst[0]), (at, sub.burst[-1])]
        sub.hidden = self.world.turn("burst", "hidden", "shown", "hidden") == "hidden"

    def _trial_invoice(self, sub, t0):
        world, billing = self.world, self.billing
        end = sub.trial_end(t0)
        paid_trial = world.may("paid_trial", 0.05) and sub.rest == "all"
        if world.may("no_trial_invoice", 0.15) and not paid_trial:
            return
        lines = [
            billing.line(
                "subscription", item, item.quantity, 500 if paid_trial else 0, t0, end, sub
            )
            for item in sub.items_at(t0)
        ]
        if world.may("setup_fee", 0.06):
            own = sub if self.rng.random() < 0.5 else None
            lines.insert(
                self.rng.choice([0, 1]), billing.line("one_off", None, 1, 4900, t0, t0, own)
            )
        if paid_trial:
            sub.paid_trial = True
        reason = self.rng.choice(["subscription_create", "subscription"])
        invoice = billing.invoice(sub, t0, lines, reason, wait=0)
        billing.pay(invoice, t0)

    def switch_plan(self, sub, at, lines_into=None, end=None, dearer=False):
        """New price or quantity from `at`; the proration lines go into the given list."""
        old = sub.items_at(at)[0]
        fresh = type(old)(old.id, old.price, old.quantity, old.discounts)
        if catalogue.is_metered(old.price):
            return
        if old.price in catalogue.SEATS and self.rng.random() < 0.6:
            fresh.quantity = old.quantity + self.rng.choice([1, 4, 15])
        else:
            fresh.price = self.rng.choice(
                [p for p in ("plus_m", "basic_m", "team_seat") if p != old.price]
            )
            fresh.quantity = 1
        if dearer and old.price in catalogue.SEATS:
            fresh.price, fresh.quantity = old.price, old.quantity + 40
        elif dearer:
            fresh.price, fresh.quantity = "team_seat", 60
        if lines_into is not None:
            lines_into += self.billing.proration(sub, old, fresh, at, end)
        sub.items.append((at, [fresh, *sub.items_at(at)[1:]]))

    def cancel(self, sub, at, reason="cancellation_requested", decided=None):
        sub.ended_at, sub.canceled_at = at, decided or at
        sub.reason = reason
        sub.scheduled_cancel = bool(decided and decided < at)

    def target(self, t0):
        """A boundary at which a payment shall fall."""
        landmark, end = t0 + self.world.window, self.end(t0)
        return self.rng.choice(
            [t0 + 60, landmark - 1, landmark, landmark + 1, end - 1, end, end + 1]
        )

    def tell(self, customer, t0):
        """A whole trial with its sequel; returns the subscription."""
        sub = self.trial(customer, t0)
        endings = {
            self.pays: 8,
            self.pays_at_boundary: 4,
            self.cancels: 4,
            self.never_pays: 3,
            self.extended: 2,
            self.switches: 3,
            self.invoiced: 2,
            self.credit: 1,
            self.paused: 1,
            self.expires: 1,
            self.quits_and_returns: 3,
        }
        ending = self.rng.choices(list(endings), list(endings.values()))[0]
        if self.world.may("upgrades", 0.04) and not any(
            d.coupon in catalogue.AGAIN for d in sub.discounts
        ):
            ending = self.upgrades
        if sub.burst and ending not in (self.pays, self.cancels):
            ending = self.never_pays
        if sub.hidden:
            ending = self.silent
        if sub.customer.abroad and self.rng.random() < 0.8 and not sub.hidden:
            ending = self.pays
        if len(sub.items[0][1]) > 10 or any(d.coupon in catalogue.AGAIN for d in sub.discounts):
            ending = self.pays
        if not self.world.wanted(ending.__name__, ("pays", "pays_at_boundary", "cancels")):
            ending = self.pays
        self.world.noted.append(ending.__name__)
        ending(sub, t0)
        return sub

    def settle(self, invoice, at, t0, failed=()):
        """Pays an invoice, by card or outside, and perhaps reverses it."""
        if self.world.may("out_of_band", 0.06):
            self.billing.pay_out_of_band(invoice, max(at, invoice.finalized_at or at))
        else:
            self.billing.pay(invoice, at, [moment for moment in failed if moment < at])
        charged = invoice.paid_at and invoice.charges and not invoice.out_of_band
        if charged and self.world.may("overpaid", 0.045):
            self.reversals.second_payment(invoice, self.end(t0))
        elif invoice.paid_at and self.world.may("reversal", 0.3):
            self.reversals.add(invoice, self.end(t0))
        return invoice

    def cycles(self, sub, start, t0, first_paid_at=None, failed=()):
        """Bills from `start` on, up to four periods; the first as told, the others at once."""
        paid_at, extra = first_paid_at, []
        for cycle in range(4):
            if sub.ended_at is not None and start >= sub.ended_at or start > self.world.listed_at:
                return
            lines = extra + self.billing.lines(sub, start)
            if self.world.may("fee_on_bill", 0.08):
                lines.append(self.billing.line("one_off", None, 1, 4900, start, start, sub))
            wait = HOUR if paid_at is None else max(0, min(HOUR, paid_at - start))
            invoice = self.billing.invoice(sub, start, lines, wait=wait)
            if 0 < invoice.total <= 40 and invoice.currency in ("usd", "eur"):
                invoice.carried = True
            self.settle(invoice, paid_at or invoice.finalized_at, t0, failed)
            length = min(catalogue.seconds(i.price) for i in sub.items_at(start))
            extra, paid_at, failed = [], None, ()
            later = start + length
            # Credits on a page that is cut could leave open whether there was recurring money.
            if cycle < 2 and self.world.may("switch_after_trial", 0.12) and sub.rest == "all":
                self.switch_plan(sub, start + length // 3, extra, later)
            start = later

    def pays(self, sub, t0):
        end = sub.trial_end(t0)
        if self.world.may("dunning", 0.3):
            tries = [end + HOUR, end + 3 * DAY]
            self.cycles(sub, end, t0, end + self.rng.choice([3, 5, 9, 16]) * DAY + 5, tries)
        else:
            self.cycles(sub, end, t0)
        if self.world.may("leaves_later", 0.2):
            self.cancel(sub, end + self.rng.choice([DAY, 10 * DAY, 40 * DAY]))

    def pays_at_boundary(self, sub, t0):
        at, end = self.target(t0), sub.trial_end(t0)
        if at < end:
            if getattr(sub, "paid_trial", False) and not self.world.may(
                "paid_trial_ended_early", 1
            ):
                return
            start = at - self.rng.choice([0, 5])
            sub.trial_ends.append((start, start))
            self.cycles(sub, start, t0, at)
        else:
            self.cycles(sub, end, t0, at, [end + HOUR])

    def cancels(self, sub, t0):
        landmark, end = t0 + self.world.window, sub.trial_end(t0)
        inside = [landmark - 1, landmark, landmark + 1, t0 + DAY // 2, t0 + 5 * DAY]
        at = self.rng.choice([moment for moment in inside if moment < end] or [end])
        decided = None
        if self.rng.random() < 0.4:
            decided, at = at, end
        self.cancel(sub, at, decided=decided)

    def never_pays(self, sub, t0):
        end = sub.trial_end(t0)
        lines = self.billing.lines(sub, end)
        fate = self.rng.choice(["open", "open", "void", "uncollectible", "late", "draft", "gone"])
        self.world.noted.append(fate)
        if fate == "gone":
            return self.cancel(sub, end)
        invoice = self.billing.invoice(sub, end, lines, wait=None if fate == "draft" else HOUR)
        if fate == "void":
            invoice.voided_at = end + 2 * DAY
        elif fate in ("uncollectible", "late"):
            invoice.uncollectible_at = end + 4 * DAY
            if fate == "late":
                self.settle(invoice, end + self.rng.choice([5, 12, 20]) * DAY, t0)
        if fate != "late" and self.rng.random() < 0.5:
            self.cancel(sub, end + 8 * DAY, "payment_failed")
        elif fate in ("open", "void") and self.world.may("pays_by_upgrade", 0.7):
            # Prorations do not show the share of a coupon of which no version of its day is known.
            if not any(d.coupon in catalogue.AGAIN for d in sub.discounts):
                self.upgrade_now(sub, end + 5 * DAY, t0)

    def silent(self, sub, t0):
        """Nothing comes after the events of the trial."""

    def upgrades(self, sub, t0):
        """The first bill is never paid, the prorations of a change of plan are."""
        end = sub.trial_end(t0)
        self.billing.invoice(sub, end, self.billing.lines(sub, end)).voided_at = end + 4 * DAY
        self.upgrade_now(sub, end + 5 * DAY, t0, prorations=True)

    def upgrade_now(self, sub, at, t0, prorations=False):
        """Immediate invoice of a switch: prorations only, or a full line of another interval."""
        lines, old = [], sub.items_at(at)[0]
        start = sub.trial_end(at)
        end = start + catalogue.seconds(old.price)
        if not start <= at < end:
            return
        if self.rng.random() < 0.5 or prorations:
            self.switch_plan(sub, at, lines, end, dearer=prorations)
        elif not catalogue.is_metered(old.price):
            fresh = type(old)(old.id, "plus_y", 1, old.discounts)
            lines.append(self.billing.proration(sub, old, old, at, end)[0])
            sub.items.append((at, [fresh, *sub.items_at(at)[1:]]))
            lines += self.billing.lines(sub, at, [fresh])
        if lines:
            invoice = self.billing.invoice(sub, at, lines, "subscription_update", wait=0)
            self.settle(invoice, at, t0)

    def extended(self, sub, t0):
        end = sub.trial_end(t0)
        later = end + self.rng.choice([3, 7, 20]) * DAY
        sub.trial_ends.append((end - DAY, later))
        self.cycles(sub, later, t0)

    def switches(self, sub, t0):
        """Plan switch during the trial; its worthless proration lines come with the first bill."""
        end, lines = sub.trial_end(t0), []
        at = t0 + self.rng.choice([HOUR, DAY, 4 * DAY])
        self.switch_plan(sub, at, lines, None)
        for line in lines:
            line.end = end
        invoice = self.billing.invoice(sub, end, lines + self.billing.lines(sub, end))
        self.settle(invoice, invoice.finalized_at, t0)

    def invoiced(self, sub, t0):
        """send_invoice: paid by transfer weeks later, or never."""
        sub.collection = "send_invoice"
        end = sub.trial_end(t0)
        invoice = self.billing.invoice(sub, end, self.billing.lines(sub, end))
        if self.world.may("credit_note_before_payment", 0.15) and invoice.total > 1:
            invoice.credited = invoice.total // 4
            extra = {"kind": "pre_payment"}
            self.reversals.note(invoice, invoice.credited, end + 2 * HOUR, **extra)
        if self.rng.random() < 0.8:
            self.settle(invoice, end + self.rng.choice([2, 10, 30]) * DAY, t0)

    def credit(self, sub, t0):
        """Customer balance covers all or a part of the first bill."""
        end = sub.trial_end(t0)
        invoice = self.billing.invoice(sub, end, self.billing.lines(sub, end))
        invoice.balance = -max(invoice.total, 0) // self.rng.choice([1, 2])
        self.settle(invoice, invoice.finalized_at, t0)

    def paused(self, sub, t0):
        sub.state = "paused"

    def expires(self, sub, t0):
        sub.state = self.rng.choice(["incomplete_expired", "incomplete_expired", "incomplete"])

    def quits_and_returns(self, sub, t0):
        """Cancels, then buys under a new id, perhaps with another trial or currency."""
        world = self.world
        self.cancels(sub, t0)
        again = sub.ended_at + self.rng.choice([-DAY, 1, DAY, 6 * DAY])
        again = max(again, t0 + 1)
        if world.may("second_one_expires", 0.15):
            start = t0 + world.window - self.rng.choice([HOUR, 22 * HOUR, 23 * HOUR])
            again = self.buy(sub.customer, start, t0, expires=True).created + DAY
        if world.may("retrial", 0.35):
            second = self.trial(sub.customer, again)
            self.cycles(second, second.trial_end(again), t0)
        else:
            self.buy(sub.customer, again, t0)

    def buy(self, customer, at, t0, paid_at=None, expires=False):
        """Subscription without a trial, billed at once."""
        sub = self.subscribe(customer, at, self.choice(customer, at))
        if self.world.may("first_payment_left_open", 0.1) or expires:
            sub.state = "incomplete_expired"
            lines = self.billing.lines(sub, at)
            invoice = self.billing.invoice(sub, at, lines, "subscription_create", wait=0)
            invoice.voided_at = at + 23 * HOUR
        else:
            self.cycles(sub, at, t0, paid_at or at + 5)
        return sub
