"""The positive list: who may ask whom for what, on a day. Deny by default.

Number Act art. 19(viii), 21(2). A question is a tuple of requester, affair, provider and items.
The four grounds of refusal are those of the former 別表第二, tested in this order: the requester
appears nowhere; not for this affair; not towards this provider; not for one of the items.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import Enum
from functools import cache
from typing import Self

import attrs
import msgspec

from kumihimo.kernel.refusal import BadInput


class Ground(Enum):
    """Why a question is not on the list."""

    REQUESTER = "requester"
    AFFAIR = "affair"
    PROVIDER = "provider"
    ITEM = "item"


@attrs.frozen
class Permitted:
    """The question is on the list; `entries` name the rows that allow it, `basis` their law."""

    entries: tuple[str, ...]
    basis: tuple[str, ...]


@attrs.frozen
class Refused:
    """The question is not on the list."""

    ground: Ground
    reason: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the list, in force on days d with valid_from <= d < valid_to.

    `requesters` and `providers` are institution classes; `informations` are kinds of information.
    `items`, when not empty, narrows the row to single items.
    """

    entry: str
    affair: str
    requesters: tuple[str, ...]
    providers: tuple[str, ...]
    informations: tuple[str, ...]
    basis: str
    valid_from: date
    valid_to: date | None = None
    items: tuple[str, ...] = ()

    def in_force(self, on: date) -> bool:
        """Say whether the row is law on that day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


def amended(rows: Iterable[Entry], given: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the rows of law with `given` added; a given id takes the place of the row that had it.

    Several rows with one id are versions of it. Raises `BadInput`, pointing at `entries[i]`, for
    a version that is never in force or overlaps another of its id.
    """
    versions: dict[str, list[Entry]] = {}
    for index, entry in enumerate(given):
        place = f"entries[{index}]"
        if entry.valid_to is not None and entry.valid_to <= entry.valid_from:
            raise BadInput(f"{place}: valid_to is not after valid_from", pointer=place)
        others = versions.setdefault(entry.entry, [])
        if any(_overlap(entry, other) for other in others):
            raise BadInput(f"{place}: another version of this id is in force then", pointer=place)
        others.append(entry)
    return (*(row for row in rows if row.entry not in versions), *given)


def _overlap(one: Entry, other: Entry) -> bool:
    first, last = sorted((one, other), key=lambda entry: entry.valid_from)
    return first.valid_to is None or last.valid_from < first.valid_to


@attrs.frozen
class _Row:
    entry: Entry
    requesters: frozenset[str]
    providers: frozenset[str]
    informations: frozenset[str]
    items: frozenset[str]

    def allows(self, item: str) -> bool:
        if self.items:
            return item in self.items
        return item.partition(".")[0] in self.informations


class PositiveList:
    """The list with its classes expanded to concrete bodies. Build once, ask often."""

    def __init__(self, entries: Sequence[Entry], classes: Mapping[str, Iterable[str]]) -> None:
        self._classes = {name: frozenset(bodies) for name, bodies in classes.items()}
        self._by_affair: dict[str, list[_Row]] = {}
        expand = cache(self._expand)  # hundreds of rows name the same few classes
        for entry in entries:
            row = _Row(
                entry,
                expand(entry.requesters),
                expand(entry.providers),
                frozenset(entry.informations),
                frozenset(entry.items),
            )
            self._by_affair.setdefault(entry.affair, []).append(row)
        self._entries = tuple(entries)
        self._requesters = frozenset[str]().union(
            *{row.requesters for rows in self._by_affair.values() for row in rows}
        )
        self.version = self._fingerprint()

    def _expand(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset[str]().union(*(self._classes.get(name, ()) for name in names))

    def _fingerprint(self) -> str:
        classes = {name: sorted(bodies) for name, bodies in self._classes.items()}
        content = msgspec.json.encode([self._entries, classes], order="deterministic")
        return hashlib.sha256(content).hexdigest()[:16]

    def members(self, name: str) -> frozenset[str]:
        """Return the bodies of a class; of an institution's id, that institution alone."""
        if name not in self._classes and name in self._classes.get("any", ()):
            return frozenset((name,))
        return self._classes.get(name, frozenset())

    def covers(self, classes: Iterable[str], name: str) -> bool:
        """Say whether `name` is one of the classes, or an institution in one of them."""
        named = tuple(classes)
        institution = name in self._classes.get("any", ())
        return name in named or (institution and any(name in self.members(n) for n in named))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every row, whenever in force."""
        return self._entries

    def decide(
        self, *, requester: str, affair: str, provider: str, items: Sequence[str], on: date
    ) -> Permitted | Refused:
        """Decide one question. Within one body it is internal use and not an exchange."""
        rows = [
            row
            for row in self._by_affair.get(affair, ())
            if requester in row.requesters and row.entry.in_force(on)
        ]
        if not rows:
            return self._refuse_requester(requester, on)
        rows = [row for row in rows if provider in row.providers and provider != requester]
        if not rows:
            return Refused(Ground.PROVIDER, "the list does not let it ask this provider")
        used: dict[str, str] = {}
        for item in items:
            row = next((row for row in rows if row.allows(item)), None)
            if row is None:
                return Refused(Ground.ITEM, "the list does not let it ask for one of the items")
            used[row.entry.entry] = row.entry.basis
        if not used:
            return Refused(Ground.ITEM, "no item is asked for")
        return Permitted(tuple(used), tuple(dict.fromkeys(used.values())))

    def _refuse_requester(self, requester: str, on: date) -> Refused:
        known = requester in self._requesters and any(
            requester in row.requesters and row.entry.in_force(on)
            for rows in self._by_affair.values()
            for row in rows
        )
        if known:
            return Refused(Ground.AFFAIR, "the list does not let it ask for this affair")
        return Refused(Ground.REQUESTER, "this body may ask nobody through the network")

    def to_json(self) -> bytes:
        """Return the list as bytes that `from_json` reads; both ends hold their own copy."""
        classes = {name: sorted(bodies) for name, bodies in self._classes.items()}
        return msgspec.json.encode(_Document(self._entries, classes), order="deterministic")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read a list; raises `msgspec.DecodeError` for anything else."""
        document = msgspec.json.decode(data, type=_Document)
        return cls(document.entries, document.classes)


class _Document(msgspec.Struct, frozen=True):
    entries: tuple[Entry, ...]
    classes: dict[str, list[str]]
