"""One row per trial spell: exclusion ladder, exposure, conversion (law A.1-A.3, I)."""

from identity import Linker, event_identity, read_customers, read_time
from mail import registrable
from mrr import invoice_mrr
from payments import conversion, qualifying
from stripe_lists import ident
from terms import as_price, covering, price_key

RUNGS = (
    "test_mode internal retrial prior_payer immature converted_before_landmark"
    " ended_before_landmark unmatched"
).split()


class Company:
    """Everything the ladder asks about, cut at as_of."""

    def __init__(self, data, events, config):
        self.data = data
        self.config = config
        self.as_of = config["as_of"]
        self.live = config["mode"] == "live"
        self.customers = read_customers(data, config)
        self.subscriptions = {}
        for row in data.subscriptions.values():
            if row["created"] <= self.as_of:
                key = (row["livemode"], self.account(row))
                self.subscriptions.setdefault(key, []).append(row)
        self.payments = {}
        for invoice in data.invoices.values():
            payment = qualifying(data, invoice, self.as_of)
            if payment:
                key = (invoice.livemode, self.customers[invoice.customer].account)
                self.payments.setdefault(key, []).append(payment)
        for found in self.payments.values():
            found.sort(key=lambda p: (p.at, p.invoice.created, p.invoice.id))
        self.links = {mode: self._links(events, mode) for mode in (True, False)}

    def account(self, row):
        return self.customers[ident(row["customer"])].account

    def _links(self, events, mode):
        """Links of the events by as_of: ([(event, time, link)], of one mode's customers)."""
        free = frozenset(self.config["free_mail_domains"])
        known = [
            c for c in self.customers.values() if c.livemode == mode and c.created <= self.as_of
        ]
        linker = Linker(known, free)
        found = []
        for event in events:
            at = read_time(event["timestamp"])
            if at <= self.as_of:
                email, groups, own_id = event_identity(event)
                found.append((event, at, linker.link(at, email, groups, own_id)))
        return found

    def sightings(self, mode):
        """account -> [(event name, event time, known time)], at or above the minimum confidence."""
        least = self.config["hypothesis"].get("min_identity_confidence", 0.7)
        found = {}
        for event, at, link in self.links[mode]:
            if link.account and link.confidence >= least:
                seen = (event["event"], at, max(at, link.known_at))
                found.setdefault(link.account, []).append(seen)
        return found


def is_spell(row, as_of):
    start, end = row.get("trial_start"), row.get("trial_end")
    return start is not None and end is not None and end > start and start <= as_of


def trial_rows(company):
    """All outcome rows, by t0."""
    spells = [
        row
        for rows in company.subscriptions.values()
        for row in rows
        if is_spell(row, company.as_of)
    ]
    index = {}  # account -> index trial of the chosen mode
    for row in sorted(spells, key=lambda r: (r["trial_start"], r["created"], r["id"])):
        if not in_test(company, row):
            index.setdefault(company.account(row), row["id"])
    sightings = {mode: company.sightings(mode) for mode in (True, False)}
    rows = [outcome(company, row, index, sightings[row["livemode"]]) for row in spells]
    return sorted(rows, key=lambda r: (r["t0"], r["subscription"]))


def in_test(company, row):
    clock = row.get("test_clock") or company.customers[ident(row["customer"])].test_clock
    return row["livemode"] != company.live or bool(clock)


def stratum(data, row):
    """Product of the first recurring line of the earliest invoice that has one, else of the item."""
    own = [i for i in data.invoices.values() if i.subscription == row["id"]]
    for invoice in sorted(own, key=lambda i: (i.created, i.id)):
        if invoice.cut:
            return "unknown"
        products = [product_of(data, line) for line in invoice.lines[: invoice.first_page]]
        first = next(filter(None, products), None)
        # Lines that landed on their own are in no order: they tell a product if they agree.
        others = {product_of(data, line) for line in invoice.lines[invoice.first_page :]} - {None}
        if first or len(others) == 1:
            return first or others.pop()
        if others:
            return "unknown"
    items = row["items"]["data"]
    return (ident(as_price(terms_of(items[0])).get("product")) if items else None) or "unknown"


def product_of(data, line):
    """Product of a recurring line, None for other lines."""
    if not line.recurring:
        return None
    price = covering(data.prices.get(price_key(line)), line.billed_at) or {}
    return line.product or ident(price.get("product"))


def terms_of(item):
    return item.get("price") or item.get("plan") or {}


def is_live(row, at):
    """Is the subscription there at `at`: neither ended nor one that never started?"""
    ended = row.get("ended_at")
    return (
        row["created"] <= at
        and row["status"] != "incomplete_expired"
        and (ended is None or ended > at)
    )


def outcome(company, row, index, sightings):
    """Outcome row of one trial spell."""
    config, data, as_of = company.config, company.data, company.as_of
    window = config["hypothesis"]["window_seconds"]
    t0 = row["trial_start"]
    landmark, end = t0 + window, t0 + config["hypothesis"]["horizon_seconds"]
    customer = company.customers[ident(row["customer"])]
    key = (row["livemode"], customer.account)
    payments = company.payments.get(key, [])
    gross, net, doubtful = conversion(data, payments, t0, min(end, as_of), as_of)
    seen = sightings.get(customer.account, [])
    name = config["hypothesis"]["event"]
    signals = [known for event, at, known in seen if event == name and t0 <= at <= landmark]
    signal = min((s for s in signals if s <= min(landmark, as_of)), default=None)
    mature = end <= as_of
    holds = {
        "test_mode": in_test(company, row),
        "internal": registrable(customer.first_email) in set(config.get("internal_domains") or []),
        "retrial": index.get(customer.account) != row["id"],
        "prior_payer": any(p.at <= t0 for p in payments if p.sure),
        "immature": not mature,
        "converted_before_landmark": gross is not None and gross.at <= landmark,
        "ended_before_landmark": not any(is_live(s, landmark) for s in company.subscriptions[key]),
        "unmatched": not any(known <= landmark for _, _, known in seen),
    }
    in_horizon = net is not None and net.at <= end
    converted = in_horizon if mature else None
    perhaps = [p.at for p in payments if not p.sure and p.at <= landmark]
    if perhaps or not in_horizon and any(p.at <= end for p in doubtful):
        converted = None
    # What may have come first leaves neither time nor invoice nor MRR of the conversion known.
    if any(gross is None or p.at < gross.at for p in doubtful if not p.sure):
        gross = None
    if doubtful:
        net = None
    shown = in_horizon and net is not None
    plain, reduced = invoice_mrr(data, net) if shown else (None, None)
    return {
        "subscription": row["id"],
        "customer": customer.id,
        "account": customer.account,
        "t0": t0,
        "landmark": landmark,
        "horizon_end": end,
        "exclusion": next((rung for rung in RUNGS if holds[rung]), None),
        "exposed": signal is not None,
        "signal_at": signal,
        "gross_converted_at": gross.at if gross else None,
        "net_converted_at": net.at if net else None,
        "converted": converted,
        "converting_subscription": net.subscription if net else None,
        "converting_invoice": net.invoice.id if net else None,
        "mrr_list_minor": None if plain is None else float(plain),
        "currency": net.invoice.currency if shown else row["currency"],
        "stratum": stratum(data, row),
        "_mrr": (plain, reduced),
    }
