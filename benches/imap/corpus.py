"""Invented mail, the same for the same seed, written straight into Maildirs as Dovecot would have left it."""

import base64
import os
import random
from dataclasses import dataclass
from email.utils import formatdate

FOLDERS = [
    "INBOX", "Sent", "Archive", "Trash", "Junk", "Drafts", "Projects", "Projects/Harbour", "Projects/Harbour/Plans",
    "Projects/Lighthouse", "Projects/Pier", "Customers", "Customers/A to M", "Customers/N to Z", "Lists",
    "Lists/Announcements", "Lists/Developers", "Lists/Users", "Invoices", "Invoices/2023", "Invoices/2024",
    "Invoices/2025", "Travel", "Family", "Receipts", "Orders", "Old.Mail",
]
SMALLEST = 600
LARGEST = 12_000_000
FIRST_DAY = 1_600_000_000
FIVE_YEARS = 5 * 365 * 86_400
WORDS = "tide quay mooring ballast rudder keel anchor beacon chart compass cargo ferry harbour pilot sail".split()


@dataclass(frozen=True)
class Corpus:
    """What one account holds. `octets` is the sum of the messages as IMAP counts them (RFC822.SIZE)."""

    messages: int
    octets: int
    folders: int

    def write(self, maildir, seed, owner):
        """Writes the account; every file belongs to `owner`, a (uid, gid)."""
        rng = random.Random(seed)
        filler = Filler(rng)
        names = FOLDERS[:self.folders]
        sizes = self.sizes(rng)
        for name in names:
            for part in ("cur", "new", "tmp"):
                os.makedirs(f"{maildir}/{name}/{part}" if name != "INBOX" else f"{maildir}/{part}")
        for number, size in enumerate(sizes):
            folder = names[number] if number < len(names) else pick_folder(rng, names)
            home = maildir if folder == "INBOX" else f"{maildir}/{folder}"
            write_message(home, rng, filler, number, size)
        own(maildir, owner)

    def sizes(self, rng):
        """Many small ones and a few large: log-normal, scaled until they sum up to `octets`."""
        if self.octets <= SMALLEST * self.messages:
            return [self.octets // self.messages] * self.messages
        raw = [rng.lognormvariate(0, 1.6) for _ in range(self.messages)]
        scale = self.octets / sum(raw)
        for _ in range(30):
            sizes = [min(LARGEST, max(SMALLEST, int(size * scale))) for size in raw]
            scale *= self.octets / sum(sizes)
        return sizes


class Filler:
    """Bodies at memory speed: pieces of one text of random base64 lines."""

    LINE = 77

    def __init__(self, rng):
        text = base64.b64encode(rng.randbytes(3_000_000)).decode()
        self.lines = len(text) // 76
        self.text = "".join(text[at:at + 76] + "\n" for at in range(0, self.lines * 76, 76))

    def body(self, rng, octets):
        """About `octets` octets, were each line to end in CR LF."""
        pieces = []
        wanted = max(0, octets // (self.LINE + 1))
        while wanted > 0:
            first = rng.randrange(self.lines)
            count = min(wanted, self.lines - first)
            pieces.append(self.text[first * self.LINE:(first + count) * self.LINE])
            wanted -= count
        pieces.append("=" * max(0, octets % (self.LINE + 1) - 2) + "\n")
        return "".join(pieces)


def message(rng, filler, number, octets, when):
    """One message with the line ends of a Maildir."""
    sender, reader = rng.randrange(400), rng.randrange(40)
    head = (
        f"Return-Path: <person{sender}@example.com>\n"
        f"Received: from mx.example.com by mail.example.org; {formatdate(when)}\n"
        f"From: Person {sender} <person{sender}@example.com>\n"
        f"To: Reader {reader} <reader{reader}@example.org>\n"
        f"Subject: {' '.join(rng.choices(WORDS, k=5))} {number}\n"
        f"Date: {formatdate(when)}\n"
        f"Message-ID: <{number}.{rng.getrandbits(64):016x}@example.com>\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=us-ascii\n"
        "\n"
    )
    return head + filler.body(rng, octets - len(head) - head.count("\n"))


def write_message(home, rng, filler, number, size):
    when = FIRST_DAY + rng.randrange(FIVE_YEARS)
    text = message(rng, filler, number, size, when)
    flags = "".join(flag for flag, share in (("F", 0.06), ("R", 0.15), ("S", 0.8)) if rng.random() < share)
    virtual = len(text) + text.count("\n")
    path = f"{home}/cur/{when}.M{number}P1.bench,S={len(text)},W={virtual}:2,{flags}"
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    # Dovecot takes INTERNALDATE from here.
    os.utime(path, (when, when))


def pick_folder(rng, names):
    """The first folders hold the most, as people's folders do."""
    return names[min(int(rng.expovariate(5 / len(names))), len(names) - 1)]


def own(tree, owner):
    for place, _, files in os.walk(tree):
        os.chown(place, *owner)
        for name in files:
            os.chown(f"{place}/{name}", *owner)


def link_tree(source, target, owner):
    """A second account of the same mail: hard links, for a message in a Maildir never changes."""
    for place, _, files in os.walk(source):
        there = target + place[len(source):]
        os.makedirs(there)
        os.chown(there, *owner)
        for name in files:
            os.link(f"{place}/{name}", f"{there}/{name}")
