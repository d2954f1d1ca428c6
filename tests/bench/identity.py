"""Who is who: every event linked to its account, from nothing and after new data."""

import csv
import io
import os
import shutil

import company
import table
from process import drop_page_cache, paydirt

COVERAGE = company.HERE / "sql" / "coverage.sql"


def section():
    project = copy(company.landed())
    users, events = ask(project, "select count(distinct distinct_id), count(*) from index.events")
    table.head("identity: every event linked to its account, and the coverage counted")
    table.add("users", f"{int(users):,}")
    table.add("events", f"{int(events):,}")
    drop_page_cache()
    before = measure(project, "from nothing", "60 s", "2 GB")

    newest = company.FOLDER / "new-events.parquet"
    # The last part of the time holds a hundredth of the events.
    start = "select approx_percentile_cont(occurred_at, 0.99) from index.events"
    question = (company.HERE / "sql" / "new_events.sql").read_text()
    (project / "new.sql").write_text(question.replace("{from}", ask(project, start)[0].rstrip("Z")))
    paydirt(project, "sql", "-f", project / "new.sql", "-o", newest)
    paydirt(project, "sync", "files", newest)
    after = measure(project, "after 1 % more", "", "")
    table.add("events that are new then", f"{after - before:,}")
    shutil.rmtree(project)
    newest.unlink()


def copy(landed):
    """The same project with nothing computed; its lake is shared, as far as files never change."""
    project = landed.with_name(f"{landed.name}-identity")
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(landed, project, copy_function=os.link, ignore=shutil.ignore_patterns("cache"))
    return project


def measure(project, when, seconds, memory):
    """Counts the coverage; the number of events in it."""
    done = paydirt(project, "sql", "--format", "csv", "-f", COVERAGE)
    table.add(f"{when}: linked and counted", table.seconds(done.seconds), seconds)
    table.add(f"{when}: processor time", table.seconds(done.cpu_seconds))
    table.add(f"{when}: peak memory", table.size(done.peak_bytes), memory)
    return sum(int(row["events"]) for row in csv.DictReader(io.StringIO(done.out)))


def ask(project, question):
    out = paydirt(project, "sql", "--format", "csv", "-c", question).out
    return out.strip().splitlines()[-1].split(",")
