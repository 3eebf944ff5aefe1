"""What clients remember of an account: UIDVALIDITY, UIDs and UIDNEXT.

    imap_uids.py gaps PORT USER              remove some messages, so that UIDs have gaps and UIDNEXT is not the last + 1
    imap_uids.py state PORT USER             print what each folder shows: JSON
    imap_uids.py watch PORT USER FOLDER UNTIL   keep a folder open, looking for new mail, until a file is there; print
                                             which message was seen under which UID: JSON
    imap_uids.py append PORT USER FOLDER N   append N messages that bear the Message-ID <new...>

The password is read from the environment variable LOOK_PASSWORD.
"""

import hashlib
import imaplib
import json
import os
import re
import sys
import time

imaplib._MAXLINE = 10_000_000


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


def names(lines):
    for line in lines:
        if isinstance(line, tuple):
            yield line[0], line[1].decode()
        elif line:
            attributes, name = re.match(rb'\((.*?)\) "." (.*)$', line).groups()
            if name.startswith(b'"'):
                name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
            yield attributes, name.decode()


def gaps(port, user):
    server = connect(port, user)
    check(server.select("INBOX"))
    check(server.uid("STORE", "1,5:7,37", "+FLAGS", r"(\Deleted)"))
    check(server.uid("EXPUNGE", "1,5:7,37"))
    check(server.select("Sent"))
    check(server.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)"))
    check(server.uid("EXPUNGE", "1:*"))
    server.logout()


def state(port, user):
    server = connect(port, user)
    found = {}
    for attributes, name in names(check(server.list())):
        if b"\\Noselect" in attributes or b"\\NonExistent" in attributes:
            continue
        status = check(server.status(quoted(name), "(UIDVALIDITY UIDNEXT MESSAGES)"))[-1].decode()
        exists = int(check(server.select(quoted(name), readonly=True))[0])
        answer = check(server.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")) if exists else []
        found[name] = {
            "messages": [message(line) for line in answer if isinstance(line, tuple)],
            "next": int(re.search(r"UIDNEXT (\d+)", status)[1]),
            "validity": int(re.search(r"UIDVALIDITY (\d+)", status)[1]),
        }
    subscribed = sorted(name for _, name in names(check(server.lsub())))
    json.dump({"folders": found, "subscribed": subscribed}, sys.stdout, sort_keys=True)
    server.logout()


def message(line):
    head = line[0].decode()
    flags = re.search(r"FLAGS \((.*?)\)", head)[1].split()
    return {
        "flags": sorted(flag for flag in flags if flag != "\\Recent"),
        "sha256": hashlib.sha256(line[1]).hexdigest(),
        "uid": int(re.search(r"UID (\d+)", head)[1]),
    }


def watch(port, user, folder, until):
    seen, changed, validities, server = {}, [], set(), None
    done = False
    while not done:
        done = os.path.exists(until)
        try:
            if server is None:
                server = connect(port, user)
                if server.select(quoted(folder), readonly=True)[0] != "OK":
                    server = None
                    time.sleep(0.01)
                    continue
                validities.add(int(server.response("UIDVALIDITY")[1][0]))
            check(server.noop())
            server.untagged_responses.clear()
            for line in check(server.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (Subject)])")):
                if not isinstance(line, tuple):
                    continue
                uid, text = int(re.search(rb"UID (\d+)", line[0])[1]), line[1].decode().strip()
                if seen.setdefault(uid, text) != text:
                    changed.append([uid, seen[uid], text])
        except (imaplib.IMAP4.abort, OSError):
            server = None
    json.dump({"changed": changed, "seen": seen, "validities": sorted(validities)}, sys.stdout, sort_keys=True)


def append(port, user, folder, count):
    server = connect(port, user)
    for number in range(int(count)):
        body = b"Subject: new %d\r\nMessage-ID: <new%d@example.test>\r\n\r\nx\r\n" % (number, number)
        check(server.append(quoted(folder), "()", None, body))
    server.logout()


if __name__ == "__main__":
    {"append": append, "gaps": gaps, "state": state, "watch": watch}[sys.argv[1]](*sys.argv[2:])
