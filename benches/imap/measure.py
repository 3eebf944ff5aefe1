"""One command measured: wall time, processor time and peak memory."""

import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Cost:
    """`peak` is in KiB, times are in seconds; `machine` is what all processors did meanwhile, servers included."""

    seconds: float = 0.0
    user: float = 0.0
    system: float = 0.0
    peak: int = 0
    machine: float = 0.0

    def add(self, other):
        return Cost(
            self.seconds + other.seconds, self.user + other.user, self.system + other.system,
            max(self.peak, other.peak), self.machine + other.machine,
        )


def measure(commands, log, limit):
    """Runs one command after the other. Any that fails or takes longer than `limit` seconds ends the benchmark."""
    total = Cost()
    for argv, env in commands:
        total = total.add(measure_one(argv, env, log, limit))
    return total


def measure_one(argv, env, log, limit):
    with open(log, "ab") as output:
        busy, start = machine_busy(), time.monotonic()
        child = subprocess.Popen(
            argv, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        peak = watch(child.pid, start + limit)
        _, status, usage = os.wait4(child.pid, 0)
        seconds, busy = time.monotonic() - start, machine_busy() - busy
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{argv[0]} ended with {child.returncode} after {seconds:.0f} s; see {log}:\n{tail(log)}")
    return Cost(seconds, usage.ru_utime, usage.ru_stime, peak, busy)


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


def machine_busy():
    """Seconds of work of all processors since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def tail(path):
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 2000))
        return file.read().decode(errors="replace")
