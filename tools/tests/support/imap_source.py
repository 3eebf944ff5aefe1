"""An account on the old server, filled and looked at by Python's own IMAP client.

    imap_source.py fill PORT USER         make folders and append messages
    imap_source.py change PORT USER       what goes on afterwards: flags change, mail comes
    imap_source.py order PORT USER        print every folder in the order of its UIDs, bodies as they come: JSON
    imap_source.py many PORT USER N       append N messages to a folder

The password is read from the environment variable LOOK_PASSWORD.
"""

import hashlib
import imaplib
import json
import os
import re
import sys

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

if __name__ == "__main__":
    commands = {"fill": fill, "change": change, "order": order, "many": many}
    commands[sys.argv[1]](*sys.argv[2:])
