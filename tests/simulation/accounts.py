"""The checker: what was acknowledged stands once at every place where it must, and says the same.

It gets `Books` and what was asked, and nothing of how the rooms came there. `test_accounts` shows
that it finds what is lost, doubled, put in or edited at each place.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import attrs

from tests.simulation.books import Books, CoreRow, EndRow, InquiryRow, LedgerRow, OwnRow
from tests.simulation.truth import Asked

UNFINISHED = {None, "PROVIDER_DOWN", "PENDING_MANUAL"}
# Nobody but the requester itself ever heard of these.
NEVER_LEFT = {"PENDING_ACQUISITION"}
SAME = (
    "record",
    "permit",
    "requester",
    "provider",
    "affair",
    "items",
    "basis",
    "list_version",
    "outcome",
    "requested_at",
    "hidden",
)


@attrs.frozen(kw_only=True)
class Account:
    """What the checker says of one simulation; each finding is a place and an exchange."""

    sent: int
    acknowledged: int
    present: dict[str, int]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    foreign: tuple[str, ...]
    unlike: tuple[str, ...]
    unfinished: tuple[str, ...]

    @property
    def wrong(self) -> frozenset[str]:
        """Everything that must not be."""
        return frozenset(
            f"{word}: {one}"
            for word in ("lost", "doubled", "foreign", "unlike", "unfinished")
            for one in getattr(self, word)
        )


def judge(books: Books, asked: Mapping[str, Asked], *, sent: int) -> Account:
    """Hold every place against what was acknowledged there and against every other."""
    found, must = _found(books), _must(books, asked)
    acknowledged = [one for one in asked.values() if one.acknowledged]
    outcomes = {row.inquiry: row.outcome for rows in books.inquiries.values() for row in rows}
    return Account(
        sent=sent,
        acknowledged=len(acknowledged),
        present={place: len(keys) for place, keys in found.items()},
        lost=tuple(
            f"{place} {key}"
            for place, keys in must.items()
            for key in sorted(keys - set(found[place]))
        ),
        doubled=tuple(
            f"{place} {key}"
            for place, keys in found.items()
            for key, count in sorted(keys.items())
            if count > 1
        ),
        foreign=tuple(sorted(_foreign(books, asked, found))),
        unlike=tuple(sorted({*_core_and_ledger(books), *_at_homes(books, asked)})),
        unfinished=tuple(
            one.inquiry
            for one in acknowledged
            if one.inquiry in outcomes and outcomes[one.inquiry] in UNFINISHED
        ),
    )


def _core_key(row: CoreRow) -> str:
    return f"{row.requester} {row.inquiry}"


def _end_key(row: EndRow) -> str:
    return f"{row.side} {row.permit}"


def _found(books: Books) -> dict[str, Counter[str]]:
    """Return how often each exchange stands at each place."""
    leaves = {row.leaf: row.permit for row in books.ledger}
    return {
        "requester": Counter(
            f"{name} {row.inquiry}" for name, rows in books.inquiries.items() for row in rows
        ),
        "requester's record": _own(books, "requester"),
        "core": Counter(map(_core_key, books.core)),
        "core's ends": Counter(map(_end_key, books.core_ends)),
        "ledger": Counter(row.permit for row in books.ledger),
        "ledger's ends": Counter(map(_end_key, books.ledger_ends)),
        "log": Counter(leaves[entry] for entry in books.log if entry in leaves),
        "provider's record": _own(books, "provider"),
    }


def _own(books: Books, side: str) -> Counter[str]:
    return Counter(
        f"{name} {row.reference}"
        for name, rows in books.own.items()
        for row in rows
        if row.side == side
    )


def _must(books: Books, asked: Mapping[str, Asked]) -> dict[str, set[str]]:
    """Return what must stand at each place once everything is at rest."""
    must: dict[str, set[str]] = {place: set() for place in _found(books)}
    rows = {(name, row.inquiry): row for name, found in books.inquiries.items() for row in found}
    core = {_core_key(row): row for row in books.core}
    for one in asked.values():
        key = f"{one.requester} {one.inquiry}"
        must["requester"].add(key)
        row = rows.get((one.requester, one.inquiry))
        if row is None or row.outcome in NEVER_LEFT:
            continue
        must["requester's record"].add(key)
        if row.permit is not None or (not one.had_case and one.had_code):
            must["core"].add(key)
        if row.permit is None:
            continue
        permits = {row.permit, core[key].permit} if key in core else {row.permit}
        for permit in permits:
            must["core's ends"].add(f"requester {permit}")
            if row.outcome == "OK":
                must["core's ends"].add(f"provider {permit}")
                must["provider's record"].add(f"{one.provider} {permit}")
    # Whoever spoke told the core, and the core the ledger: what either has, both have.
    must["core's ends"] |= set(map(_end_key, books.ledger_ends))
    must["provider's record"] |= _said_by_providers(books)
    must["ledger"] = must["log"] = {row.permit for row in books.core}
    must["ledger's ends"] = set(map(_end_key, books.core_ends)) | must["core's ends"]
    return must


def _said_by_providers(books: Books) -> set[str]:
    """Return the records of providers that said their last word, to the core or to the ledger."""
    providers = {row.permit: row.provider for row in books.core}
    return {
        f"{providers[end.permit]} {end.permit}"
        for end in (*books.core_ends, *books.ledger_ends)
        if end.side == "provider" and end.outcome not in UNFINISHED and end.permit in providers
    }


def _foreign(
    books: Books, asked: Mapping[str, Asked], found: Mapping[str, Counter[str]]
) -> Iterable[str]:
    """Yield what stands somewhere though nobody asked for it."""
    permits = {row.permit for row in books.core}
    really = {f"{one.requester} {one.inquiry}" for one in asked.values()}
    for place in ("requester", "requester's record", "core"):
        yield from (f"{place} {key}" for key in found[place] if key not in really)
    yield from (f"ledger {permit}" for permit in found["ledger"] if permit not in permits)
    for place in ("core's ends", "ledger's ends", "provider's record"):
        yield from (
            f"{place} {key}" for key in found[place] if key.partition(" ")[2] not in permits
        )


def _core_and_ledger(books: Books) -> Iterable[str]:
    """Yield exchanges and ends of which the core and the ledger say different things."""
    held: dict[str, LedgerRow] = {row.permit: row for row in books.ledger}
    for row in books.core:
        other = held.get(row.permit)
        for word in SAME:
            if other is not None and getattr(row, word) != getattr(other, word):
                yield f"core and ledger, {word} {row.permit}"
    ends = {_end_key(row): row for row in books.ledger_ends}
    for end in books.core_ends:
        if ends.get(_end_key(end), end) != end:
            yield f"core's and ledger's ends {_end_key(end)}"


def _at_homes(books: Books, asked: Mapping[str, Asked]) -> Iterable[str]:
    """Yield exchanges of which an institution says something else than itself, the core or the ledger."""
    core = {row.inquiry: row for row in books.core}
    # Either may have been edited, even into what the provider was edited into.
    places = {"core": books.core, "ledger": books.ledger}
    permits = {place: {row.permit: row for row in found} for place, found in places.items()}
    ends: dict[str, set[str]] = {}  # as the core and the ledger have them: either may lack one
    for end in (*books.core_ends, *books.ledger_ends):
        ends.setdefault(_end_key(end), set()).add(end.outcome)
    for name, rows in books.inquiries.items():
        own = {row.reference: row for row in books.own[name]}
        for row in rows:
            for what in _of_requester(row, asked, own.get(row.inquiry), core, ends):
                yield f"{what} {row.inquiry}"
        for record in books.own[name]:
            if record.side == "provider":
                for what in _of_provider(record, permits, ends):
                    yield f"{what} {record.reference}"


def _of_requester(
    row: InquiryRow,
    asked: Mapping[str, Asked],
    record: OwnRow | None,
    core: Mapping[str, CoreRow],
    ends: Mapping[str, set[str]],
) -> Iterable[str]:
    one, there = asked.get(row.inquiry), core.get(row.inquiry)
    said = (row.provider, row.affair, row.items)
    if one is not None and row.provider != one.provider:
        yield "requester's question"
    if there is not None and said != (there.provider, there.affair, there.items):
        yield "requester and core"
    if there is not None and row.permit not in {None, there.permit}:
        yield "requester and core, permit"
    if ends.get(f"requester {row.permit}", set()) - {row.outcome}:
        yield f"requester and its end, {row.outcome}"
    if record is not None and (*said, row.outcome, row.asked_at) != (
        record.peer,
        record.affair,
        record.items,
        record.outcome,
        record.requested_at,
    ):
        yield "requester and its record"


def _of_provider(
    record: OwnRow,
    permits: Mapping[str, Mapping[str, CoreRow | LedgerRow]],
    ends: Mapping[str, set[str]],
) -> Iterable[str]:
    said = (record.peer, record.affair, record.items)
    for place, held in permits.items():
        there = held.get(record.reference)
        if there is not None and said != (there.requester, there.affair, there.items):
            yield f"provider and {place}"
    if ends.get(f"provider {record.reference}", set()) - {record.outcome}:
        yield f"provider and its end, {record.outcome}"
