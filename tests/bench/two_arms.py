"""The question under every backtest, asked of the same Parquet files by paydirt and its peers."""

import json
import re
import shutil
import statistics
import sys

import company
import table
from process import drop_page_cache, paydirt, peer, script

REPEATS = 6


def exports(project, window, horizon):
    """Trials and people as Parquet files that all three read."""
    files = []
    for name in ("trials", "people"):
        path = project / f"{name}.parquet"
        if not path.exists():
            sql = (company.HERE / "sql" / f"{name}.sql").read_text()
            sql = sql.replace("{window}", str(window)).replace("{horizon}", str(horizon))
            (project / f"{name}.sql").write_text(sql)
            print(f"exporting {name}", file=sys.stderr, flush=True)
            paydirt(project, "sql", "-f", project / f"{name}.sql", "-o", path)
        files.append(path)
    return files


def section():
    project = company.landed()
    name, event, window, horizon = company.hypothesis(project)
    trials, people = exports(project, window, horizon)
    events = sorted(company.parts(project, "posthog_log/events"))
    question = (company.HERE / "sql" / "two_arms.sql").read_text().replace("{event}", event)
    path = project / "two_arms.sql"
    path.write_text(question)

    def ask_paydirt():
        text = f"create external table trials stored as parquet location '{trials}';\n"
        text += f"create external table people stored as parquet location '{people}';\n"
        done, times = script(project, text + "\\timing on\n" + question * REPEATS)
        found = re.findall(r"^(control|exposed),(\d+),(\d+)$", done.out, re.MULTILINE)
        rows = [[arm, int(trials), int(paid)] for arm, trials, paid in found]
        assert rows == rows[:2] * REPEATS, done.out
        return done, times, rows[:2]

    def ask_duckdb():
        done = peer("duckdb_peer.py", "two-arms", path, trials, people, REPEATS, *events)
        answer = json.loads(done.out)
        return done, answer["times"], answer["rows"]

    def ask_polars():
        done = peer("polars_peer.py", event, trials, people, REPEATS, *events)
        answer = json.loads(done.out)
        return done, answer["times"], answer["rows"]

    answers, cold, warm, peak = {}, {}, {}, {}
    is_cold = True
    for engine, ask in [("paydirt", ask_paydirt), ("DuckDB", ask_duckdb), ("Polars", ask_polars)]:
        is_cold &= drop_page_cache()
        done, times, answers[engine] = ask()
        cold[engine] = times[0] / 1e3
        warm[engine] = statistics.median(times[1:]) / 1e3
        peak[engine] = done.peak_bytes
    table.head(
        f"two arms: who did `{event}` within {window} days of the trial's start, and how many of "
        f"both paid\n(the same {len(events)} Parquet file(s) of the lake for all; trials with their "
        f"outcome, and people with their account,\nare files made beforehand; all cores; "
        f"cold = first time in a new process, "
        + ("page cache dropped" if is_cold else "page cache NOT dropped: not permitted")
        + f";\nwarm = median of {REPEATS - 1} more times in that process; in brackets, how many times a peer's figure paydirt's is)"
    )
    assert answers["paydirt"] == answers["DuckDB"] == answers["Polars"], answers
    rows = {arm: (trials, paid) for arm, trials, paid in answers["paydirt"]}
    table.add("answer, equal in all three", ", ".join(f"{arm}: {paid} of {all}" for arm, (all, paid) in rows.items()))

    def compare(what, values, write, target=""):
        peers = ", ".join(
            f"{engine} {write(values[engine])} ({values['paydirt'] / values[engine]:.2f} x)"
            for engine in ("DuckDB", "Polars")
        )
        table.add(what, write(values["paydirt"]), target, peers)

    compare("cold", cold, table.seconds)
    compare("warm", warm, table.seconds)
    compare("peak memory", peak, table.size)

    # Right after landing nothing is stored of what follows from the data; later, all of it is.
    shutil.rmtree(project / "data" / "cache", ignore_errors=True)
    drop_page_cache()
    for when in ("first after landing", "again"):
        done = paydirt(project, "backtest", name)
        table.add(f"paydirt backtest {name}, a whole process, {when}", table.seconds(done.seconds))
        table.add("the same: peak memory", table.size(done.peak_bytes), "1 GB")
        times = f"{done.seconds / warm['paydirt']:.1f} x"
        table.add("the same: times the warm question", times, "10 x")
