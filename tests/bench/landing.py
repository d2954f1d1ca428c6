"""How fast files land, what a second time costs, and how much memory it takes."""

import json
import shutil

import company
import table
from process import drop_page_cache, paydirt, peer, warm

# Events of the sections that write files of their own.
LINES = max(10_000, round(2_000_000 * company.SCALE))


def section():
    source = company.make(company.ACCOUNTS, company.EVENTS)
    stripe, posthog = source / "export" / "stripe", source / "export" / "posthog"
    project = company.project_of(source, f"project-{company.ACCOUNTS}-{company.EVENTS}")
    size = company.bytes_of(stripe)
    table.head(
        f"landing: {company.ACCOUNTS:,} accounts, {table.size(size)} of Stripe JSON, "
        f"{company.EVENTS:,} product events in {table.size(company.bytes_of(posthog))} of Parquet"
    )

    drop_page_cache()
    done = land(project, stripe)
    table.add("Stripe JSON", table.speed(size, done.seconds))
    table.add("Stripe JSON: peak memory", table.size(done.peak_bytes))
    drop_page_cache()
    done = land(project, posthog)
    events = rows(project, "posthog_log.events")
    table.add("PostHog events from Parquet", table.rate(events, done.seconds, "events"))
    table.add("PostHog events from Parquet: peak memory", table.size(done.peak_bytes))
    table.add("all of it in the lake", table.size(company.bytes_of(project / "data" / "lake")))
    (project / "complete").touch()

    done = land(project, source / "export")
    all_bytes = size + company.bytes_of(posthog)
    assert rows(project, "posthog_log.events") == events
    table.add("the same files again", f"{table.seconds(done.seconds)}, {table.speed(all_bytes, done.seconds)}")
    lines(source)
    overlap(source)


def lines(source):
    """The same events as lines of JSON and as one Parquet file, beside a plain conversion."""
    for form in ("ndjson", "parquet"):
        file = company.FOLDER / f"events-{LINES}.{form}"
        if not file.exists():
            peer("duckdb_peer.py", form, source / "export" / "posthog", file, 0, LINES)
        project = company.project_of(source, f"project-{form}")
        # As its peer finds the file, which comes second.
        warm(file)
        done = land(project, file)
        assert rows(project, "posthog_log.events") == LINES
        out = company.FOLDER / "converted.parquet"
        warm(file)
        beside = float(peer("duckdb_peer.py", "convert", file, out).out)
        out.unlink()
        table.add(
            f"{LINES:,} events from one {form} file",
            f"{table.rate(LINES, done.seconds, 'events')}, {table.speed(file.stat().st_size, done.seconds)}",
            "",
            f"DuckDB to sorted Parquet, no keys: {table.rate(LINES, beside, 'events')}",
        )


def overlap(source):
    """Two exports that share half of their rows, as when the second starts before the first ended."""
    project = company.project_of(source, "project-overlap")
    half = LINES // 2
    for name, start in [("first", 0), ("second", half)]:
        file = company.FOLDER / f"events-{name}-{LINES}.parquet"
        if not file.exists():
            peer("duckdb_peer.py", "parquet", source / "export" / "posthog", file, start, LINES)
        warm(file)
        done = land(project, file)
        if name == "second":
            table.add(f"{LINES:,} events of which half are there", table.rate(LINES, done.seconds, "events"))
    assert rows(project, "posthog_log.events") == LINES + half


def big():
    """Memory must not grow with the input."""
    accounts, events = round(900_000 * company.SCALE), round(20_000_000 * company.SCALE)
    source = company.make(max(200, accounts), max(20_000, events))
    for what in ("stripe", "posthog"):
        project = company.project_of(source, "project-big")
        folder = source / "export" / what
        done = land(project, folder)
        size = company.bytes_of(folder)
        table.add(f"{table.size(size)} of {what}: peak memory", table.size(done.peak_bytes))
        table.add(f"{table.size(size)} of {what}: speed", table.speed(size, done.seconds))
    shutil.rmtree(project)


def land(project, path):
    # A simulated export may hold rows that are refused on purpose.
    return paydirt(project, "sync", "files", path, may_refuse=True)


def rows(project, relation):
    out = paydirt(project, "sql", "--format", "json", "-c", f"select count(*) as n from {relation}").out
    return json.loads(out)[0]["n"]
