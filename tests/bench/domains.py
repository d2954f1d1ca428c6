"""The two functions that every link between an event and a customer goes through, on one core."""

import company
import table
from process import peer, script

ROWS = max(10_000, round(10_000_000 * company.SCALE))
REPEATS = 3


def section():
    table.head(f"domains: registrable_domain(email_domain(x)) over {ROWS:,} addresses on one core")
    functions = (company.HERE / "sql" / "domains.sql").read_text()
    reading = (company.HERE / "sql" / "addresses.sql").read_text()
    project = company.empty()
    for distinct in (ROWS, max(1, ROWS // 100)):
        path = company.FOLDER / f"addresses-{ROWS}-{distinct}.parquet"
        if not path.exists():
            peer("duckdb_peer.py", "addresses", path, ROWS, distinct)
        text = f"create external table addresses stored as parquet location '{path}';\n\\timing on\n"
        text += reading * REPEATS + functions * REPEATS
        done, times = script(project, text, core=0)
        read = min(times[:REPEATS]) / 1e3
        both = min(times[REPEATS:]) / 1e3
        beside = peer("duckdb_peer.py", "domains", path, REPEATS, core=0)
        name = f"{distinct:,} distinct"
        table.add(
            f"{name}, with reading them from Parquet",
            table.rate(ROWS, both),
            "5 M rows/s",
            f"DuckDB, lower(split_part(x, '@', 2)) alone: {table.rate(ROWS, float(beside.out))}",
        )
        table.add(f"{name}, the functions alone", table.rate(ROWS, both - read), "5 M rows/s")
