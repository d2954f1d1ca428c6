"""Measures the sections that are named, all but the big ones by default, and prints the table."""

import os
import platform
import sys
from pathlib import Path

import behaviour
import company
import domains
import identity
import landing
import million
import postgres
import startup
import stripe
import table
import two_arms

SECTIONS = {
    "landing": landing.section,
    "postgres": postgres.section,
    "two-arms": two_arms.section,
    "startup": startup.section,
    "domains": domains.section,
    "identity": identity.section,
    "behaviour": behaviour.section,
    "stripe": stripe.section,
    "big": landing.big,
    "stripe-big": stripe.big,
    "million": million.section,
}
# They take long, and much of the disk.
ONLY_IF_NAMED = ("big", "stripe-big", "million")


def machine():
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    processor = names[0].split(":", 1)[1].strip() if names else platform.machine()
    return f"{os.cpu_count()} cores of {processor}, {table.size(memory)} of memory, scale {company.SCALE:g}"


def main():
    for name in sys.argv[1:] or [name for name in SECTIONS if name not in ONLY_IF_NAMED]:
        SECTIONS[name]()
    print(f"\n{machine()}")
    table.show()


main()
