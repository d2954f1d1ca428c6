"""Child processes with their wall time and peak memory, and paydirt as one of them.

This process stays small: a child's peak counts from the memory of the one that started it.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PAYDIRT = os.environ["PAYDIRT"]


@dataclass
class Run:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    out: str
    err: str


def run(command, may_refuse=False, core=None):
    """Runs to the end; anything but exit 0 is an error (2, part refused, if that is allowed)."""
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    command = [str(word) for word in command]
    # Files, not pipes: nobody has to read while the clock runs.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        texts = out.read().decode(), err.read().decode()
    if child.returncode not in ((0, 2) if may_refuse else (0,)):
        sys.exit(f"{' '.join(command)}: exit {child.returncode}\n{texts[0]}{texts[1]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, *texts)


def paydirt(project, *arguments, **options):
    return run([PAYDIRT, "--project", project, *arguments], **options)


def script(project, text, **options):
    """Runs a script of `paydirt sql`, csv out; also gives the milliseconds of each timed statement."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(text)
        file.flush()
        done = paydirt(project, "sql", "--format", "csv", "-f", file.name, **options)
    return done, [float(ms) for ms in re.findall(r"^Time: ([\d.]+) ms$", done.out, re.MULTILINE)]


def peer(name, *arguments, **options):
    """Runs one of the peer programs of this folder."""
    return run([sys.executable, Path(__file__).with_name(name), *arguments], **options)


def drop_page_cache():
    """Forgets what files hold; False where this is not permitted."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    except OSError:
        return False


def warm(file):
    """Leaves nothing to be written, and the file in the page cache."""
    os.sync()
    with open(file, "rb") as source:
        while source.read(1 << 24):
            pass
