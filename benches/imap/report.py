"""Medians, ratios, and the table that is read."""

from statistics import median

OURS = "imap-sync"
FIELDS = ("seconds", "user", "system", "peak", "source", "target", "other", "state_octets", "messages")


def medians(results):
    """One row for each scenario, phase and program, in the order they came."""
    groups = {}
    for result in results:
        groups.setdefault((result["scenario"], result["phase"], result["program"]), []).append(result)
    return [
        {"scenario": scenario, "phase": phase, "program": program, "runs": len(rows),
         "fastest": min(row["seconds"] for row in rows), "slowest": max(row["seconds"] for row in rows),
         **{field: median(row[field] for row in rows) for field in FIELDS},
         "differences": next((row["differences"] for row in rows if "differences" in row), None)}
        for (scenario, phase, program), rows in groups.items()
    ]


def table(scenario, results):
    rows = medians(results)
    corpus = scenario.corpus
    lines = [
        f"\n{scenario.name}: {scenario.title}; {scenario.accounts} x {corpus.messages} messages, "
        f"{scenario.accounts * corpus.octets / 1e6:.1f} MB, {corpus.folders} folders; medians of {rows[0]['runs']}",
        f"{'':8}{'program':12}{'seconds':>9}{'(range)':>16}{'times ours':>11}{'user':>8}{'sys':>7}"
        f"{'source':>8}{'target':>8}{'peak MiB':>10}{'state o/msg':>12}",
    ]
    for phase in dict.fromkeys(row["phase"] for row in rows):
        same = [row for row in rows if row["phase"] == phase]
        ours = next((row["seconds"] for row in same if row["program"] == OURS), None)
        lines += [line(row, ours) for row in same]
    lines += [
        f"  {row['program']}: at the end {differences(row['differences'])}" for row in rows if row["differences"]
    ]
    if busy := disturbed(results):
        lines.append(f"  not quiet: in {busy} of {len(results)} runs other processes took more than a tenth of a processor")
    return "\n".join(lines)


def disturbed(results):
    """How many of the measurements to doubt."""
    return sum(row["other"] > 0.1 * row["seconds"] + 0.05 for row in results)


def line(row, ours):
    ratio = f"{row['seconds'] / ours:.2f}" if ours else ""
    state = f"{row['state_octets'] / row['messages']:.0f}" if row["state_octets"] else "-"
    spread = f"{row['fastest']:.2f}-{row['slowest']:.2f}"
    return (
        f"{row['phase']:8}{row['program']:12}{row['seconds']:9.2f}{spread:>16}{ratio:>11}{row['user']:8.2f}"
        f"{row['system']:7.2f}{row['source']:8.2f}{row['target']:8.2f}{row['peak'] / 1024:10.1f}{state:>12}"
    )


def differences(found):
    named = [f"{count} {NAMES[kind]}" for kind, count in found.items() if count]
    return ", ".join(named) or "equal to the source, dates and flags too"


NAMES = {
    "missing": "not on the target", "extra": "only on the target", "size": "of another size",
    "date": "of another date", "flags": "with other flags",
}
