"""Customers with their e-mail history, account keys and event links (law B.4, D.4, D.5)."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timezone

from mail import company_domain, email_canon, email_norm
from stripe_lists import ident

GROUP, NORM, CANON, DOMAIN = 1.0, 0.95, 0.90, 0.70
NO_IDS = frozenset(
    "undefined null none nil nan na n/a anonymous guest unknown true false id email -1".split()
) | {"not set", "object object"}


def identifier(value):
    """The value as text; None where programs write it in place of an id."""
    text = "" if value is None else str(value)
    bare = text.strip().lower().strip("\"'[](){}<>")
    letters = {c for c in bare if c.isalnum()}
    is_word = bare in NO_IDS or bare.replace("_", " ").replace("-", " ") in NO_IDS
    return None if is_word or letters <= {"0"} else text


@dataclass
class Customer:
    """A Stripe customer, listed or known only from its invoices and subscriptions."""

    id: str
    created: int
    livemode: bool
    test_clock: bool
    account_id: str | None
    history: list  # (time, rank, email_norm), ascending
    account: str = ""

    @property
    def first_email(self):
        return self.history[0][2] if self.history else None

    def email_at(self, at):
        """Nearest earlier address; before the first evidence the earliest known one."""
        position = bisect_right(self.history, (at, 9))
        return self.history[max(position - 1, 0)][2] if self.history else None


def email_evidence(data):
    """customer id -> sorted (time, rank, email_norm) from invoices and customer.updated events."""
    found = {}
    for invoice in data.invoices.values():
        if invoice.finalized_at is not None and email_norm(invoice.email):
            entry = (invoice.finalized_at, 1, email_norm(invoice.email))
            found.setdefault(invoice.customer, set()).add(entry)
    for event in data.events.values():
        before = event["data"].get("previous_attributes") or {}
        if event["type"] == "customer.updated" and "email" in before:
            known = found.setdefault(event["data"]["object"]["id"], set())
            now = event["data"]["object"].get("email")
            for rank, email in ((0, before["email"]), (2, now)):
                if email_norm(email):
                    known.add((event["created"], rank, email_norm(email)))
    return {customer: sorted(entries) for customer, entries in found.items()}


def read_customers(data, config):
    """Every customer with its account key (D.4)."""
    keys = config.get("account_metadata_keys") or []
    free = frozenset(config["free_mail_domains"])
    evidence = email_evidence(data)
    seen = {}  # customer -> (earliest object, livemode), for customers missing from the list
    for row in [*data.raw["subscriptions"].values(), *data.raw["invoices"].values()]:
        customer = ident(row["customer"])
        first = min(row["created"], seen.get(customer, (row["created"],))[0])
        seen[customer] = (first, row["livemode"], bool(row.get("test_clock")))
    customers = {}
    for id in {*data.customers, *seen}:
        row = data.customers.get(id)
        metadata = (row or {}).get("metadata") or {}
        history = evidence.get(id, [])
        if row and not history and email_norm(row.get("email")):
            history = [(row["created"], 1, email_norm(row["email"]))]
        account_id = next(filter(None, (identifier(metadata.get(k)) for k in keys)), None)
        created, livemode, clock = seen.get(id, (None, None, None))
        if row:
            created, livemode, clock = row["created"], row["livemode"], bool(row.get("test_clock"))
        customer = Customer(id, created, livemode, clock, account_id, history)
        customer.account = account_key(customer, free)
        customers[id] = customer
    return customers


def account_key(customer, free):
    """acc: -> dom: -> em: -> cus:"""
    if customer.account_id:
        return f"acc:{customer.account_id}"
    email = customer.first_email
    if email is None:
        return f"cus:{customer.id}"
    domain = company_domain(email, free)
    return f"dom:{domain}" if domain else f"em:{email_canon(email)}"


@dataclass(frozen=True)
class Link:
    """Decision for one product event: account None = unlinked or ambiguous."""

    account: str | None
    confidence: float | None
    known_at: int | None
    status: str


UNLINKED = Link(None, None, None, "unlinked")


class Linker:
    """Links product events to the accounts of one mode."""

    def __init__(self, customers, free):
        self.customers = customers
        self.free = free
        self.index = {}
        for customer in customers:
            for key in self._all_keys(customer):
                self.index.setdefault(key, []).append(customer)

    def _all_keys(self, customer):
        keys = {("group", customer.account_id), ("customer", customer.id)}
        for _, _, email in customer.history:
            keys |= {("canon", email_canon(email)), ("domain", company_domain(email, self.free))}
        return {key for key in keys if key[1]}

    def _tier(self, customer, at, groups, own_id, norm):
        """Best tier at which the customer, as known at `at`, matches; None if it does not."""
        if customer.account_id in groups or customer.id == own_id:
            return GROUP
        email = customer.email_at(at)
        if norm is None or email is None:
            return None
        if email == norm:
            return NORM
        if email_canon(email) == email_canon(norm):
            return CANON
        domain = company_domain(norm, self.free)
        return DOMAIN if domain and domain == company_domain(email, self.free) else None

    def link(self, at, email=None, groups=frozenset(), own_id=None):
        """Candidates are the customers created by tau; the first tier that has one decides."""
        norm = email_norm(email)
        keys = [("group", g) for g in groups] + [("customer", own_id)]
        if norm:
            keys += [("canon", email_canon(norm)), ("domain", company_domain(norm, self.free))]
        pool = {c.id: c for key in keys for c in self.index.get(key, [])}.values()
        tau = None
        for moment in [at, *sorted(c.created for c in pool if c.created > at)]:
            tiers = [
                (self._tier(c, moment, groups, own_id, norm), c)
                for c in pool
                if c.created <= moment
            ]
            tiers = [(tier, c.account) for tier, c in tiers if tier is not None]
            if tiers:
                tau = moment
                break
        if tau is None:
            return UNLINKED
        best = max(tier for tier, _ in tiers)
        accounts = {account for tier, account in tiers if tier == best}
        if len(accounts) > 1:
            return Link(None, best, tau, "ambiguous")
        return Link(accounts.pop(), best, tau, "linked")


def read_time(text):
    """Seconds since the epoch of an ISO time; whole seconds stay integers."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    seconds = moment.timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def event_identity(event):
    """(email, group ids, stripe customer id) that a product event carries."""
    person = event.get("person_properties") or {}
    properties = event.get("properties") or {}
    groups = properties.get("$groups") or {}
    own_id = person.get("stripe_customer_id") or properties.get("stripe_customer_id")
    email = person.get("email") or properties.get("email")
    return email, frozenset(filter(None, map(identifier, groups.values()))), own_id
