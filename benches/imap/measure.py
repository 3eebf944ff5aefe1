"""One command measured: wall time, processor time here and in the servers, and peak memory."""

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Cost:
    """`peak` is in KiB, times are in seconds. `source` and `target` are the processor time of the servers, `other` is
    that of everything else on the machine: on a quiet one little."""

    seconds: float = 0.0
    user: float = 0.0
    system: float = 0.0
    peak: int = 0
    source: float = 0.0
    target: float = 0.0
    other: float = 0.0


def measure(commands, source_pid, target_pid, log, limit):
    """Runs one command after the other. Any that fails or takes longer than `limit` seconds ends the benchmark."""
    def gauges():
        return family_time(source_pid), family_time(target_pid), machine_time() - family_time(os.getpid())

    cost, before = Cost(), gauges()
    for argv, env in commands:
        run_one(cost, argv, env, log, limit)
    # The commands, the relays and this Python itself are one family, so `rest` is without them.
    cost.source, cost.target, rest = (after - first for after, first in zip(gauges(), before))
    cost.other = max(0.0, rest - cost.source - cost.target)
    return cost


def run_one(cost, argv, env, log, limit):
    with open(log, "ab") as output:
        start = time.monotonic()
        child = subprocess.Popen(
            argv, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        peak = watch(child.pid, start + limit)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{argv[0]} ended with {child.returncode} after {seconds:.0f} s; see {log}:\n{tail(log)}")
    cost.seconds += seconds
    cost.user += usage.ru_utime
    cost.system += usage.ru_stime
    cost.peak = max(cost.peak, peak)


def watch(pid, deadline):
    """Peak resident memory until the end. ru_maxrss would count what this Python held before the exec, so VmHWM is
    read again and again; it never falls, and only the last few milliseconds are missed."""
    peak, waited = 0, 0.002
    handle = os.pidfd_open(pid)
    try:
        while not select.select([handle], [], [], waited)[0]:
            peak = max(peak, high_water(pid))
            waited = min(0.02, waited * 1.2)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(handle)
    return peak


def high_water(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def family_time(master):
    """Processor time of a process and its children, living or ended."""
    ticks = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            pid, parent, spent = process_ticks(int(name))
            ticks += spent if master in (pid, parent) else 0
    return ticks / TICKS


def process_ticks(pid):
    """(pid, parent, ticks), with those of ended children."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return pid, 0, 0
    return pid, int(fields[1]), sum(map(int, fields[11:15]))


def machine_time():
    """What all processors did since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def tail(path):
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 2000))
        return file.read().decode(errors="replace")


TICKS = os.sysconf("SC_CLK_TCK")
