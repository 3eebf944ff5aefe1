"""One scenario: the same account, fresh on both servers, for every program and repetition."""

import imaplib
import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

from corpus import FIRST_DAY, Corpus, Filler, link_tree, message
from dovecot import PASSWORD, free_port, owner
from measure import measure
from programs import Case

LIMIT = 7200
# Listing a larger account message by message takes longer than copying it; then only the folders are counted.
LISTED = 20_000


class Servers:
    """Source and target, both Dovecot, and the originals of the accounts beside them."""

    def __init__(self, store, source, target):
        self.originals, self.source, self.target = f"{store}/originals", source, target

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(self.source)
            stack.enter_context(self.target)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *problem):
        return self.stack.__exit__(*problem)


@dataclass(frozen=True)
class Scenario:
    """`corpus` is what each of `accounts` holds. A repetition is a full copy, the same once more, and with `delta`
    once more after one message in a hundred came, one in a hundred went and five in a hundred changed a flag."""

    group: str
    name: str
    title: str
    corpus: Corpus
    accounts: int = 1
    delay_ms: int = 0
    delta: bool = False
    repeat: int = 0

    def run(self, servers, programs, home, repeat):
        originals = [f"{servers.originals}/{self.name}-{number}" for number in range(self.accounts)]
        for number, original in enumerate(originals):
            self.corpus.write(original, f"{self.group} {number}", owner())
        results = []
        with self.link(servers) as (source_port, target_port):
            for turn in range(self.repeat or repeat):
                # Another order each time, so that nobody always comes first.
                for program in programs[turn % len(programs):] + programs[:turn % len(programs)]:
                    state = f"{home}/{turn}-{program.name}"
                    os.makedirs(state)
                    names = [f"{self.name}-{turn}-{program.name}-{number}" for number in range(self.accounts)]
                    case = Case(source_port, target_port, servers.target, names, state)
                    results += self.trial(servers, program, case, originals, turn)
        for original in originals:
            shutil.rmtree(original)
        return results

    @contextmanager
    def link(self, servers):
        """The ports under which the programs find the servers."""
        if not self.delay_ms:
            yield servers.source.port, servers.target.port
            return
        relays = [(free_port(), server.port) for server in (servers.source, servers.target)]
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "delay.py")
        running = [
            subprocess.Popen([sys.executable, "-B", script, str(listen), str(upstream), str(self.delay_ms)])
            for listen, upstream in relays
        ]
        time.sleep(1)
        try:
            yield relays[0][0], relays[1][0]
        finally:
            for relay in running:
                relay.terminate()
                relay.wait()

    def trial(self, servers, program, case, originals, turn):
        for account, original in zip(case.accounts, originals):
            link_tree(original, servers.source.maildir(account), owner())
            servers.source.index(account)
        results = []
        for phase in ["full", "no-op"] + ["delta"] * self.delta:
            if phase == "delta":
                for account in case.accounts:
                    change(servers.source.port, account)
            cost = measure(program.commands(case), servers.source.pid, servers.target.pid, f"{case.state}/log", LIMIT)
            results.append({
                "scenario": self.name, "program": program.name, "turn": turn, "phase": phase, **asdict(cost),
                "messages": self.corpus.messages * self.accounts, "state_octets": program.state_octets(case),
            })
            print(f"  {program.name} {phase}: {cost.seconds:.2f} s", file=sys.stderr, flush=True)
            expect_equal_counts(servers, program, case, phase)
        # Not before the end: looking would fill the caches of both servers.
        results[-1]["differences"] = self.differences(servers, case)
        for account in case.accounts:
            servers.source.remove(account)
            servers.target.remove(account)
        return results

    def differences(self, servers, case):
        """What the target lacks, holds beyond the source, or holds otherwise, over all accounts."""
        if self.corpus.messages > LISTED:
            return None
        found = dict.fromkeys(("missing", "extra", "size", "date", "flags"), 0)
        for account in case.accounts:
            here, there = servers.source.contents(account), servers.target.contents(account)
            both = here.keys() & there.keys()
            found["missing"] += len(here) - len(both)
            found["extra"] += len(there) - len(both)
            for at, kind in enumerate(("size", "date", "flags")):
                found[kind] += sum(here[key][at] != there[key][at] for key in both)
        return found


def expect_equal_counts(servers, program, case, phase):
    """A program that is fast because it left something out has no time at all. What the source no longer has may
    still be there: not every program removes by itself."""
    for account in case.accounts:
        wanted, found = servers.source.counts(account), servers.target.counts(account)
        wrong = {folder: (count, found.get(folder, 0)) for folder, count in wanted.items()
                 if found.get(folder, 0) < count or (phase != "delta" and found.get(folder) != count)}
        if wrong:
            raise SystemExit(f"{program.name}, {phase}, {account}: (source, target) messages are {wrong}")


def change(port, account):
    """What a user does between two runs, by IMAP."""
    rng = random.Random(f"change {account.rsplit('-', 1)[1]}")
    filler = Filler(rng)
    server = imaplib.IMAP4("127.0.0.1", port)
    server.login(account, PASSWORD)
    for number, folder in enumerate(folders(server)):
        server.select(folder)
        uids = server.uid("SEARCH", "ALL")[1][0].decode().split()
        gone, flagged, came = share(rng, len(uids), 0.01), share(rng, len(uids), 0.05), share(rng, len(uids), 0.01)
        chosen = rng.sample(uids, min(len(uids), gone + flagged))
        flip_flagged(server, chosen[gone:])
        if gone:
            server.uid("STORE", ",".join(chosen[:gone]), "+FLAGS.SILENT", "(\\Deleted)")
            server.expunge()
        for new in range(came):
            when = FIRST_DAY + rng.randrange(100_000_000)
            text = message(rng, filler, 1_000_000 * number + new, int(rng.lognormvariate(9.6, 1.2)), when)
            server.append(folder, None, imaplib.Time2Internaldate(when), text.replace("\n", "\r\n").encode())
    server.logout()


def folders(server):
    return [line.decode().split(' "/" ', 1)[1] for line in server.list()[1]]


def share(rng, count, part):
    """That part of them, rounded up or down by chance, so that small folders get their share."""
    return int(count * part + rng.random())


def flip_flagged(server, uids):
    if not uids:
        return
    found = server.uid("SEARCH", "UID", ",".join(uids), "FLAGGED")[1][0].decode().split()
    for sign, chosen in (("-", found), ("+", sorted(set(uids) - set(found), key=int))):
        if chosen:
            server.uid("STORE", ",".join(chosen), f"{sign}FLAGS.SILENT", "(\\Flagged)")
