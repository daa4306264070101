"""What of the list matches nobody: words of the law without an id of ours, classes without a body.

A row whose requesters or providers match nobody permits nothing. A data steward reads here which
those are, and makes them live by naming institutions in a deployment's file.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from kumihimo.statute.positive_list import Entry, PositiveList

UNMAPPED: Final = "unmapped:"


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """A class that matches nobody, and the entries that name it.

    `why` is `unmapped` for words of the law that no class of ours stands for (`name` is those
    words), and `empty` for a class that no known institution has.
    """

    name: str
    why: Literal["unmapped", "empty"]
    as_requester: tuple[str, ...]
    as_provider: tuple[str, ...]


def unmatched(law: PositiveList) -> tuple[Unmatched, ...]:
    """Return every class of the list that matches nobody, in the order of the entries."""
    asking: dict[str, list[str]] = {}
    asked: dict[str, list[str]] = {}
    for entry in law.entries:
        for found, names in ((asking, entry.requesters), (asked, entry.providers)):
            for name in names:
                if not law.members(name):
                    found.setdefault(name, []).append(entry.entry)
    return tuple(
        Unmatched(
            name=name.removeprefix(UNMAPPED),
            why="unmapped" if name.startswith(UNMAPPED) else "empty",
            as_requester=tuple(asking.get(name, ())),
            as_provider=tuple(asked.get(name, ())),
        )
        for name in dict.fromkeys((*asking, *asked))
    )


def dead(law: PositiveList, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return those of the entries that permit nothing, because one side matches nobody."""
    return tuple(
        entry.entry
        for entry in entries
        if not all(
            any(law.members(name) for name in names)
            for names in (entry.requesters, entry.providers)
        )
    )
