"""How long it takes until the shell answers `select 1`."""

import statistics

import company
import table
from process import paydirt

TIMES = 20


def section():
    table.head("startup: a new process answers `select 1`, 20 times")
    projects = [("an empty project", company.empty()), ("the whole company", company.landed())]
    for name, project in projects:
        runs = [paydirt(project, "sql", "-c", "select 1") for _ in range(TIMES)]
        times = [done.seconds for done in runs]
        table.add(
            f"in {name}: fastest, median",
            f"{table.seconds(min(times))}, {table.seconds(statistics.median(times))}",
        )
        table.add(f"in {name}: peak memory", table.size(max(done.peak_bytes for done in runs)))
