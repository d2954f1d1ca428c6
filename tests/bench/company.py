"""The company that is measured: made by `paydirt simulate`, landed once, kept for the next time."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

from process import paydirt, run, PAYDIRT

SCALE = float(os.environ.get("SCALE", "1"))
HERE = Path(__file__).parent
FOLDER = Path(os.environ["BENCH_DIR"])

ACCOUNTS = max(200, round(160_000 * SCALE))
EVENTS = max(20_000, round(50_000_000 * SCALE))


def make(accounts, events):
    """A simulated company of that size, in a folder of its own."""
    folder = FOLDER / f"company-{accounts}-{events}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        print(f"simulating {accounts} accounts, {events} events", file=sys.stderr, flush=True)
        run([PAYDIRT, "simulate", "--accounts", accounts, "--events", events, "--seed", 1, "--out", folder])
        (folder / "complete").touch()
    return folder


def project_of(company, name):
    """A new project with the company's settings and hypotheses, and nothing landed."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(company / "paydirt.toml", folder)
    shutil.copytree(company / "sql", folder / "sql")
    return folder


def empty():
    """A project without anything in it."""
    folder = FOLDER / "empty"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    run([PAYDIRT, "init", folder])
    return folder


def landed():
    """The whole company in a lake. Landed here, untimed, unless section `landing` just did it."""
    project = FOLDER / f"project-{ACCOUNTS}-{EVENTS}"
    if not (project / "complete").exists():
        company = make(ACCOUNTS, EVENTS)
        project_of(company, project.name)
        print("landing the company", file=sys.stderr, flush=True)
        paydirt(project, "sync", "files", company / "export")
        (project / "complete").touch()
    return project


def bytes_of(*paths):
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files if file.is_file())


def parts(project, table):
    """The Parquet files that are the table now, by replaying its Delta log."""
    folder = project / "data" / "lake" / table
    live = {}
    for commit in sorted((folder / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                live[action["add"]["path"]] = action["add"]["size"]
            elif "remove" in action:
                live.pop(action["remove"]["path"], None)
    return {folder / path: size for path, size in live.items()}


def hypothesis(project):
    """A hypothesis on one behaviour: its name, event, window and horizon in days."""
    for path in sorted((project / "sql" / "hypotheses").glob("*.sql")):
        text = path.read_text()
        event = re.search(r"event = '([^']+)'", text)
        window = re.search(r"^-- @window\s+(\d+)d", text, re.MULTILINE)
        horizon = re.search(r"^-- @horizon\s+(\d+)d", text, re.MULTILINE)
        if event and horizon:
            return path.stem, event[1], int(window[1]) if window else 3, int(horizon[1])
    sys.exit(f"{project}: no hypothesis on one event")
