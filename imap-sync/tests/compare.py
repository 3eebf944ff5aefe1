"""Compares two dumps of accounts: compare.py SOURCE.json TARGET.json; prints each difference, exits 1 if there is one."""
import json
import sys


def content(message):
    flags = sorted(flag.lower() for flag in message["flags"] if flag != "\\Recent")
    return [message["sha256"], message["size"], message["date"], flags]


source, target = (json.load(open(path)) for path in sys.argv[1:])
wrong = []
if source["subscribed"] != target["subscribed"]:
    wrong.append(f"subscribed: {source['subscribed']} {target['subscribed']}")
if sorted(source["folders"]) != sorted(target["folders"]):
    wrong.append(f"folders: {sorted(source['folders'])} {sorted(target['folders'])}")
for name, folder in source["folders"].items():
    ours = [content(message) for message in folder["messages"]]
    theirs = [content(message) for message in target["folders"].get(name, {"messages": []})["messages"]]
    if ours != theirs:
        wrong.append(f"{name}: {len(ours)} and {len(theirs)} messages")
        wrong += [f"  {a} {b}" for a, b in zip(ours, theirs) if a != b]
print("\n".join(wrong))
sys.exit(bool(wrong))
