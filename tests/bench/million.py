"""A million accounts with a hundred million events, the whole way from sources to a verdict."""

import shutil

import company
import landing
import table
from process import paydirt


def section():
    accounts = max(200, round(1_000_000 * company.SCALE))
    events = max(20_000, round(100_000_000 * company.SCALE))
    source = company.make(accounts, events)
    project = company.project_of(source, "project-million")
    name, *_ = company.hypothesis(project)
    export = source / "export"
    table.head(f"{accounts:,} accounts and {events:,} product events, {table.size(company.bytes_of(export))} of files")
    tell("landed", landing.land(project, export))
    tell("compacted", paydirt(project, "compact"))
    for when in ("first", "again"):
        tell(f"backtest {name}, {when}", paydirt(project, "backtest", name))
    table.add("the lake and all that is stored of it", table.size(company.bytes_of(project / "data")))
    shutil.rmtree(project)


def tell(what, done):
    table.add(what, f"{table.seconds(done.seconds)}, {table.size(done.peak_bytes)} of memory")
