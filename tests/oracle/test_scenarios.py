"""Small histories with known answers: one account, told by hand, judged in both shapes."""

import unittest

from reversals import Dispute
from scenario import END, LANDMARK, T0, W, Scenario
from world import DAY


class Payments(unittest.TestCase):
    def outcome(self, tell):
        """(exclusion, gross, net, converted) of one trial whose user comes on the first day."""
        world = Scenario()
        customer = world.customer("cus_1")
        sub = world.trial(customer)
        world.seen("amy@acme.com", T0 + 60)
        tell(world, sub)
        row = world.result()[sub.id]
        names = ("exclusion", "gross_converted_at", "net_converted_at", "converted")
        return tuple(row[name] for name in names)

    def early(self, at):
        def tell(world, sub):
            sub.trial_ends.append((at, at))
            world.paid(sub, at)

        return self.outcome(tell)

    def test_edges_of_the_horizon(self):
        self.assertEqual(
            self.early(LANDMARK), ("converted_before_landmark", LANDMARK, LANDMARK, True)
        )
        self.assertEqual(self.early(LANDMARK + 1), (None, LANDMARK + 1, LANDMARK + 1, True))
        at_end = self.outcome(lambda world, sub: world.paid(sub, END))
        self.assertEqual(at_end, (None, END, END, True))
        after = self.outcome(lambda world, sub: world.paid(sub, END + 1))
        self.assertEqual(after, (None, END + 1, END + 1, False))

    def test_payment_at_trial_start_is_a_prior_one(self):
        def tell(world, sub):
            old = world.billing.subscribe(sub.customer, T0 - 20 * DAY, [("basic_m", 1)])
            world.paid(old, T0, T0 - 20 * DAY)

        self.assertEqual(self.outcome(tell), ("prior_payer", None, None, False))

    def refunded(self, at, share=1.0, status="succeeded"):
        def tell(world, sub):
            invoice = world.paid(sub, T0 + 14 * DAY)
            charge = invoice.charges[0]
            world.reversals.refund(charge, int(charge.amount * share), at, status)

        return self.outcome(tell)[2]

    def test_refunds_count_to_the_end_of_the_horizon(self):
        paid = T0 + 14 * DAY
        self.assertIsNone(self.refunded(END))
        self.assertEqual(self.refunded(END + 1), paid)
        self.assertEqual(self.refunded(END, share=0.99), paid)
        for status in ("pending", "failed", "canceled"):
            self.assertEqual(self.refunded(END, status=status), paid)

    def test_half_refund_and_half_lost_dispute(self):
        def tell(world, sub, outcome="lost"):
            charge = world.paid(sub, T0 + 14 * DAY).charges[0]
            world.reversals.refund(charge, 950, END)
            world.disputes.append(Dispute("dp_1", charge, 950, END, outcome, END + 1))

        self.assertIsNone(self.outcome(tell)[2])
        won = self.outcome(lambda world, sub: tell(world, sub, "won"))
        self.assertEqual(won[2], T0 + 14 * DAY)

    def test_credit_notes(self):
        def tell(kind, outside):
            def story(world, sub):
                at = T0 + 14 * DAY
                lines = world.billing.lines(sub, at)
                invoice = world.billing.invoice(sub, at, lines, wait=0)
                pay = world.billing.pay_out_of_band if outside else world.billing.pay
                pay(invoice, at)
                extra = {"out_of_band": 1900} if kind != "balance" else {"to_balance": True}
                note = world.reversals.note(invoice, 1900, END, **extra)
                note.voided_at = END + 5 if kind == "void" else None

            return story

        self.assertIsNone(self.outcome(tell("issued", outside=True))[2])
        self.assertIsNone(self.outcome(tell("issued", outside=False))[2])
        self.assertEqual(self.outcome(tell("void", outside=True))[2], T0 + 14 * DAY)
        self.assertEqual(self.outcome(tell("balance", outside=False))[2], T0 + 14 * DAY)

    def test_refund_of_a_credit_note_counts_once(self):
        def tell(world, sub):
            invoice = world.paid(sub, T0 + 14 * DAY)
            refund = world.reversals.refund(invoice.charges[0], 950, END)
            world.reversals.note(invoice, 950, END, refund=refund)

        self.assertEqual(self.outcome(tell)[2], T0 + 14 * DAY)

    def test_no_cash_or_no_recurring_money(self):
        def balance(world, sub):
            invoice = world.billing.invoice(
                sub, T0 + 14 * DAY, world.billing.lines(sub, T0 + 14 * DAY)
            )
            invoice.balance = -1900
            world.billing.pay(invoice, T0 + 15 * DAY)

        def setup_fee(world, sub):
            line = world.billing.line("one_off", None, 1, 4900, T0 + DAY, T0 + DAY, sub)
            world.paid(sub, T0 + 14 * DAY, lines=[line])

        def paid_trial(world, sub):
            line = world.billing.line(
                "subscription", sub.items_at(T0)[0], 1, 500, T0, T0 + 14 * DAY, sub
            )
            world.paid(sub, T0 + 5, T0, [line])

        for tell in (balance, setup_fee, paid_trial):
            self.assertEqual(self.outcome(tell), (None, None, None, False), tell.__name__)


class Accounts(unittest.TestCase):
    def test_tau_is_the_creation_of_the_first_candidate(self):
        for created, exposed in ((LANDMARK, True), (LANDMARK + 1, False)):
            world = Scenario()
            first = world.customer("cus_1", metadata={"account_id": "7"})
            world.customer("cus_2", "bob.late@gmail.com", created, metadata={"account_id": "7"})
            sub = world.trial(first)
            world.seen("amy@acme.com", T0, "signed_in")
            world.seen("bob.late@gmail.com", T0 + 60)
            row = world.result()[sub.id]
            self.assertEqual(row["signal_at"], LANDMARK if exposed else None)
            self.assertIsNone(row["exclusion"])

    def test_later_and_better_candidate_does_not_undo_a_link(self):
        world = Scenario()
        sub = world.trial(world.customer("cus_1"))
        world.customer("cus_2", "bob@acme.com", LANDMARK + 1, metadata={"account_id": "9"})
        world.seen("bob@acme.com", T0 + 60)
        row = world.result()[sub.id]
        self.assertEqual((row["account"], row["signal_at"]), ("dom:acme.com", T0 + 60))

    def test_two_accounts_at_one_tier_link_nothing(self):
        world = Scenario()
        subs = [
            world.trial(world.customer(f"cus_{i}", f"u{i}@acme.com", metadata={"account_id": i}))
            for i in "12"
        ]
        world.seen("dev@acme.com", T0 + 60)
        world.seen("dev@acme.com", T0 + 90, group="2")
        rows = world.result()
        self.assertEqual([rows[s.id]["exclusion"] for s in subs], ["unmatched", None])
        self.assertEqual([rows[s.id]["signal_at"] for s in subs], [None, T0 + 90])

    def test_address_of_the_event_time_decides(self):
        world = Scenario()
        customer = world.customer("cus_1", "amy@gmail.com")
        customer.emails.append((T0 + DAY, "owner@outlook.com"))
        sub = world.trial(customer)
        world.seen("owner@outlook.com", T0 + 60)
        world.seen("owner@outlook.com", T0 + 2 * DAY)
        row = world.result()[sub.id]
        self.assertEqual((row["account"], row["signal_at"]), ("em:amy@gmail.com", T0 + 2 * DAY))

    def test_deleted_customer_is_known_from_its_invoices(self):
        world = Scenario()
        sub = world.trial(world.customer("cus_1", deleted=True))
        world.seen("bea@acme.com", T0 + W)
        row = world.result()[sub.id]
        self.assertEqual((row["account"], row["signal_at"]), ("dom:acme.com", LANDMARK))

    def test_rungs(self):
        world = Scenario()
        staff = world.trial(world.customer("cus_1", "qa@mail.reportly.dev"))
        clock = world.trial(world.customer("cus_2", "a@clock.com", test_clock="clock_1"))
        customer = world.customer("cus_3", "a@again.com")
        first, second = world.trial(customer), world.trial(customer, T0 + 20 * DAY)
        ended = world.trial(world.customer("cus_4", "a@ended.com"))
        ended.ended_at = ended.canceled_at = LANDMARK
        silent = world.trial(world.customer("cus_5", "a@silent.com"))
        world.seen("a@silent.com", LANDMARK + 1)
        young = world.trial(
            world.customer("cus_6", "a@young.com", T0 + 60 * DAY), T0 + 60 * DAY + 1
        )
        ripe = world.trial(world.customer("cus_7", "a@ripe.com", T0 + 60 * DAY), T0 + 60 * DAY)
        for email in ("a@again.com", "a@ended.com"):
            world.seen(email, T0)
        world.seen("a@ripe.com", T0 + 60 * DAY)
        rows = world.result()
        rungs = [
            rows[s.id]["exclusion"]
            for s in (staff, clock, first, second, ended, silent, young, ripe)
        ]
        self.assertEqual(
            rungs,
            [
                "internal",
                "test_mode",
                None,
                "retrial",
                "ended_before_landmark",
                "unmatched",
                "immature",
                None,
            ],
        )


class Mrr(unittest.TestCase):
    def mrr(self, tell):
        world = Scenario()
        sub = world.trial(world.customer("cus_1"))
        tell(world, sub)
        return world.result()[sub.id]["mrr_list_minor"]

    def test_prorations_do_not_add_up(self):
        at = T0 + 14 * DAY

        def switched(world, sub):
            old, fresh = sub.items_at(at)[0], type(sub.items_at(at)[0])("si_x", "plus_m", 1)
            fresh.id = old.id
            lines = world.billing.proration(sub, old, fresh, at - 5 * DAY, at + DAY)
            sub.items.append((at - 1, [fresh]))
            world.paid(sub, at, lines=lines + world.billing.lines(sub, at))

        def prorations_only(world, sub):
            old = sub.items_at(at)[0]
            fresh = type(old)(old.id, "plus_m", 1)
            world.paid(sub, at, lines=world.billing.proration(sub, old, fresh, at, at + 15 * DAY))

        self.assertEqual(self.mrr(switched), 5900)
        self.assertEqual(self.mrr(prorations_only), 5900)

    def test_second_currency(self):
        """Prices of one currency billed in another one: the line decides."""
        for options in (True, False):
            world = Scenario()
            world.options = options
            sub = world.trial(world.customer("cus_1", currency="eur", price_currency="usd"))
            world.paid(sub, T0 + 14 * DAY)
            tiered = world.customer("cus_2", "b@b.com", currency="eur", price_currency="usd")
            tiered = world.trial(tiered, choice=[("scale_volume", 6)])
            world.paid(tiered, T0 + 14 * DAY + 1)
            rows = world.result()
            self.assertEqual(rows[sub.id]["mrr_list_minor"], 1710)
            known = 6 * 720 + 1800 if options else None
            self.assertEqual(rows[tiered.id]["mrr_list_minor"], known)
            self.assertTrue(rows[tiered.id]["converted"])

    def test_currency_of_a_row(self):
        """That of the converting invoice if it came in time, else that of the subscription."""
        for paid, currency in ((END, "eur"), (END + 1, "usd")):
            world = Scenario()
            sub = world.trial(world.customer("cus_1"))
            world.paid(world.billing.subscribe(sub.customer, paid, [("plus_m", 1)]), paid, paid)
            world.invoices[-1].currency = "eur"
            self.assertEqual(world.result()[sub.id]["currency"], currency)


class Unknown(unittest.TestCase):
    """What lists that are cut leave open."""

    def trial(self, lines, extra=lambda world, sub: None, rest="none"):
        """Row of a trial whose first bill is of so many fees before the items."""
        world = Scenario()
        sub = world.trial(world.customer("cus_1"))
        sub.rest = rest
        world.seen("amy@acme.com", T0 + 60)
        fees = [world.billing.line("one_off", None, 1, 100, T0, T0, sub) for _ in range(lines)]
        at = T0 + 14 * DAY
        world.paid(sub, at, lines=fees + world.billing.lines(sub, at))
        extra(world, sub)
        return world.result()[sub.id]

    def facts(self, row):
        names = "exclusion converted gross_converted_at net_converted_at mrr_list_minor".split()
        return tuple(row[name] for name in names)

    def test_recurring_money_behind_the_page(self):
        at = T0 + 14 * DAY
        self.assertEqual(self.facts(self.trial(10)), (None, None, None, None, None))
        whole = self.trial(10, rest="all")
        self.assertEqual(self.facts(whole), (None, True, at, at, 1900))
        self.assertEqual(self.facts(self.trial(9)), (None, True, at, at, 1900))

    def test_what_else_is_known_still_counts(self):
        """A sure payment later in the horizon converts; only the time is not known."""

        def pays_again(world, sub):
            world.paid(sub, T0 + 20 * DAY, T0 + 20 * DAY)

        self.assertEqual(self.facts(self.trial(10, pays_again)), (None, True, None, None, None))

        def gone_back(world, sub):
            charge = world.invoices[-1].charges[0]
            world.reversals.refund(charge, charge.amount, T0 + 15 * DAY)

        self.assertEqual(self.facts(self.trial(10, gone_back)), (None, False, None, None, None))

    def test_money_on_the_page_is_enough(self):
        def fees_behind(world, sub):
            invoice = world.invoices[-1]
            invoice.lines = invoice.lines[::-1]

        at = T0 + 14 * DAY
        self.assertEqual(self.facts(self.trial(10, fees_behind)), (None, True, at, at, None))


if __name__ == "__main__":
    unittest.main()
