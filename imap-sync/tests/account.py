"""Fills an IMAP account and dumps one, with nothing of the crate under test.

account.py fill HOST PORT USER PASSWORD
account.py dump HOST PORT USER PASSWORD      one JSON document
account.py remove HOST PORT USER PASSWORD MAILBOX UID
"""
import hashlib
import imaplib
import json
import re
import sys

imaplib._MAXLINE = 10_000_000


def quote(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def check(answer):
    kind, data = answer
    assert kind == "OK", (kind, data)
    return data


def mail(number, body=b"text\r\n", message_id=True):
    head = b"From: ada@example.com\r\nSubject: number %d\r\n" % number
    if message_id:
        head += b"Message-ID: <%d@example.com>\r\n" % number
    return head + b"\r\n" + body


FOLDERS = [
    "INBOX", "Sent", "Arbeit/Gr&APYA3w-e/&ZeVnLIqe-", "a.b", 'quo"te', "back\\slash", "spa ce &- co", "Empty", "Many",
]
SUBSCRIBED = ["INBOX", "Arbeit/Gr&APYA3w-e/&ZeVnLIqe-", 'quo"te', "Empty"]


def fill(imap):
    def append(folder, flags, date, body):
        check(imap.append(quote(folder), flags, '"%s"' % date, body))

    for folder in FOLDERS[1:]:
        check(imap.create(quote(folder)))
    for folder in SUBSCRIBED:
        check(imap.subscribe(quote(folder)))
    append("INBOX", r"(\Seen \Answered $Forwarded Work)", "01-Jul-2002 02:44:25 +0200", mail(1))
    append("INBOX", r"(\Deleted \Flagged)", "29-Feb-2004 23:59:59 -0930", mail(2))
    append("INBOX", "()", "17-Nov-2026 10:00:00 +0000", mail(3, "äöü 8-bit\r\n".encode() + b"\xff\xfe\r\n"))
    append("INBOX", r"(\Draft)", "17-Nov-2026 10:00:00 +0000", mail(4, message_id=False))
    for _ in range(3):
        append("INBOX", r"(\Seen)", "17-Nov-2026 10:00:01 +0000", mail(5))
    append("INBOX", "()", "18-Nov-2026 10:00:00 +0000", b"\r\nno header\r\n")
    append("INBOX", "()", "18-Nov-2026 10:00:00 +0000", b"no line end, no header")
    append("INBOX", "()", "18-Nov-2026 10:00:00 +0000", b"Subject: header alone\r\n")
    append("INBOX", "()", "18-Nov-2026 10:00:00 +0000", mail(6, b"x" * 300_000 + b"\r\n"))
    append("Sent", r"(\Seen)", "19-Nov-2026 10:00:00 +0000", mail(7, b"0123456789abcde\r\n" * 300_000))
    append("Sent", r"(\Seen)", "19-Nov-2026 10:00:00 +0000", mail(8))
    append("Arbeit/Gr&APYA3w-e/&ZeVnLIqe-", "(Work $Label1)", "19-Nov-2026 10:00:00 +0000", mail(9))
    append('quo"te', "()", "19-Nov-2026 10:00:00 +0000", mail(10))
    for number in range(250):
        append("Many", r"(\Seen)" if number % 3 else "()", "19-Nov-2026 10:00:%02d +0000" % (59 - number % 60), mail(100 + number))


def names(lines):
    for line in lines:
        if line is None:
            continue
        if isinstance(line, tuple):
            line = line[0].rsplit(b" ", 1)[0] + b" " + quote(line[1].decode("latin-1")).encode("latin-1")
        found = re.match(rb'\(([^)]*)\) (NIL|"(?:\\.|[^"])*") (.*)$', line)
        name = found[3].decode("latin-1")
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        yield name, found[1].lower().split()


def dump(imap):
    folders = {}
    for name, attributes in names(check(imap.list())):
        if b"\\noselect" in attributes or b"\\nonexistent" in attributes:
            continue
        status = check(imap.status(quote(name), "(UIDVALIDITY UIDNEXT RECENT)"))[-1].decode("latin-1")
        check(imap.select(quote(name), readonly=True))
        messages = []
        data = check(imap.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])"))
        for part in data:
            if not isinstance(part, tuple):
                continue
            head, body = part
            flags = sorted(re.search(rb"FLAGS \(([^)]*)\)", head)[1].decode("latin-1").split())
            date = imaplib.Internaldate2tuple(re.search(rb'INTERNALDATE "[^"]*"', head)[0])
            messages.append({
                "uid": int(re.search(rb"UID (\d+)", head)[1]),
                "flags": flags,
                "date": list(date)[:6],
                "size": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            })
        folders[name] = {
            "status": {key: int(re.search(key + r" (\d+)", status)[1]) for key in ("UIDVALIDITY", "UIDNEXT", "RECENT")},
            "messages": sorted(messages, key=lambda message: message["uid"]),
        }
    subscribed = sorted(name for name, _ in names(check(imap.lsub())))
    return {"folders": folders, "subscribed": subscribed}


def remove(imap, folder, uid):
    check(imap.select(quote(folder)))
    check(imap.uid("STORE", uid, "+FLAGS", r"(\Deleted)"))
    check(imap.uid("EXPUNGE", uid))


def main():
    command, host, port, user, password, *rest = sys.argv[1:]
    imap = imaplib.IMAP4(host, int(port))
    imap.login(user, password)
    if command == "fill":
        fill(imap)
    elif command == "dump":
        json.dump(dump(imap), sys.stdout, sort_keys=True)
    else:
        remove(imap, *rest)
    imap.logout()


main()
