"""How much of the events a question about one behaviour reads, before and after compaction."""

import re

import company
import table
from process import PAYDIRT, paydirt, run

TABLE = "posthog_log/events"
COUNT = r"[\d.]+(?: [KMG])?"
# What the statistics of the files leave to be read, by the names of the plan's metrics.
LEFT = {
    "row_groups_pruned_statistics": "row groups left by their statistics",
    "page_index_rows_pruned": "rows left by the page index",
}


def section():
    project = company.landed()
    _, event, *_ = company.hypothesis(project)
    question = (company.HERE / "sql" / "behaviour.sql").read_text().replace("{event}", event)
    table.head(f"behaviour: bytes read by `count and latest day of {event}` of bytes in {TABLE}")
    measure(project, question, "as landed")
    if run([PAYDIRT, "compact", "--help"], may_refuse=True).err:
        table.add("after `paydirt compact`", "this build has no such command")
        return
    done = paydirt(project, "compact")
    table.add("paydirt compact", table.seconds(done.seconds))
    table.add("paydirt compact: peak memory", table.size(done.peak_bytes))
    measure(project, question, "compacted")


def measure(project, question, name):
    parts = company.parts(project, TABLE)
    out = paydirt(project, "sql", "--format", "csv", "-c", "explain analyze " + question).out
    read = sum(number(*found) for found in re.findall(r"bytes_scanned=([\d.]+) ?([KMG]?)", out))
    whole = sum(parts.values())
    table.add(
        f"{name}, {len(parts)} files",
        f"{table.size(read)} of {table.size(whole)}, {100 * read / whole:.1f} %",
    )
    for metric, what in LEFT.items():
        for total, matched in re.findall(metric + rf"=({COUNT}) total → ({COUNT}) matched", out):
            table.add(f"{name}: {what}", f"{matched} of {total}")


def number(digits, unit):
    return float(digits) * {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}[unit]
