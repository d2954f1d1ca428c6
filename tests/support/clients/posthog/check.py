#!/usr/bin/env python3
"""Airbyte's PostHog connector and paydirt read the same stand-in, and must see the same events; what
PostHog's own Python client sends is captured and must land.

    check.py STAND_IN PAYDIRT

Exits 1 where anything differs.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
from stand_in import StandIn

KEY, PROJECT = "phx_standin", 12345
PROJECT_AND_KEY = ("--project", PROJECT, "--key", KEY)
EVENTS = 25_000
# The connector reads up to its own now, so the events are of the last weeks.
DAYS = 20


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def comparable(event, id):
    return {
        "id": event[id],
        "event": event["event"],
        "distinct_id": event["distinct_id"],
        "timestamp": moment(event["timestamp"]),
        "properties": event["properties"],
    }


def airbyte(url, start, folder):
    """Events and persons as the connector reads them."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps({"api_key": KEY, "start_date": start, "base_url": url}))
    stream = lambda name, mode, modes: {
        "stream": {"name": name, "json_schema": {}, "supported_sync_modes": modes},
        "sync_mode": mode,
        "destination_sync_mode": "append",
    }
    streams = [
        stream("events", "incremental", ["full_refresh", "incremental"]),
        stream("persons", "full_refresh", ["full_refresh"]),
    ]
    catalog.write_text(json.dumps({"streams": streams}))
    code = "from source_posthog.run import run; run()"
    command = [sys.executable, "-c", code, "read", "--config", config, "--catalog", catalog]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    read = {"events": [], "persons": []}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            read[message["record"]["stream"]].append(message["record"]["data"])
    if done.returncode != 0 or not read["events"]:
        raise SystemExit(f"error: the connector failed\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return read


def run(paydirt, project, *arguments):
    environment = {**os.environ, "POSTHOG_API_KEY": KEY}
    command = [paydirt, "--project", project, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"error: paydirt {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


def rows(paydirt, project, sql):
    return [json.loads(line) for line in run(paydirt, project, "sql", "-c", sql, "--format", "ndjson").splitlines()]


def landed(paydirt, project):
    events = rows(paydirt, project, "select uuid, event, distinct_id, occurred_at as timestamp, properties from posthog_log.events")
    for event in events:
        event["properties"] = json.loads(event["properties"]) if event["properties"] else {}
    return events


def same(what, ours, theirs):
    key = lambda event: event["id"]
    ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    if ours != theirs:
        differing = [pair for pair in zip(ours, theirs) if pair[0] != pair[1]]
        print(f"{what}: {len(ours)} and {len(theirs)} differ, first: {differing[:1]}")
        sys.exit(1)
    print(f"{what}: {len(ours)} events agree")


def make(paydirt, folder, url=None):
    folder.mkdir()
    # The connector and the query API are read here; exports in Parquet are tested in Rust.
    text = f'[source.posthog]\nhost = "{url}"\nproject = {PROJECT}\n' if url else ""
    (folder / "paydirt.toml").write_text(text)
    return folder


def read_alike(stand_in, paydirt, folder):
    start = datetime.fromtimestamp(time.time() - (DAYS + 1) * 86_400, timezone.utc)
    start = start.strftime("%Y-%m-%dT%H:%M:%SZ")
    dump = folder / "events.ndjson"
    arguments = ("--start", start, "--days", DAYS, "--events", EVENTS, "--dump", dump, "--without-exports")
    with StandIn(stand_in, *PROJECT_AND_KEY, *arguments) as server:
        early = (moment(start).timestamp() - 5 * 86_400)
        early = datetime.fromtimestamp(early, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        theirs = airbyte(server.url, early, folder)
        project = make(paydirt, folder / "project", server.url)
        print(run(paydirt, project, "sync", "posthog").strip())
        people = rows(paydirt, project, "select id from posthog_log.persons")
    ours = landed(paydirt, project)
    served = [json.loads(line) for line in dump.read_text().splitlines()]
    # The last minutes are left for the next sync.
    uuids = {event["uuid"] for event in ours}
    missing = [event for event in served if event["uuid"] not in uuids]
    latest = max(moment(event["created_at"]) for event in served)
    if any((latest - moment(event["created_at"])).total_seconds() > 700 for event in missing):
        raise SystemExit(f"error: {len(missing)} events did not land")
    airbytes = [comparable(event, "id") for event in theirs["events"] if event["id"] in uuids]
    same("Airbyte's connector and paydirt", [comparable(event, "uuid") for event in ours], airbytes)
    same("the connector and the server", [comparable(e, "id") for e in theirs["events"]], [comparable(e, "uuid") for e in served])
    ids = {id for person in theirs["persons"] for id in person["distinct_ids"]}
    assert ids == {row["id"] for row in people}, "persons differ"
    print(f"persons: {len(ids)} agree")


def capture(stand_in, paydirt, folder):
    import posthog

    captured = folder / "captured.json"
    with StandIn(stand_in, *PROJECT_AND_KEY, "--events", 0, "--capture", captured) as server:
        client = posthog.Posthog("phc_standin", host=server.url, sync_mode=True)
        sent = []
        for number in range(5):
            sent.append(
                client.capture(
                    "published_a_workflow",
                    distinct_id=f"user-{number}",
                    properties={"plan": "team", "$set": {"email": f"user{number}@example.com"}},
                    groups={"company": "acme"},
                )
            )
        sent.append(client.group_identify("company", "acme", {"name": "Acme"}))
        client.shutdown()
        deadline = time.time() + 20
        lines = lambda: captured.read_text().splitlines() if captured.exists() else []
        count = lambda: sum(len(json.loads(line).get("batch", [0])) for line in lines())
        while count() < 6 and time.time() < deadline:
            time.sleep(0.1)
    project = make(paydirt, folder / "captured")
    print(run(paydirt, project, "sync", "files", captured).strip())
    sql = "select event, distinct_id, email, groups ->> 'company' as company, properties ->> 'plan' as plan, uuid from posthog_log.events order by event, distinct_id"
    events = rows(paydirt, project, sql)
    published = [event for event in events if event["event"] == "published_a_workflow"]
    assert len(events) == 6 and len(published) == 5, events
    for number, event in enumerate(published):
        said = (event["distinct_id"], event["email"], event["company"], event["plan"])
        assert said == (f"user-{number}", f"user{number}@example.com", "acme", "team"), event
    assert {event["uuid"] for event in events} >= {uuid for uuid in sent if uuid}, events
    print(f"posthog {posthog.VERSION}: {len(events)} captured events land")


def main():
    stand_in, paydirt = sys.argv[1:]
    paydirt = os.path.abspath(paydirt)
    with tempfile.TemporaryDirectory() as folder:
        read_alike(stand_in, paydirt, Path(folder))
        capture(stand_in, paydirt, Path(folder))


main()
