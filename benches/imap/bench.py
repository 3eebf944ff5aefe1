"""Whole commands, timed beside their peers. `run` starts this; README.md says what is measured and why so."""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack

import report
from corpus import Corpus
from dovecot import Dovecot
from programs import Dsync, ImapSync, Mbsync
from scenario import Scenario, Servers


def main():
    options = parse()
    # Killed, it still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    programs = [program for program in every_program(options) if program.name in options.programs]
    scenarios = [scenario for scenario in every_scenario(options) if scenario.group in options.scenario]
    document = {"schema": 1, "machine": machine(options), "programs": {p.name: p.version() for p in programs},
                "repeat": options.repeat, "scale": options.scale, "results": []}
    with ExitStack() as stack:
        store = stack.enter_context(scratch(options.store, options.keep))
        state = stack.enter_context(scratch(options.state, options.keep))
        servers = stack.enter_context(start_servers(store))
        for scenario in scenarios:
            say(f"{scenario.name}: {scenario.title}")
            results = scenario.run(servers, programs, f"{state}/{scenario.name}", options.repeat)
            document["results"] += results
            print(report.table(scenario, results), flush=True)
            write(options.json, document)


def write(path, document):
    """After each scenario, so that what was measured outlives a failure in the next."""
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({**document, "medians": report.medians(document["results"])}, file, indent=1)


def parse():
    parser = argparse.ArgumentParser(prog="benches/imap/run", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"{', '.join(GROUPS)} (default: all)")
    parser.add_argument("--repeat", type=int, default=3, help="how often each program does each scenario (3)")
    parser.add_argument("--scale", type=float, default=1.0, help="that share of the mail, to try the scripts (1.0)")
    parser.add_argument("--programs", default="imap-sync,mbsync,dsync", help="which, of imap-sync,mbsync,dsync")
    parser.add_argument("--many", choices=["auto", "csv", "loop"], default="auto",
                        help="several accounts of imap-sync: one process with --accounts, or a loop (auto: as it can)")
    parser.add_argument("--jobs", type=int, default=4, help="accounts at once, with --accounts (4)")
    parser.add_argument("--million", action="store_true", help="growth also to a million messages")
    parser.add_argument("--store", default="/dev/shm", help="where the servers keep the mail (/dev/shm)")
    parser.add_argument("--state", default=f"{ROOT}/target",
                        help="where the programs keep what they remember (target, in the repository)")
    parser.add_argument("--json", metavar="FILE", help="also write everything measured to FILE")
    parser.add_argument("--keep", action="store_true", help="do not remove mail, state and logs at the end")
    options = parser.parse_args()
    options.programs = options.programs.split(",")
    options.scenario = options.scenario or GROUPS
    if unknown := set(options.scenario) - set(GROUPS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return options


def every_program(options):
    return [ImapSync(os.environ["IMAP_SYNC"], options.many, options.jobs), Mbsync(), Dsync()]


def every_scenario(options):
    share = options.scale
    sizes = [1_000, 10_000, 100_000] + [1_000_000] * options.million
    return [
        Scenario("mailbox", "mailbox", "one account, loopback", scaled(10_000, 432_000_000, 27, share), delta=True),
        Scenario("latency", "latency", "one account, 40 ms round trip on each side",
                 scaled(1_000, 10_000_000, 6, share), delay_ms=40),
        Scenario("accounts", "accounts", "fifty accounts", scaled(200, 8_640_000, 6, share), accounts=50),
        *(Scenario("growth", f"growth-{size}", f"one folder of {size} small messages",
                   scaled(size, size * 500, 1, share), repeat=1) for size in sizes),
    ]


def scaled(messages, octets, folders, share):
    return Corpus(max(folders, round(messages * share)), max(folders * 600, round(octets * share)), folders)


class scratch(tempfile.TemporaryDirectory):
    """A fresh directory below `parent`, gone at the end unless it is to be kept."""

    def __init__(self, parent, keep):
        os.makedirs(parent, exist_ok=True)
        super().__init__(prefix="bench-imap-", dir=os.path.abspath(parent), ignore_cleanup_errors=True)
        # The mail user has to get through.
        os.chmod(self.name, 0o755)
        if keep:
            self._finalizer.detach()
            self.cleanup = lambda: say(f"kept {self.name}")


def start_servers(store):
    source = Dovecot(f"{store}/s")
    return Servers(store, source, Dovecot(f"{store}/t", imapc_port=source.port))


def machine(options):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {
        "processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "store": filesystem(options.store), "state": filesystem(options.state),
    }


def filesystem(path):
    os.makedirs(path, exist_ok=True)
    kind = subprocess.run(["stat", "-f", "-c", "%T", path], check=True, capture_output=True, text=True).stdout.strip()
    return f"{kind}, {shutil.disk_usage(path).free >> 20} MiB free"


def say(text):
    print(f"benches/imap: {text}", file=sys.stderr, flush=True)


ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GROUPS = ["mailbox", "latency", "accounts", "growth"]

if __name__ == "__main__":
    main()
