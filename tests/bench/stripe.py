"""A first sync of Stripe's API from a local server, and how Supabase's engine does on the same one."""

import http.client
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import company
import postgres
import table
from process import paydirt, peer, run
from stripe_objects import KEY, identity

STAND_IN = os.environ.get("STAND_IN")
PEER = Path(__file__).with_name("stripe_peer")

def section():
    counts = {"customers": 20_000, "invoices": 20_000, "charges": 20_000, "subscriptions": 10_000}
    counts = {name: max(200, round(count * company.SCALE)) for name, count in counts.items()}
    folder, pages = objects("stripe-objects", counts)
    total = sum(counts.values())
    table.head(
        f"a first sync over the wire: {', '.join(f'{n:,} {name}' for name, n in counts.items())}, from one local\n"
        "server (one thread) without limits, which shares the machine with its client"
    )
    with served(folder) as (url, process):
        for packed in (True, False):
            seconds = ceiling(url, pages, packed)
            how = "packed with gzip" if packed else "not packed"
            table.add(f"the server's own ceiling, answers {how}", table.rate(total, seconds, "objects"))
        with supabase(url) as theirs:
            ours(url, process, total, theirs)


def big():
    """Memory must not grow with the number of objects."""
    counts = {"customers": 400_000, "invoices": 200_000, "charges": 300_000, "subscriptions": 100_000}
    counts = {name: max(200, round(count * company.SCALE)) for name, count in counts.items()}
    folder, _ = objects("stripe-objects-big", counts)
    table.head(f"a first sync over the wire of {sum(counts.values()):,} objects")
    with served(folder) as (url, process):
        ours(url, process, sum(counts.values()), None)
    shutil.rmtree(folder)


def ours(url, process, total, theirs):
    project = new_project(url)
    os.environ["STRIPE_API_KEY"] = KEY
    before = cpu_seconds(process.pid)
    done = paydirt(project, "sync", "stripe")
    served_for = cpu_seconds(process.pid) - before
    out = paydirt(project, "sql", "--format", "csv", "-f", company.HERE / "sql" / "stripe_objects.sql").out
    assert int(out.split()[-1]) == total, out
    lake = company.bytes_of(project / "data" / "lake")
    bar = "300 MB" if theirs is None else "150 MB"

    def add(what, write, mine, field, target=""):
        beside = "" if theirs is None else f"Supabase {write(theirs[field])}"
        table.add(what, write(mine), target, beside)

    def rate(seconds):
        return table.rate(total, seconds, "objects")

    def cpu(seconds):
        return f"{seconds / total * 1e5:.2f} s"

    add("objects a second", rate, done.seconds, "seconds", "20 k/s, or the ceiling")
    table.add("of that time the server's thread was busy", f"{served_for / done.seconds:.0%}")
    add("processor time for 100,000 objects", cpu, done.cpu_seconds, "cpu", "3 s")
    add("peak memory", table.size, done.peak_bytes, "peak", bar)
    add("bytes in the lake, or in Postgres", table.size, lake, "bytes")
    table.add("what paydirt says", done.out.strip().splitlines()[-1])
    shutil.rmtree(project)


def new_project(url):
    project = company.FOLDER / "project-stripe"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    # No limits: as many a second as there are.
    settings = f'[source.stripe]\napi_base = "{url}"\nrate_limit = 1000000\n'
    (project / "paydirt.toml").write_text(settings)
    return project


@contextmanager
def supabase(url):
    """What Supabase's engine takes for the same objects, into a Postgres of its own."""
    with postgres.server() as (uri, pid):
        done = run(["node", PEER / "sync.mjs", os.environ["NODE_FOLDER"], url, uri])
        # Postgres works for it too. Its processes that ended are counted by the one that is left.
        cpu = done.cpu_seconds + sum(cpu_seconds(left, with_children=True) for left in [pid, *children(pid)])
        size = int(postgres.ask(uri, "select pg_database_size(current_database())"))
        yield {"seconds": done.seconds, "cpu": cpu, "peak": done.peak_bytes, "bytes": size}


def objects(name, counts):
    """A folder of lists to serve, and the requests for all their pages."""
    folder = company.FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    with served("--sample", "2") as (url, _):
        # Another process, for this one has to stay small.
        peer("stripe_objects.py", url, folder, json.dumps(counts))
    pages = []
    for what, count in counts.items():
        status = "&status=all" if what == "subscriptions" else ""
        for newer in range(count, 0, -100):
            after = f"&starting_after={identity(what, newer)}" if newer < count else ""
            pages.append(f"/v1/{what}?limit=100{status}{after}")
    return folder, pages


@contextmanager
def served(*what):
    """The stand-in for Stripe, serving a folder or a made-up company."""
    given = ["--load", str(what[0]), "--as-given"] if isinstance(what[0], Path) else list(what)
    process = subprocess.Popen([STAND_IN, *given], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()


def ceiling(url, pages, packed):
    """Seconds that the server takes for all pages, asked by four connections that only read."""
    waiting = queue.SimpleQueue()
    for page in pages:
        waiting.put(page)

    def ask():
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        headers = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": "gzip" if packed else "identity"}
        while True:
            try:
                page = waiting.get_nowait()
            except queue.Empty:
                return
            connection.request("GET", page, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                sys.exit(f"{page}: {answer.status} {body[:200]}")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pid, with_children=False):
    """Processor time of a process so far; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    ticks = sum(int(field) for field in fields[11 : 15 if with_children else 13])
    return ticks / os.sysconf("SC_CLK_TCK")
