"""Product events: what the users of the accounts do, and when."""

from datetime import datetime, timedelta, timezone

from world import DAY, NO_IDS


class Behaviour:
    """Writes product events into a world; a person = (e-mail, group or groups, customer id)."""

    def __init__(self, world):
        self.world, self.rng = world, world.rng

    def act(self, people, t0):
        """Product events of the users, many at the edges of the exposure window."""
        world, rng = self.world, self.rng
        landmark = t0 + world.window
        edges = [t0 - 1, t0, t0 + 1, landmark - 1, landmark, landmark + 1]
        habit = rng.choices(["active", "late", "early", "silent"], [75, 10, 7, 8])[0]
        world.noted.append(habit)
        if habit == "silent":
            return
        names = ["report_shared", "signed_in", "signed_in"]
        if world.effect and rng.random() < 0.9:
            names = ["signed_in"]
            if set(world.noted) & {"pays", "pays_at_boundary", "switches", "extended", "invoiced"}:
                self.event(people[0], t0 + rng.randrange(world.window), "report_shared")
        for person in people:
            for _ in range(rng.choice([0, 1, 1, 2, 4])):
                at = rng.choice(edges) if rng.random() < 0.4 else t0 + rng.randrange(-3, 20) * 43200
                if habit == "late":
                    at = max(at, landmark + 1)
                elif habit == "early":
                    at = min(at, t0 - 1)
                self.event(person, at, rng.choice(names))

    def event(self, person, at, name):
        """A PostHog-like event; the address is a person property, seldom an event property."""
        rng, (email, group, own_id) = self.rng, person
        if at > self.world.listed_at:
            return
        values = group if isinstance(group, tuple) else (group,)
        kinds = rng.sample(["account", "company"], len(values))
        properties = {"$groups": dict(zip(kinds, values))} if group else {}
        if not group and self.world.may("placeholder_group", 0.1):
            properties = {"$groups": {"account": rng.choice(NO_IDS)}}
        known = {"email": email} if email else {}
        if own_id:
            known["stripe_customer_id"] = own_id
        if email and rng.random() < 0.1:
            properties, known = properties | known, {}
        if email and self.world.may("two_addresses", 0.1):
            properties = properties | {"email": rng.choice(self.world.customers).emails[0][1]}
        someone = rng.choice(self.world.customers).emails[0][1] if self.world.customers else None
        self.world.product_events.append(
            {
                "uuid": self.world.new_id("e"),
                "event": name,
                "distinct_id": rng.choice(
                    [f"u_{email}", f"u_{self.world.serial}", someone or "anon"]
                ),
                "timestamp": self.timestamp(at),
                "properties": properties,
                "person_id": f"person_{email or group or own_id}",
                "person_properties": known,
            }
        )

    def timestamp(self, at):
        moment = datetime.fromtimestamp(at, timezone.utc)
        style = self.rng.random()
        if style < 0.9:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if style < 0.95:
            return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return moment.astimezone(timezone(timedelta(hours=2))).isoformat()

    def strangers(self):
        """Events of people that no account knows."""
        for number in range(self.world.accounts // 6):
            email = self.rng.choice(
                [None, "broken@", f"who{number}@nowhere{number}.org", "x@gmail.com"]
            )
            at = self.world.as_of - self.rng.randrange(1, 120) * DAY
            self.event((email, None, None), at, self.rng.choice(["report_shared", "signed_in"]))
