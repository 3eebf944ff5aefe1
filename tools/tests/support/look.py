"""An independent look at what a server or a directory holds, printed as JSON.

    look.py imap PORT USER            log in (AUTHENTICATE PLAIN), examine every folder
    look.py maildir DIRECTORY         the same of a Maildir++ on disk
    look.py dav URL USER              the collections of a home (PROPFIND), each item as GET gives it

The password is read from the environment variable LOOK_PASSWORD. A message body is summed up with its line ends
brought to LF, since a server on a Maildir gives CRLF for either. Nothing but Python's own library is used.
"""

import base64
import hashlib
import imaplib
import json
import os
import re
import sys
import urllib.parse
import urllib.request
from datetime import datetime
from xml.etree import ElementTree

imaplib._MAXLINE = 10_000_000
FLAGS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}


def decoded(name):
    """Modified UTF-7 (RFC 3501 5.1.3) to text."""

    def part(match):
        if not match[1]:
            return "&"
        raw = match[1].replace(",", "/")
        return base64.b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-16-be")

    return re.sub(r"&([^-]*)-", part, name)


def message(body, flags, keywords, date):
    body = body.replace(b"\r\n", b"\n")
    return {
        "date": date,
        "flags": sorted(flags),
        "keywords": sorted(keywords),
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
    }


# --- IMAP ---------------------------------------------------------------


def imap(port, user):
    password = os.environ["LOOK_PASSWORD"]
    server = imaplib.IMAP4("127.0.0.1", int(port))
    server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
    prefix = personal(server)
    folders = []
    for attributes, delimiter, name in listed(server.list()):
        selectable = "\\Noselect" not in attributes and "\\NonExistent" not in attributes
        folders.append(
            {
                # Marks depend on what the server has last looked at.
                "attributes": sorted(it for it in attributes if it not in ("\\Marked", "\\UnMarked")),
                "name": parts(name.removeprefix(prefix), delimiter),
                "selectable": selectable,
                **(opened(server, name) if selectable else {"messages": []}),
            }
        )
    lsub = listed(server.lsub())
    subscribed = [parts(name.removeprefix(prefix), delimiter) for attributes, delimiter, name in lsub if "\\Noselect" not in attributes]
    server.logout()
    return {"folders": sorted(folders, key=lambda folder: folder["name"]), "subscribed": sorted(subscribed)}


def personal(server):
    """What the server puts before the names of one's own folders (RFC 2342)."""
    if "NAMESPACE" not in server.capabilities:
        return ""
    found = re.match(rb'\(\("([^"]*)"', server.namespace()[1][0])
    return found[1].decode() if found else ""


def listed(answer):
    status, lines = answer
    assert status == "OK", answer
    for line in lines:
        if line is None:
            continue
        literal = b""
        if isinstance(line, tuple):
            line, literal = line
        elif line == b"":
            continue
        attributes, delimiter, name = re.match(rb'\((.*?)\) (NIL|"\\?.") (.*)$', line, re.S).groups()
        if literal:
            name = literal
        elif name.startswith(b'"'):
            name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
        delimiter = "" if delimiter == b"NIL" else delimiter[-2:-1].decode()
        yield attributes.decode().split(), delimiter, name.decode()


def parts(name, delimiter):
    split = name.split(delimiter) if delimiter else [name]
    return "/".join(decoded(part) for part in split)


def opened(server, name):
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    status, count = server.select(quoted, readonly=True)
    assert status == "OK", (name, count)
    said = {word: server.response(word)[1] for word in ("RECENT", "UIDNEXT", "UIDVALIDITY")}
    return {
        "messages": messages(server, name) if count != [b"0"] else [],
        **{word.lower(): int(values[-1]) if values and values[-1] else None for word, values in said.items()},
    }


def messages(server, name):
    status, answer = server.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
    assert status == "OK", (name, answer)
    found = []
    for number, line in enumerate(answer):
        if not isinstance(line, tuple):
            continue
        # Some servers put items behind the body.
        rest = answer[number + 1] if number + 1 < len(answer) else b""
        head, body = line[0].decode() + (rest.decode() if isinstance(rest, bytes) else ""), line[1]
        flags = re.search(r"FLAGS \((.*?)\)", head)[1].split()
        date = re.search(r'INTERNALDATE "(.*?)"', head)[1].strip()
        found.append(
            {
                "exact": hashlib.sha256(body).hexdigest(),
                "told": int(re.search(r"RFC822.SIZE (\d+)", head)[1]),
                "uid": int(re.search(r"UID (\d+)", head)[1]),
                **message(
                    body,
                    [flag for flag in flags if flag.startswith("\\") and flag != "\\Recent"],
                    [flag for flag in flags if not flag.startswith("\\")],
                    int(datetime.strptime(date, "%d-%b-%Y %H:%M:%S %z").timestamp()),
                ),
            }
        )
    return found


# --- Maildir++ ----------------------------------------------------------


def maildir(root):
    folders = []
    for entry in sorted(os.listdir(root)):
        path = os.path.join(root, entry)
        if entry.startswith(".") and os.path.isdir(os.path.join(path, "cur")):
            folders.append(directory(path, "/".join(decoded(part) for part in entry[1:].split("."))))
    folders.append(directory(root, "INBOX"))
    return {"folders": sorted(folders, key=lambda folder: folder["name"]), "subscribed": sorted(subscriptions(root))}


def directory(path, name):
    keywords = {}
    listing = os.path.join(path, "dovecot-keywords")
    if os.path.exists(listing):
        with open(listing, encoding="utf-8") as lines:
            for line in lines:
                number, keyword = line.rstrip("\n").split(" ", 1)
                keywords[chr(ord("a") + int(number))] = keyword
    found = []
    for part in ("cur", "new"):
        place = os.fsencode(os.path.join(path, part))
        for file in sorted(os.listdir(place)) if os.path.isdir(place) else []:
            whole = os.path.join(place, file)
            if not os.path.isfile(whole):
                continue
            letters = file.rpartition(b":2,")[2].decode() if b":2," in file else ""
            with open(whole, "rb") as opened:
                body = opened.read()
            found.append(
                message(
                    body,
                    [FLAGS[letter] for letter in letters if letter in FLAGS],
                    [keywords[letter] for letter in letters if letter in keywords],
                    int(os.stat(whole).st_mtime),
                )
            )
    return {"attributes": [], "messages": found, "name": name, "selectable": True}


def subscriptions(root):
    path = os.path.join(root, "subscriptions")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as opened:
        lines = opened.read().split("\n")
    separator = "."
    if lines[0] == "V\t2":
        lines, separator = lines[1:], "\t"
    return ["/".join(decoded(part) for part in line.split(separator)) for line in lines if line]


# --- CalDAV and CardDAV -------------------------------------------------


def dav(url, user):
    home = url.rstrip("/") + "/" + urllib.parse.quote(user) + "/"
    collections = []
    for href, props in propfind(home, user):
        kinds = {tag(child) for child in props.get("resourcetype", [])}
        kind = "calendar" if "calendar" in kinds else "addressbook" if "addressbook" in kinds else None
        if kind is None:
            continue
        whole = urllib.parse.urljoin(url, href)
        items = [
            {
                "name": urllib.parse.unquote(item.rsplit("/", 1)[1]),
                "body": request("GET", urllib.parse.urljoin(url, item), user)[1].decode(),
            }
            for item, _ in propfind(whole, user)
            if not item.endswith("/")
        ]
        name = props.get("displayname")
        collections.append(
            {
                "display_name": name.text if name is not None else None,
                "items": sorted(items, key=lambda item: item["name"]),
                "kind": kind,
                "name": urllib.parse.unquote(href.rstrip("/").rsplit("/", 1)[1]),
            }
        )
    return sorted(collections, key=lambda collection: collection["name"])


def propfind(url, user):
    body = b'<propfind xmlns="DAV:"><prop><resourcetype/><displayname/><getetag/></prop></propfind>'
    headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
    status, answer = request("PROPFIND", url, user, body, headers)
    assert status == 207, (url, status)
    for response in ElementTree.fromstring(answer).iter("{DAV:}response"):
        props = {}
        for propstat in response.iter("{DAV:}propstat"):
            if " 200 " in propstat.findtext("{DAV:}status", ""):
                props.update({tag(prop): prop for prop in propstat.find("{DAV:}prop")})
        yield response.findtext("{DAV:}href"), props


def request(method, url, user, body=None, headers=None):
    wanted = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    login = f"{user}:{os.environ['LOOK_PASSWORD']}".encode()
    wanted.add_header("Authorization", "Basic " + base64.b64encode(login).decode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(wanted, timeout=30) as answer:
        return answer.status, answer.read()


def tag(element):
    return element.tag.rsplit("}", 1)[-1]


if __name__ == "__main__":
    look = {"imap": imap, "maildir": maildir, "dav": dav}[sys.argv[1]]
    json.dump(look(*sys.argv[2:]), sys.stdout)
