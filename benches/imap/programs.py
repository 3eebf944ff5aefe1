"""The programs compared. Each says which commands bring `accounts` from the source to the target; the same commands
once more are the run with nothing to do, and the run after a change."""

import os
import subprocess
from dataclasses import dataclass

from dovecot import PASSWORD


@dataclass(frozen=True)
class Case:
    """What a program is told: ports on loopback, names that both servers know, a directory of its own."""

    source_port: int
    target_port: int
    target: object
    accounts: list
    state: str


class ImapSync:
    """Ours. `many` says how several accounts are done: `csv` in one process, `loop` in one after the other."""

    name = "imap-sync"

    def __init__(self, path, many, jobs):
        self.path = path
        usage = subprocess.run([path, "run", "--help"], check=True, capture_output=True, text=True).stdout
        self.csv = many == "csv" or (many == "auto" and "--accounts" in usage)
        self.mirror = ["--mirror"] if "--mirror" in usage else []
        self.jobs = jobs

    def version(self):
        return subprocess.run([self.path, "--version"], check=True, capture_output=True, text=True).stdout.strip()

    def commands(self, case):
        if self.csv and len(case.accounts) > 1:
            return [self.all_at_once(case)]
        return [self.one(case, account) for account in case.accounts]

    def one(self, case, account):
        argv = [
            self.path, "run", f"imap://{account}@127.0.0.1:{case.source_port}",
            f"imap://{account}@127.0.0.1:{case.target_port}",
            "--source-password-env", "BENCH_PASSWORD", "--target-password-env", "BENCH_PASSWORD",
            "--state", f"{case.state}/{account}.state", "--allow-plaintext", "--progress", "never", *self.mirror,
        ]
        return argv, {"BENCH_PASSWORD": PASSWORD}

    def all_at_once(self, case):
        table = f"{case.state}/accounts.csv"
        with open(table, "w", encoding="ascii") as file:
            file.write("source_user,target_user,source_password,target_password\n")
            for account in case.accounts:
                file.write(f"{account},{account},env:BENCH_PASSWORD,env:BENCH_PASSWORD\n")
        argv = [
            self.path, "run", "--accounts", table, f"imap://127.0.0.1:{case.source_port}",
            f"imap://127.0.0.1:{case.target_port}", "--jobs", str(self.jobs),
            "--state", f"{case.state}/all.state", "--allow-plaintext", "--progress", "never", *self.mirror,
        ]
        return argv, {"BENCH_PASSWORD": PASSWORD}

    def state_octets(self, case):
        """The journal; not the table of accounts, which is ours."""
        return sum(entry.stat().st_size for entry in os.scandir(case.state) if ".state" in entry.name)


class Mbsync:
    """isync's program, told to keep the dates, and to remove what the source no longer has."""

    name = "mbsync"

    def version(self):
        return subprocess.run(["mbsync", "--version"], check=True, capture_output=True, text=True).stdout.strip()

    def commands(self, case):
        config = f"{case.state}/mbsyncrc"
        with open(config, "w", encoding="ascii") as file:
            for account in case.accounts:
                for side, port in (("far", case.source_port), ("near", case.target_port)):
                    file.write(STORE.format(name=f"{account}-{side}", user=account, port=port, password=PASSWORD))
                os.makedirs(f"{case.state}/{account}", exist_ok=True)
                file.write(CHANNEL.format(name=account, state=case.state))
        os.chmod(config, 0o600)
        return [(["mbsync", "--quiet", "--quiet", "-c", config, "-a"], {})]

    def state_octets(self, case):
        return sum(
            os.path.getsize(f"{place}/{name}")
            for account in case.accounts
            for place, _, names in os.walk(f"{case.state}/{account}") for name in names
        )


class Dsync:
    """Dovecot's own: reads by IMAP, writes straight into the target's store, and so can only bring mail to Dovecot."""

    name = "dsync"

    def version(self):
        text = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True).stdout
        return f"dovecot {text.strip()}"

    def commands(self, case):
        return [
            (["doveadm", "-c", case.target.conf, "-o", f"imapc_port={case.source_port}",
              "backup", "-R", "-u", account, "imapc:"], {})
            for account in case.accounts
        ]

    def state_octets(self, _):
        return 0


STORE = """\
IMAPAccount {name}
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN
Timeout 600

IMAPStore {name}
Account {name}

"""

CHANNEL = """\
Channel {name}
Far :{name}-far:
Near :{name}-near:
Patterns *
Sync Pull
Create Near
Expunge Near
CopyArrivalDate yes
SyncState {state}/{name}/

"""
