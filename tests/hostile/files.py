"""Files that no command can use: each has a name, and none of them may be opened with harm."""

import os

BRACKETS = 100_000
LINE_BYTES = 5_000_000
TABS = 100_000

CONTENTS = {
    "empty": b"",
    "binary": bytes(range(256)) * 64,
    "not-utf8-nor-cp932": b"a = '\xff\xfd\x80'\n",
    "nul": b"institution\tname\0\n",
    "utf16": "requester\taffair\n".encode("utf-16"),
    "lone-surrogate.json": rb'[{"institution": "\ud800", "name": "\udfff", "classes": []}]',
    "brackets.json": b"[" * BRACKETS,
    "closed-brackets.json": b"[" * BRACKETS + b"]" * BRACKETS,
    "braces.json": b'{"entries":' * BRACKETS,
    "digits.json": b'[{"institution": ' + b"9" * 10_000 + b"}]",
    "infinity.json": b'[{"institution": 1e999, "name": NaN, "classes": -Infinity}]',
    "numbers.json": b'[1, null, true, "x", []]',
    "twice.json": b'[{"institution": "a-b", "institution": "c-d"}]',
    "one-line.tsv": b"x" * LINE_BYTES,
    "one-line-of-tabs.tsv": b"institution" + b"\tname" * TABS + b"\nx",
    "one-row-of-tabs.tsv": b"institution\tname\tclasses\nx" + b"\t" * TABS,
    "open-quote.tsv": b'institution\tname\tclasses\n"x\ty\tz\n' + b"a\tb\tc\n" * 1_000,
    "steering.tsv": "institution\tname\tclasses\n\x1b[2J\t\u202egood\t\n".encode(),
    "wrong-types.toml": (
        b"listen = 1\ndatabase = []\noversight_key = 2026-01-01\npeers = 'x'\nkey = {}\n"
        b"tenants = 1.5\nlaw = true\n"
    ),
    "broken.toml": b"listen = \n[[\n",
    "twice.toml": b"listen = 'a'\nlisten = 'b'\n",
    "digits.toml": b"listen = " + b"9" * 10_000 + b"\n",
    "brackets.toml": b"listen = " + b"[" * BRACKETS + b"\n",
    "dotted.toml": b"a" + b".a" * 2_000 + b" = 1\n",
    "tables.toml": b"[a" + b".a" * 2_000 + b"]\n",
    "no-such-day.toml": b"listen = 2026-02-30\n",
    "no-such-hour.toml": b"listen = 25:61:61\n",
}


def unusable(folder):
    """Make the files in a folder; returns them by name, with those that are not there at all."""
    found = {
        "missing": folder / "missing",
        "below-a-file": folder / "empty" / "below",
        "name-too-long": folder / ("x" * 5_000),
        "a-name-that-is-not-utf8": folder / os.fsdecode(b"missing-\xff\n\x1b[2J"),
        "device": folder / "/dev/zero",
        "unreadable": folder / "/proc/self/mem",
    }
    for name, content in CONTENTS.items():
        found[name] = folder / name
        found[name].write_bytes(content)
    for name in ("folder", "dangling", "loop", "pipe"):
        found[name] = folder / name
    found["folder"].mkdir()
    found["dangling"].symlink_to(folder / "nowhere")
    found["loop"].symlink_to(found["loop"])
    os.mkfifo(found["pipe"])
    return found
