"""Accounts with their customers and users."""

from behaviour import Behaviour
from billing import Billing, Customer
from catalogue import CURRENCIES
from stories import Stories
from world import DAY, NO_IDS

SUFFIXES = ("com", "io", "dev", "de", "co.uk", "com")
FIRST = "amy ben cam dee eli flo gia hue ivy jan kai lou mia ned oda pat".split()
KINDS = {
    "company": 50,
    "explicit": 12,
    "split_domain": 6,
    "gmail": 9,
    "outlook": 4,
    "disposable": 2,
    "relay": 2,
    "no_email": 2,
    "broken_email": 1,
    "shop": 2,
    "idn": 2,
    "internal": 4,
    "agency": 3,
}


class People:
    """Makes the accounts of a company, one after the other."""

    def __init__(self, world):
        self.world, self.rng = world, world.rng
        self.billing = Billing(world)
        self.stories = Stories(world, self.billing)
        self.behaviour = Behaviour(world)
        self.agency = None
        self.explicit = []  # numbers of the accounts with an account id

    def accounts(self):
        """All accounts; a domain shared by explicit ids takes two of the number."""
        number = 0
        while number < self.world.accounts:
            kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
            kind = kind if self.world.wanted(kind, ("company",)) else "company"
            if kind == "split_domain":
                host = self.host(number)
                self.account(number, "explicit", host)
                shared = (
                    self.world.customers[-1]
                    if self.world.may("one_email_two_accounts", 0.3)
                    else None
                )
                self.account(number + 1, "explicit", host, shared and shared.emails[0][1])
                number += 1
            else:
                self.account(number, kind, self.host(number))
            number += 1
        self.behaviour.strangers()

    def host(self, number):
        words = "copper ivory salt moon rust velvet tin blue paper granite".split()
        return f"{self.rng.choice(words)}{number}.{self.rng.choice(SUFFIXES)}"

    def start(self):
        """t0 on the hour, sometimes exactly on the edge of maturity or of the split."""
        world = self.world
        edges = [world.as_of - world.horizon, world.as_of - world.horizon + 1]
        if world.split_at:
            edges += [world.split_at, world.split_at - world.horizon, world.split_at - 1]
        if world.may("t0_on_edge", 0.08):
            return self.rng.choice(edges)
        return world.as_of - self.rng.randrange(5, world.span) * DAY - self.rng.randrange(24) * 3600

    def address(self, kind, number, host, name):
        if kind in ("gmail", "outlook"):
            hosts = ["gmail.com", "googlemail.com"] if kind == "gmail" else ["outlook.com"]
            return f"{name}.{number}x@{self.rng.choice(hosts)}"
        hosts = {
            "disposable": "mailinator.com",
            "relay": "privaterelay.appleid.com",
            "shop": f"shop{number}.myshopify.com",
            "idn": f"bücher{number}.de",
            "internal": self.rng.choice([self.world.internal[-1], f"qa.{self.world.internal[0]}"]),
        }
        if kind in ("no_email", "broken_email"):
            return None if kind == "no_email" else f"not-an-address-{number}"
        return f"{name}{number}@{hosts.get(kind, host)}"

    def customer(self, email, created, number=None, **extra):
        world = self.world
        metadata = (
            {} if number is None else {self.rng.choice(world.keys or ["account_id"]): f"A{number}"}
        )
        if number is None and world.may("placeholder_id", 0.1):
            metadata = {key: self.rng.choice(NO_IDS) for key in world.keys or ["account_id"]}
        customer = Customer(
            world.new_id("cus"),
            created,
            [(0, email)],
            metadata,
            extra.pop("livemode", world.live),
            currency=world.currency,
            **extra,
        )
        customer.deleted = world.may("deleted_customer", 0.06)
        customer.tombstone = customer.deleted and world.may("tombstone", 0.5)
        world.customers.append(customer)
        return customer

    def account(self, number, kind, host, email=None):
        """One account: customers, trial, sequels, users."""
        world, rng = self.world, self.rng
        world.noted = [kind]
        t0 = self.start()
        name = rng.choice(FIRST)
        email = email or self.address(kind, number, host, name)
        explicit = number if kind == "explicit" else None
        extra = {}
        if world.may("other_mode", 0.05):
            extra["livemode"] = not world.live
        if world.may("test_clock", 0.04):
            extra["test_clock"] = world.new_id("clock")
        customer = self.customer(email, t0 - rng.choice([0, 1, 300, 9 * DAY]), explicit, **extra)
        if world.may("other_currency", 0.1):
            customer.currency = rng.choice(["usd", "eur", "jpy", "kwd"])
        if world.may("second_currency", 0.13):
            customer.price_currency = customer.currency
            others = [c for c in CURRENCIES if c != customer.currency]
            customer.currency = rng.choice(others)
        if kind == "agency":
            self.agency = f"pat@{host}"
        self.change_email(customer, kind, number, host, t0)
        if world.may("prior_payer", 0.08):
            self.earlier(customer, t0)
        if world.may("trial_on_running_subscription", 0.02):
            self.late_trial(customer, t0)
        elif world.may("no_trial", 0.06):
            if rng.random() < 0.6:
                self.stories.buy(customer, max(t0, customer.created), t0)
        else:
            self.stories.tell(customer, t0)
        people = self.users(kind, number, host, name, email, customer)
        if explicit is not None and world.may("late_identity_only", 0.15):
            return self.late_identity(customer, number, t0)
        self.second_customer(customer, kind, number, host, t0, people)
        if world.may("twin_in_other_mode", 0.03):
            twin = self.customer(email, t0 - DAY, explicit, livemode=not customer.livemode)
            self.stories.tell(twin, t0 - DAY)
        if world.may("manual_invoice", 0.05):
            line = self.billing.line("one_off", None, 1, 4900, t0, t0, None)
            at = t0 + rng.choice([DAY, 8 * DAY])
            self.billing.pay(self.billing.invoice(None, at, [line], "manual", customer), at + 9)
        self.behaviour.act(people, t0)
        world.notes[customer.id] = world.noted

    def late_identity(self, customer, number, t0):
        """The only user is known through a customer made at the landmark or later."""
        late, landmark = f"late.{number}@outlook.com", t0 + self.world.window
        at = self.rng.choice([landmark, landmark + 1, landmark + DAY])
        self.customer(late, at, number, livemode=customer.livemode)
        self.behaviour.event((late, None, None), t0 + 60, "report_shared")
        self.world.notes[customer.id] = self.world.noted

    def earlier(self, customer, t0):
        """A paid subscription that began before the trial, or pays at its very start."""
        rng = self.rng
        customer.created = min(customer.created, t0 - 40 * DAY)
        start = t0 - rng.choice([7, 35]) * DAY
        paid = rng.choice([t0, t0 - 1, t0 + 1, start + 5])
        sub = self.billing.subscribe(customer, start, self.stories.choice(customer, start))
        invoice = self.billing.invoice(sub, start, self.billing.lines(sub, start), wait=5)
        self.stories.settle(invoice, paid, t0)
        self.stories.cancel(sub, max(paid, t0 - rng.choice([0, 5]) * DAY))

    def late_trial(self, customer, t0):
        """A trial put on a subscription that has been paying."""
        customer.created = min(customer.created, t0 - 31 * DAY)
        sub = self.billing.subscribe(customer, t0 - 30 * DAY, [("basic_m", 1)])
        invoice = self.billing.invoice(
            sub, sub.created, self.billing.lines(sub, sub.created), wait=0
        )
        self.stories.settle(invoice, sub.created + 5, t0)
        sub.trial_start, sub.trial_ends = t0, [(t0, t0 + 14 * DAY)]
        self.stories.cycles(sub, t0 + 14 * DAY, t0)

    def change_email(self, customer, kind, number, host, t0):
        """Another address of the account at some time, told by an event or only by invoices."""
        if kind not in ("company", "gmail", "explicit") or not self.world.may("email_change", 0.15):
            return
        at = t0 + self.rng.choice([self.world.window // 2, self.world.window + DAY, 11 * DAY]) + 7
        new = [f"billing{number}@{host}", f"new.{number}y@gmail.com", f"owner@{number}-holding.com"]
        customer.emails.append((at, self.rng.choice(new)))
        customer.changes_listed = self.world.may("change_without_event", 0.3) is False
        if self.world.may("two_addresses_of_one_second", 0.4):
            pair = self.world.turn("addresses", "up", "down") == "up"
            customer.emails[-1:] = [(at, address) for address in (new[1:] if pair else new[:0:-1])]
            customer.changes_listed = True
            self.behaviour.event((customer.emails[-1][1], None, None), at + 60, "report_shared")
        if self.world.may("late_first_email", 0.3):
            customer.emails[0] = (0, None)

    def second_customer(self, customer, kind, number, host, t0, people):
        """Another customer of the account: same domain or same account id, perhaps a payer."""
        world, rng = self.world, self.rng
        chance = {"company": 0.15, "explicit": 0.5}.get(kind, 0)
        if not world.may("second_customer", chance) or not chance:
            return
        landmark = t0 + world.window
        at = rng.choice([t0 - DAY, t0, t0 + DAY, landmark, landmark + 1, landmark + 4 * DAY])
        email = f"second{number}@{host}"
        if kind == "explicit":
            email = rng.choice([email, *[f"second.{number}z@gmail.com"] * 3])
            if world.may("internal_second_customer", 0.2):
                email = f"ops{number}@{world.internal[0]}"
        second = self.customer(
            email, at, number if kind == "explicit" else None, livemode=customer.livemode
        )
        people.append((email, None, None))
        if at > t0 and world.may("event_before_customer", 0.7):
            self.behaviour.event(
                (email, None, None), rng.choice([t0, t0 + 1, at - 1]), "report_shared"
            )
        follow = rng.random()
        if follow < 0.35:
            edge = self.stories.target(t0)
            paid = edge if edge > at and rng.random() < 0.5 else None
            self.stories.buy(second, max(at, (paid or at) - 5), t0, paid)
        elif follow < 0.6:
            self.stories.tell(second, max(at, t0))

    def users(self, kind, number, host, name, email, customer):
        """[(e-mail, group, stripe customer id)] of the account's users."""
        world, rng = self.world, self.rng
        people = [(email, None, None)]
        if email and "@" in email:
            local, domain = email.split("@")
            same = [
                f" {local.upper()}@{domain}",
                f"{local}+beta@{domain}",
                f"{local}@{domain.upper()}",
            ]
            people += [(text, None, None) for text in rng.sample(same, rng.choice([0, 1, 2]))]
            if kind in ("company", "explicit", "shop", "idn", "agency"):
                people.append((f"{rng.choice(FIRST)}.colleague@{domain}", None, None))
                people.append((f"dev@eng.{domain}", None, None))
            if kind == "company" and world.may("user_on_free_mail", 0.2):
                people.append((f"{local}.home@gmail.com", None, None))
            if kind == "gmail":
                people.append((local.replace(".", "") + "@gmail.com", None, None))
        for _, changed in customer.emails[1:]:
            people.append((changed, None, None))
        if kind == "explicit":
            people.append(
                (rng.choice([None, email, f"anyone{number}@gmail.com"]), f"A{number}", None)
            )
            people.append((email, f"unknown{number}", None))
            if self.explicit and world.may("two_groups", 0.3):
                torn = (email, (f"A{number}", f"A{rng.choice(self.explicit)}"), None)
                people = [torn] if rng.random() < 0.4 else [*people, torn]
            self.explicit.append(number)
            if self.agency:
                people.append((self.agency, f"A{number}", None))
        if world.may("stripe_customer_id", 0.3):
            people.append((None, None, customer.id))
        return people
