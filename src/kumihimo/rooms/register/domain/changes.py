"""What jpki and cards are told when a person's record changes: which kinds of things, never what."""

from collections.abc import Mapping
from typing import Final

import attrs

from kumihimo.rooms.register.api import WhatChanged
from kumihimo.rooms.register.domain.intake import Book, Plan
from kumihimo.rooms.register.domain.residents import State

# A former surname and an alias stand beside the name on a card and in a certificate.
_OF: Final[Mapping[WhatChanged, tuple[str, ...]]] = {
    "name": ("name", "former_surname", "alias"),
    "birth": ("birth",),
    "sex": ("sex",),
    "address": ("address", "municipality"),
    "resident-code": ("resident_code",),
}


@attrs.frozen
class Told:
    """A person whose record changed."""

    person: int
    changed: tuple[WhatChanged, ...]


def difference(before: State, after: State) -> tuple[WhatChanged, ...]:
    """Return the kinds of things that differ between two states."""
    return tuple(
        kind
        for kind, names in _OF.items()
        if any(getattr(before, name) != getattr(after, name) for name in names)
    )


def changes(before: Mapping[int, State], book: Book, plan: Plan) -> list[Told]:
    """Return whom to tell of after a batch: persons known before whose present state is another.

    A late event about a time that is over changes nothing of today, and nobody is told.
    """
    found: list[Told] = []
    for person in plan.touched:
        old = before.get(person)
        if old is None:
            continue
        now = book.people[person].present
        what = difference(old, now)
        if person in plan.renumber:
            what = (*what, "number")
        if what or old.standing != now.standing:
            found.append(Told(person, what))
    return found
