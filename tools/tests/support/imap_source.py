"""An account on the old server, filled and looked at by Python's own IMAP client.

    imap_source.py fill PORT USER         make folders and append messages
    imap_source.py change PORT USER       what goes on afterwards: flags change, mail comes
    imap_source.py order PORT USER        print every folder in the order of its UIDs, bodies as they come: JSON
    imap_source.py many PORT USER N       append N messages to a folder
    imap_source.py few PORT USER          seventeen messages, some of them equal
    imap_source.py rich PORT USER [ODD]   everything that mail may be; with ODD what strict servers refuse, dated 1985
    imap_source.py delta PORT USER        changes after `rich`: mail comes, is flagged, expunged and moved
    imap_source.py user PORT USER         what a user does on the new server meanwhile
    imap_source.py again PORT USER        after `few`: a folder is removed, and comes again with the same messages
    imap_source.py future PORT USER       a message of a date that is still to come
    imap_source.py live PORT USER SECONDS mail comes, is flagged, expunged and moved all the time

The password is read from the environment variable LOOK_PASSWORD.
"""

import base64
import hashlib
import imaplib
import json
import os
import random
import re
import sys
import time

imaplib._MAXLINE = 10_000_000
# Bodies are sent as they are.
imaplib.MapCRLF = re.compile(rb"(?!)")


def check(answer):
    status, data = answer
    assert status == "OK", (status, data)
    return data


def connect(port, user):
    server = imaplib.IMAP4("127.0.0.1", int(port))
    password = os.environ["LOOK_PASSWORD"]
    server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    return server


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mail(number, body=b"text\r\n", message_id=True):
    head = b"From: anna@example.test\r\nSubject: number %d\r\n" % number
    if message_id:
        head += b"Message-ID: <%d@example.test>\r\n" % number
    return head + b"\r\n" + body


def date(day, hour=12):
    return f'"{day:02}-Feb-2004 {hour:02}:00:01 -0930"'


def append(server, folder, flags, when, body):
    check(server.append(quoted(folder), flags, when, body))


def fill(port, user):
    server = connect(port, user)
    separator = check(server.list('""', '""'))[0].split(b'"')[1].decode()
    nested = separator.join(["Arbeit", "Gr&APYA3w-e &- Co", "&ZeVnLIqe-"])
    below = separator.join(["INBOX", "Below"])
    for folder in [nested, below, "Sent", "sp ace", 'quo"te', "Empty"]:
        check(server.create(quoted(folder)))
    for folder in ["INBOX", nested, 'quo"te']:
        check(server.subscribe(quoted(folder)))
    # Later UIDs have earlier dates: the order of arrival is not that of the dates.
    for number in range(1, 29):
        append(server, "INBOX", FLAGS[number % len(FLAGS)], date(29 - number), mail(number))
    for _ in range(3):
        append(server, "INBOX", r"(\Seen)", date(1), mail(100))
    append(server, "INBOX", "()", date(2), mail(101, "äöü ".encode() + b"\xff\xfe\r\n"))
    append(server, "INBOX", "()", date(2), mail(102, message_id=False))
    append(server, "INBOX", "()", date(2), b"no header and no line end")
    append(server, "INBOX", "()", date(2), b"\r\nno header\r\n")
    append(server, "INBOX", "()", date(2), b"Subject: header alone\r\n\r\n")
    append(server, "INBOX", "()", date(2), mail(103, b"odd\r\r\nline\rends\r\n"))
    append(server, "Sent", r"(\Seen)", date(3), mail(104, b"0123456789abcdef\r\n" * 200_000))
    append(server, nested, "(Work $Label1)", '"01-Jan-1970 05:00:07 +0500"', mail(105))
    append(server, nested, "()", date(5), mail(106))
    append(server, 'quo"te', "()", date(5), mail(107))
    append(server, below, "()", date(5), mail(108))
    server.logout()


def change(port, user):
    server = connect(port, user)
    check(server.select("INBOX"))
    check(server.uid("STORE", "1", "+FLAGS", r"(\Answered Later)"))
    check(server.uid("STORE", "6", "-FLAGS", r"(\Seen)"))
    append(server, "INBOX", "(Later)", date(7), mail(200))
    check(server.create("Fresh"))
    append(server, "Fresh", "()", date(8), mail(201))
    server.logout()


def many(port, user, count):
    server = connect(port, user)
    check(server.create("Many"))
    for number in range(int(count)):
        append(server, "Many", "()", date(1 + number % 28), mail(1000 + number, b"line\r\n" * (number % 50)))
    server.logout()


def few(port, user):
    server = connect(port, user)
    check(server.create("Sub"))
    for number in range(7):
        append(server, "INBOX", FLAGS[number % len(FLAGS)], date(1 + number), mail(800 + number))
    for _ in range(3):
        append(server, "INBOX", r"(\Seen)", date(9), mail(810))
    for _ in range(2):
        append(server, "INBOX", "()", date(9), mail(811, message_id=False))
    for number in range(5):
        append(server, "Sub", "(Work)", date(10), mail(820 + number, b"0123456789abcdef\r\n" * (number * 1000)))
    server.logout()


def text_of(name):
    """A folder name in modified UTF-7 (RFC 3501 5.1.3)."""

    def part(match):
        if match[0] == "&":
            return "&-"
        return "&" + base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^ -~]+", part, name)


def rich(port, user, *odd):
    server = connect(port, user)
    names = Names(server)
    for folder in RICH_FOLDERS:
        check(server.create(quoted(names.of(folder))))
    check(server.subscribe("INBOX"))
    for folder in RICH_FOLDERS[::2]:
        check(server.subscribe(quoted(names.of(folder))))
    for number, (flags, when) in enumerate(zip(RICH_FLAGS * 3, RICH_DATES * 4)):
        append(server, "INBOX", flags, when, mail(300 + number))
    for _ in range(3):
        append(server, "INBOX", r"(\Seen)", date(1), mail(400))
    append(server, "INBOX", r"(\Flagged)", date(1), mail(400))
    for number, body in enumerate(RICH_BODIES):
        append(server, names.of(RICH_FOLDERS[number % len(RICH_FOLDERS)]), "()", date(2 + number), body)
    append(server, names.of(RICH_FOLDERS[0]), r"(\Seen)", date(20), mail(500, b"0123456789abcdef\r\n" * 170_000))
    for folder in ODD_FOLDERS if odd else []:
        check(server.create(quoted(names.of(folder))))
        append(server, names.of(folder), "()", ODD_DATE, mail(501))
    for body in ODD_BODIES if odd else []:
        append(server, "INBOX", "()", ODD_DATE, body)
    server.logout()


def future(port, user):
    server = connect(port, user)
    append(server, "INBOX", "()", '"19-Jan-2038 03:14:06 +0000"', mail(900))
    server.logout()


def delta(port, user):
    server = connect(port, user)
    names = Names(server)
    check(server.select("INBOX"))
    first = uids(server)
    check(server.uid("STORE", first[0], "+FLAGS", r"(\Answered Later)"))
    check(server.uid("STORE", first[1], "FLAGS", "()"))
    append(server, "INBOX", "(Later)", date(7), mail(600))
    expunge(server, first[2])
    check(server.uid("COPY", first[4], quoted(names.of(RICH_FOLDERS[1]))))
    expunge(server, first[4])
    check(server.create(quoted(names.of("Fresh"))))
    append(server, names.of("Fresh"), r"(\Seen)", date(8), mail(601))
    check(server.subscribe(quoted(names.of("Fresh"))))
    server.logout()


def user(port, user):
    server = connect(port, user)
    check(server.select("INBOX"))
    first = uids(server)
    check(server.uid("STORE", first[5], "+FLAGS", r"(\Flagged)"))
    expunge(server, first[6])
    append(server, "INBOX", "()", date(9), mail(700))
    server.logout()


def live(port, user, seconds):
    server = connect(port, user)
    names = Names(server)
    chance = random.Random(7)
    end = time.monotonic() + float(seconds)
    number = 2000
    for folder in ["Fresh", RICH_FOLDERS[0]]:
        server.create(quoted(names.of(folder)))
    check(server.select("INBOX"))
    while time.monotonic() < end:
        number += 1
        append(server, "INBOX", "()", date(1 + number % 28), mail(number))
        known = uids(server)
        flags = chance.choice([r"(\Seen)", r"(\Answered)", "(Later)"])
        check(server.uid("STORE", chance.choice(known), chance.choice(["+FLAGS", "-FLAGS"]), flags))
        if number % 5 == 0:
            moved = chance.choice(known)
            check(server.uid("COPY", moved, quoted(names.of("Fresh" if number % 2 else RICH_FOLDERS[0]))))
            expunge(server, moved)
        if number % 7 == 0:
            expunge(server, chance.choice(uids(server)))
        time.sleep(0.01)
    server.logout()


def again(port, user):
    server = connect(port, user)
    check(server.select("Sub", readonly=True))
    answer = check(server.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])"))
    held = [line for line in answer if isinstance(line, tuple)]
    check(server.unselect())
    check(server.delete("Sub"))
    # UIDVALIDITY is the time in seconds.
    time.sleep(1.1)
    check(server.create("Sub"))
    for head, body in held:
        flags = re.search(r"FLAGS \((.*?)\)", head.decode())[1].split()
        when = re.search(r'INTERNALDATE (".*?")', head.decode())[1]
        kept = " ".join(flag for flag in flags if flag != "\\Recent")
        append(server, "Sub", f"({kept})", when, body)
    server.logout()


def uids(server):
    return [uid.decode() for uid in check(server.uid("SEARCH", "ALL"))[0].split()]


def expunge(server, uid):
    check(server.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
    check(server.uid("EXPUNGE", uid))


class Names:
    """Names as the server wants them: its separator, its prefix, modified UTF-7."""

    def __init__(self, server):
        self.separator = check(server.list('""', '""'))[0].split(b'"')[1].decode()
        self.prefix = "INBOX." if "NAMESPACE" in server.capabilities and b'"INBOX.' in server.namespace()[1][0] else ""

    def of(self, path):
        return self.prefix + self.separator.join(text_of(part) for part in path.split("/"))


def order(port, user):
    server = connect(port, user)
    found = {}
    for line in check(server.list()):
        if isinstance(line, tuple):
            attributes, name = line[0], line[1]
        else:
            attributes, name = re.match(rb'\((.*?)\) "." (.*)$', line).groups()
            if name.startswith(b'"'):
                name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        if b"\\Noselect" in attributes or b"\\NonExistent" in attributes:
            continue
        exists = int(check(server.select(quoted(name.decode()), readonly=True))[0])
        answer = check(server.uid("FETCH", "1:*", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")) if exists else []
        found[name.decode()] = [message(line) for line in answer if isinstance(line, tuple)]
    json.dump(found, sys.stdout, sort_keys=True)
    server.logout()


def message(line):
    head, body = line[0].decode(), line[1]
    flags = re.search(r"FLAGS \((.*?)\)", head)[1].split()
    return {
        "date": re.search(r'INTERNALDATE "(.*?)"', head)[1],
        "flags": sorted(flag for flag in flags if flag != "\\Recent"),
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": int(re.search(r"RFC822.SIZE (\d+)", head)[1]),
        "told": len(body),
    }


FLAGS = ["()", r"(\Seen)", r"(\Seen \Answered $Forwarded Work)", r"(\Deleted \Flagged)", r"(\Draft $Junk)"]

RICH_FOLDERS = [
    "Sent",
    "Projects/2004/R\u00e4ume & Stra\u00dfen",
    "\u65e5\u672c\u8a9e/\u53d7\u4fe1",
    "sp ace",
    "it's #1, (a) + b = c~ [$]",
    "Empty",
    "a/b/c/d/e/f",
]
RICH_FLAGS = [
    "()",
    r"(\Seen)",
    r"(\Seen \Answered $Forwarded Work)",
    r"(\Flagged \Draft)",
    r"(\Deleted)",
    r"(\Seen $Label1 NonJunk)",
    r"(\Seen \Answered \Flagged \Draft \Deleted)",
]
RICH_DATES = [
    '"01-Jan-1970 05:00:07 +0500"',
    '"29-Feb-2004 23:59:59 -0930"',
    '" 5-Nov-1994 08:15:30 -0500"',
    '"01-Jul-2026 12:00:00 +0545"',
    '"09-Sep-2001 01:46:40 -0000"',
    '"31-Dec-1999 23:59:59 +1400"',
]
RICH_BODIES = [
    mail(320, "\u00e4\u00f6\u00fc \u2713".encode() + b" \xff\xfe\xe4\r\n"),
    mail(321, message_id=False),
    mail(322, b""),
    mail(323, b"x" * 70_000 + b"\r\n"),
    mail(325, b".\r\n..\r\n>From me\r\n) a1 OK\r\n* BYE\r\n{5}\r\n"),
    mail(326, b"\r\n\r\n\r\n"),
    b"Subject: a header alone\r\n\r\n",
]
# What Courier and strict servers do not keep as it is, stands below: a message without a line end, too.
# Strict servers know no such names.
ODD_FOLDERS = ['quo"te', "100%", "{braces}", "\U0001f6a2 afloat"]
# Dated 1985, for servers may refuse these.
ODD_DATE = '"02-Feb-1985 12:00:00 +0000"'
ODD_BODIES = [
    b"no header and no line end",
    b"\r\nan empty header\r\n",
    b"Subject: gr\xfc\xdfe\r\nX-Raw: \xff\r\n\r\nan 8-bit header\r\n",
    b"Subject: a bare CR\r\n\r\none\rtwo\r\n",
    b": no name\r\nno colon\r\n\r\nbad lines in the header\r\n",
]

if __name__ == "__main__":
    commands = {
        "fill": fill,
        "change": change,
        "order": order,
        "few": few,
        "future": future,
        "many": many,
        "rich": rich,
        "delta": delta,
        "user": user,
        "again": again,
        "live": live,
    }
    commands[sys.argv[1]](*sys.argv[2:])
