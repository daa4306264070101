"""A file is taken in once: a second run over the same file and mapping finds what the first left."""

from pathlib import Path

import msgspec

from kumihimo.kernel.files import write_new
from kumihimo.linkaudit.folder import fingerprint, of_files
from kumihimo.linkaudit.intake.mapping import Mapping, Side
from kumihimo.linkaudit.intake.marking import rules
from kumihimo.linkaudit.intake.sheets import kind_of, parts
from kumihimo.linkaudit.intake.taking import Taken, take_in
from kumihimo.linkaudit.workers import Team


class _Done(msgspec.Struct, frozen=True):
    stamp: str
    taken: Taken


def take_in_once(
    mapping: Mapping, side: Side, path: Path, folder: Path, *, team: Team | None = None
) -> Taken:
    """Take a file in, unless that was done and finished. Raises `BadTable`."""
    note = folder / f"taken_{side}.json"
    stamp = _stamp(mapping, side, path)
    try:
        done = msgspec.json.decode(note.read_bytes(), type=_Done)
    except (OSError, ValueError, msgspec.DecodeError):
        done = None
    if done is not None and done.stamp == stamp:
        return done.taken
    note.unlink(missing_ok=True)
    taken = take_in(mapping, side, path, folder, team=team)
    write_new(note, msgspec.json.encode(_Done(stamp, taken)))
    return taken


def _stamp(mapping: Mapping, side: Side, path: Path) -> str:
    """Return a digest of what the mapping says of a side, and of the files, wherever they lie.

    Raises `BadTable`.
    """
    files = parts(path)
    for file in files:
        kind_of(file)  # a device would be read for ever
    return fingerprint(rules(mapping, side), of_files(files))
