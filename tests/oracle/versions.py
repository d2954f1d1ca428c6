"""Versions of one object: their order within a second, their lives, their end (law B.2, B.4)."""

import hashlib
import json
from itertools import permutations

CREATED, NOTICE, UPDATED, DELETED = range(4)
MANY = 6  # so many updates of one second are ordered by trying every order


def rank(event):
    """Place of an event among those of its second; a notice changes nothing."""
    if event["type"].endswith(".created"):
        return CREATED
    if event["type"].endswith(".deleted"):
        return DELETED
    return UPDATED if event["data"].get("previous_attributes") else NOTICE


def agrees(part, whole):
    """Does `whole` say the same wherever `part` says something? Absent is null."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(agrees(v, whole.get(k)) for k, v in part.items())
    if isinstance(part, list):
        same = isinstance(whole, list) and len(part) == len(whole)
        return same and all(map(agrees, part, whole))
    return part == whole


def follows(event, state):
    """Could the event come right after the state? What it says was before must be there."""
    return state is not None and agrees(event["data"]["previous_attributes"], state)


def progress(event):
    """How many of an invoice's times are set: finalised comes before paid."""
    moved = event["data"]["object"].get("status_transitions") or {}
    return sum(time is not None for time in moved.values())


def content(event):
    """Text that orders what nothing else orders; the same whatever the order of landing."""
    text = json.dumps([event["type"], event["data"], event["id"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def chained(updates, before):
    """The order in which the most updates follow from the one before them."""
    by_content = sorted(updates, key=lambda event: (progress(event), content(event)))

    def links(order):
        states = [event["data"]["object"] for event in order]
        inner = sum(follows(event, state) for event, state in zip(order[1:], states))
        return inner, follows(order[0], before)

    if len(by_content) <= MANY:
        return list(max(permutations(by_content), key=links))
    order, state = [], before
    while by_content:
        fitting = [event for event in by_content if follows(event, state)]
        # Without a state to go on from, begin with one that follows none of the others.
        first = [
            e for e in by_content if not any(follows(e, o["data"]["object"]) for o in by_content)
        ]
        order.append((fitting or first or by_content)[0])
        by_content.remove(order[-1])
        state = order[-1]["data"]["object"]
    return order


def in_order(events):
    """Events of one object, oldest first, each once; whatever the order in which they landed."""
    found, before = [], None
    unique = {event["id"]: event for event in events}.values()
    for second in sorted({event["created"] for event in unique}):
        here = [event for event in unique if event["created"] == second]
        for place in (CREATED, NOTICE, UPDATED, DELETED):
            group = [event for event in here if rank(event) == place]
            group.sort(key=lambda event: (progress(event), content(event)))
            found += chained(group, before) if place == UPDATED and group else group
            before = found[-1]["data"]["object"] if found else None
    return found


def by_object(events):
    """(kind, id) -> its events in order; what has no id (invoice.upcoming) is no version."""
    found = {}
    for event in events:
        thing = event["data"]["object"]
        if thing.get("id"):
            found.setdefault((thing.get("object"), thing["id"]), []).append(event)
    return {key: in_order(own) for key, own in found.items()}


def latest(events, at):
    """The object as its events showed it last at `at`, None before the first of them."""
    past = [event for event in in_order(events) if event["created"] <= at]
    return past[-1]["data"]["object"] if past else None


def squeezed(events):
    """Updates of one object in one second as one update: states in between lasted no time."""
    found = []
    for own in by_object(events).values():
        for event in own:
            last = found[-1] if found else None
            if last and rank(event) == rank(last) == UPDATED and same_moment(last, event):
                before = event["data"]["previous_attributes"] | last["data"]["previous_attributes"]
                found[-1] = event | {"data": event["data"] | {"previous_attributes": before}}
            else:
                found.append(event)
    return found


def same_moment(a, b):
    thing, other = a["data"]["object"], b["data"]["object"]
    same = (thing.get("object"), thing["id"]) == (other.get("object"), other["id"])
    return same and a["created"] == b["created"] and a["type"] == b["type"]


def is_deleted(rows, events, id, at):
    """Is a merchant-chosen id gone at `at`? Made again, it has another life with another end."""
    own = [event for event in events if event["data"]["object"].get("id") == id]
    own = [event for event in own if event["created"] <= at]
    shown = [row for row in rows if row["id"] == id] + [event["data"]["object"] for event in own]
    lives = [row["created"] for row in shown if row.get("created") is not None]
    newest = max((created for created in lives if created <= at), default=None)
    return any(
        rank(event) == DELETED and event["data"]["object"].get("created") == newest for event in own
    )
