"""The table that is printed in the end, and how its figures are written."""

import sys

ROWS = []


def add(what, measured, target="", peer=""):
    """One figure; it is told at once, and again in the table."""
    ROWS.append((what, measured, target, peer))
    beside = f"   [{peer}]" if peer else ""
    print(f"  {what}: {measured}{beside}", file=sys.stderr, flush=True)


def head(text):
    ROWS.append((text,))
    print(f"\n{text}", file=sys.stderr, flush=True)


def show():
    names = ("what", "measured", "target", "peer")
    cells = [row for row in ROWS if len(row) == 4]
    widths = [max(len(row[at]) for row in [names, *cells]) for at in range(4)]
    line = "  ".join("-" * width for width in widths)
    print()
    print("  ".join(name.ljust(width) for name, width in zip(names, widths)).rstrip())
    for row in ROWS:
        if len(row) == 1:
            print(f"{line}\n{row[0]}")
        else:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.0f} ms"


def size(count):
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def rate(count, spent, unit="rows"):
    per_second = count / spent
    if per_second >= 1e6:
        return f"{per_second / 1e6:.2f} M {unit}/s"
    return f"{per_second / 1e3:.0f} k {unit}/s"


def speed(count, spent):
    return f"{count / spent / 1e6:.0f} MB/s"
