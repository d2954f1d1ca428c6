"""One random company: settings, the facts of its Stripe account, its product events."""

import random

DAY = 86400
# Cases the law settles, drawn by default; those it leaves open need --open.
OPEN = frozenset(
    "billing_email inclusive_tax internal_second_customer late_first_email low_confidence_links"
    " paid_trial_ended_early same_second_payments stacked_amount_coupon stripe_customer_id"
    " two_addresses".split()
)

# Cases that come at least once in so many draws as their chance says, and a half: in companies of
# 30 accounts each of them is there.
STEADY = frozenset(
    "coupon_again deleted_customer email_change many_items one_second overpaid plan_again"
    " second_currency tombstone two_addresses_of_one_second upgrades".split()
)
# What programs write in place of an id.
NO_IDS = ("undefined", "null", "None", "[object Object]", "0", "-", "(not set)", "Anonymous", "")


class World:
    """Settings and facts. `may` draws the nasty cases and notes which account got them."""

    def __init__(self, seed, accounts, allowed=None, without=frozenset(), open_cases=False):
        self.rng = random.Random(seed)
        self.seed, self.accounts = seed, accounts
        self.allowed, self.without, self.open_cases = allowed, without, open_cases
        self.serial = 0
        self.missed = {}  # draws of a steady case since it came
        self.turns = {}
        self.paid_times = set()
        self.noted = []
        self.notes = {}
        self.customers, self.subscriptions, self.invoices, self.charges = [], [], [], []
        self.refunds, self.disputes, self.credit_notes = [], [], []
        self.product_events = []
        self.gold = set()  # currencies of the plan that was made again
        self._settings()

    def _settings(self):
        rng = self.rng
        self.as_of = 1764547200 + rng.randrange(0, 200) * 3600
        self.window = rng.choice([1, 2, 3, 3, 7]) * DAY
        self.horizon = rng.choice([14, 21, 30, 30, 45]) * DAY
        self.live = not self.may("mode_test", 0.15)
        self.listed_at = self.as_of + (25 * DAY if self.may("lists_after_as_of", 0.2) else 0)
        self.free = ["gmail.com", "googlemail.com", "outlook.com"]
        self.internal = (
            ["reportly.dev"] if rng.random() < 0.8 else ["reportly.dev", "flowdeck.co.uk"]
        )
        self.keys = rng.choice([None, ["account_id"], ["account_id"], ["tenant", "account_id"]])
        self.currency = rng.choice(["usd", "usd", "eur", "jpy", "kwd"])
        self.trial_days = rng.choice([7, 14, 14, 30])
        # Are prices listed with what they cost elsewhere? Of two companies, one's are.
        self.options = self.may("currency_options", 1) and self.seed % 2 == 1
        self.effect = self.may("effect", 0.35)  # do users who share a report pay more?
        self.span = rng.choice([130, 260])  # days of trial starts
        self.split_at = None
        if rng.random() < 0.5:
            self.split_at = self.as_of - self.horizon - rng.randrange(0, self.span // 3) * DAY

    def may(self, case, chance):
        """Draws a case; always consumes one number, so that switching cases off keeps the rest."""
        missed = self.missed.get(case, 0)
        hit = self.rng.random() < chance or case in STEADY and missed >= 1.5 / chance - 1
        self.missed[case] = 0 if hit else missed + 1
        listed = self.allowed is None or case in self.allowed
        if case in OPEN and not self.open_cases or case in self.without or not listed:
            return False
        if hit:
            self.noted.append(case)
        return hit

    def turn(self, case, *choices):
        """One of the choices, each in its turn, so that few companies have them all."""
        number = self.turns.get(case, 2 * self.seed)
        self.turns[case] = number + 1
        self.noted.append(f"{case}_{choices[number % len(choices)]}")
        return choices[number % len(choices)]

    def wanted(self, case, plain):
        """Is a kind of account or of story switched on? The plain ones always are with --only."""
        return case not in self.without and (
            self.allowed is None or case in self.allowed or case in plain
        )

    def new_id(self, prefix):
        self.serial += 1
        return f"{prefix}_S{self.seed}N{self.serial:05d}"

    def paid_time(self, at):
        """Payment time, moved on until no other payment of the company has it."""
        if self.may("same_second_payments", 0.1):
            return at
        while at in self.paid_times:
            at += 1
        self.paid_times.add(at)
        return at

    def config(self):
        """config.json of the company."""
        rng = self.rng
        small = rng.random() < 0.6
        config = {
            "as_of": self.as_of,
            "mode": "live" if self.live else "test",
            "internal_domains": self.internal,
            "free_mail_domains": self.free,
            "hypothesis": {
                "id": f"seed_{self.seed}",
                "statement": "trialists who share a report early pay within the horizon",
                "unit": "account",
                "event": "report_shared",
                "window_seconds": self.window,
                "horizon_seconds": self.horizon,
                "min_identity_confidence": 0.9 if self.may("low_confidence_links", 0.3) else 0.7,
            },
            "strata": "product of the first recurring line of the trial invoice",
            "min_oos_n": rng.choice([3, 20]),
            "gates": {
                "min_arm": rng.choice([2, 4]) if small else 20,
                "min_events": 3 if small else 10,
                "min_oos_arm": rng.choice([1, 2]) if small else 10,
            },
        }
        if self.split_at is not None:
            config["split_at"] = self.split_at
        if rng.random() < 0.6:
            config["delta_min"] = rng.choice([0.05, 0.1, 0.3, None])
        if self.keys is not None:
            config["account_metadata_keys"] = self.keys
        return config
