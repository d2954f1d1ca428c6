"""The two-arm question in Polars: times in ms, then the answer.

    EVENT TRIALS PEOPLE REPEATS EVENTS…
"""

import json
import sys
import time

import polars as pl

event, trials, people, repeats, *events = sys.argv[1:]


def ask():
    trial = pl.scan_parquet(trials)
    shown = (
        pl.scan_parquet(events)
        .filter(pl.col("event") == event)
        .select("distinct_id", "occurred_at")
        .join(pl.scan_parquet(people), on="distinct_id")
        .join(trial, on="account_id")
        .filter(
            pl.col("occurred_at") >= pl.col("started_at"),
            pl.col("occurred_at") <= pl.col("landmark_at"),
        )
        .select("account_id")
        .unique()
        .with_columns(arm=pl.lit("exposed"))
    )
    return (
        trial.join(shown, on="account_id", how="left")
        .group_by(pl.col("arm").fill_null("control"))
        .agg(pl.len(), pl.col("is_converted").sum())
        .sort("arm")
        .collect(engine="streaming")
    )


times = []
for _ in range(int(repeats)):
    started = time.perf_counter()
    answer = ask()
    times.append((time.perf_counter() - started) * 1e3)
print(json.dumps({"times": times, "rows": [list(row) for row in answer.rows()]}))
