"""Checking a given file row by row, before anybody uses it."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from kumihimo.statute import deployment, ordinances, quasi_affairs
from kumihimo.statute.deployment import Assembled
from kumihimo.statute.tabular import BadRow, BadRows, columns_of

Kind = Literal["ordinances", "quasi", "institutions"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds (empty when that cannot be told), its good rows, what is wrong and where.

    With one bad row no row is used; `good` counts rows only when nothing is bad.
    """

    kind: Kind | Literal[""]
    good: int
    bad: tuple[BadRow, ...]


_OWN: Final[dict[Kind, str]] = {  # the column by which a file of the kind is known
    "ordinances": "corresponding",
    "quasi": "handlers",
    "institutions": "classes",
}
_READERS: Final[dict[Kind, Callable[[bytes, Assembled], int]]] = {
    "ordinances": lambda content, whole: len(ordinances.read_ordinances(content, whole.law)),
    "quasi": lambda content, whole: len(quasi_affairs.read_quasi_affairs(content, whole.law)),
    "institutions": lambda content, _: len(deployment.read_institutions(content)),
}


def check(content: bytes, kind: Kind | None, whole: Assembled) -> Checked:
    """Read a file against a list, and say all that is wrong with it; never raises for a file."""
    named: Kind | Literal[""] = kind or ""
    try:
        named = kind or _kind(content)
        return Checked(kind=named, good=_READERS[named](content, whole), bad=())
    except BadRows as error:
        return Checked(kind=named, good=0, bad=error.rows)


def _kind(content: bytes) -> Kind:
    names = columns_of(content)
    found: list[Kind] = [kind for kind, column in _OWN.items() if column in names]
    if len(found) != 1:
        reason = "its columns do not tell what the file holds; give --kind"
        raise BadRows([BadRow(row=0, column="", reason=reason)])
    return found[0]


def printed(checked: Checked, most: int) -> str:
    """Return a table of the first `most` bad rows, and a line that counts."""
    lines = ["行 row\t列 column\t理由 why"] if checked.bad else []
    lines += [f"{one.row}\t{one.column or '-'}\t{one.reason}" for one in checked.bad[:most]]
    if len(checked.bad) > most:
        lines.append(f"… {len(checked.bad) - most} more; --json shows all")
    rows = len({one.row for one in checked.bad})
    total = f"不備のある行 bad rows {rows}" if rows else f"良い行 good rows {checked.good}"
    return "\n".join([*lines, f"{checked.kind or '?'}: {total}"])
