"""What DuckDB is asked to do, each as a process of its own.

    two-arms SQL TRIALS PEOPLE REPEATS EVENTS…   the two-arm question: times in ms, then the answer
    addresses FILE ROWS DISTINCT                 makes addresses
    domains FILE REPEATS                         seconds of the nearest thing to email_domain
    ndjson FOLDER FILE START COUNT               events of Parquet files as lines of JSON
    parquet FOLDER FILE START COUNT              events of Parquet files as one file
    convert FILE OUT                             a file of events as Parquet: what landing costs without keys
"""

import json
import sys
import time

import duckdb


def quoted(paths):
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"


def two_arms(sql, trials, people, repeats, *events):
    db = duckdb.connect()
    db.execute("create schema posthog_log")
    db.execute(f"create view posthog_log.events as from read_parquet({quoted(events)})")
    db.execute(f"create view trials as from read_parquet('{trials}')")
    db.execute(f"create view people as from read_parquet('{people}')")
    text = open(sql).read()
    times = []
    for _ in range(int(repeats)):
        started = time.perf_counter()
        rows = db.execute(text).fetchall()
        times.append((time.perf_counter() - started) * 1e3)
    rows = [[arm, int(trials), int(converted)] for arm, trials, converted in rows]
    print(json.dumps({"times": times, "rows": rows}))


def addresses(path, rows, distinct):
    # Company names differ in length; one in three addresses is free mail, one in twenty begins with
    # a capital letter, suffixes have one label or two.
    duckdb.execute(
        f"""
        copy (
            select case when n % 20 = 0 then upper(address[1]) || address[2:] else address end
                as address
            from (
                select n, 'first.last' || n || '@' || case
                    when hash(n) % 3 = 0
                        then ['gmail.com', 'outlook.com', 'yahoo.co.uk'][1 + (hash(n + 1) % 3)::int]
                    else ['', 'mail.', 'eu.corp.'][1 + (hash(n + 2) % 3)::int]
                        || ['acme', 'globex-', 'initech-industries-'][1 + (hash(n + 3) % 3)::int]
                        || hash(n + 4) % 1000000 || '.'
                        || ['com', 'com', 'io', 'de', 'co.uk', 'com.au'][1 + (hash(n + 5) % 6)::int]
                end as address
                from (select hash(i) % {int(distinct)} as n from range({int(rows)}) as t(i)
                      where {int(distinct)} < {int(rows)}
                      union all
                      select i from range({int(rows)}) as t(i) where {int(distinct)} >= {int(rows)})
            )
        ) to '{path}' (format parquet, compression zstd)
        """
    )


def domains(path, repeats):
    db = duckdb.connect()
    best = float("inf")
    for _ in range(int(repeats)):
        started = time.perf_counter()
        db.execute(
            f"select sum(strlen(lower(split_part(address, '@', 2)))) from '{path}'"
        ).fetchall()
        best = min(best, time.perf_counter() - started)
    print(best)


def some(folder, start, count):
    """Events in the order of the files."""
    return f"from read_parquet('{folder}/**/*.parquet*') limit {int(count)} offset {int(start)}"


def ndjson(folder, path, start, count):
    duckdb.execute(
        f"""
        copy (
            select * replace (
                properties::json as properties,
                person_properties::json as person_properties
            )
            from ({some(folder, start, count)})
        ) to '{path}' (format json, timestampformat '%Y-%m-%dT%H:%M:%S.%fZ')
        """
    )


def parquet(folder, path, start, count):
    duckdb.execute(
        f"copy ({some(folder, start, count)}) to '{path}' (format parquet, compression zstd)"
    )


def convert(path, out):
    started = time.perf_counter()
    reader = "read_parquet" if path.endswith(".parquet") else "read_ndjson"
    duckdb.execute(
        f"copy (from {reader}('{path}') order by event, timestamp) "
        f"to '{out}' (format parquet, compression zstd)"
    )
    print(time.perf_counter() - started)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
