"""Affairs that a local government sets by ordinance (独自利用事務), Number Act art. 9(2), 19(ix).

An ordinance's affair corresponds to an affair of 別表 whose purpose it shares, and may ask only for
what that affair may ask for: the same or fewer kinds of information, from the same or fewer
providers, and not for a day longer. Whether the purposes are alike is for 個人情報保護委員会 to
judge, and no program's: a file states that it was notified, and when.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import attrs

from kumihimo.statute.law import affairs
from kumihimo.statute.layouts import layouts
from kumihimo.statute.positive_list import Entry, PositiveList
from kumihimo.statute.tabular import Line, read_lines, refuse_bad

LAW: Final = "番号法第九条第二項・第十九条第九号"
LOCAL_TAX: Final = "local-tax"
COLUMNS: Final = (
    "municipality",
    "ordinance",
    "affair",
    "corresponding",
    "informations",
    "providers",
    "valid_from",
    "valid_to",
    "notified_on",
    "tax_consent",
    "basis",
)
_BODY: Final = re.compile(r"lg-[0-9]{6}")
_AFFAIR: Final = re.compile(r"o[0-9]{6}-[0-9]{2}")


@attrs.frozen(kw_only=True)
class Ordinance:
    """One row: what a local government asks of some providers in one affair of its own.

    `asked` are kinds of information or single items (never both); in force on days d with
    valid_from <= d < valid_to. `statutory` is the basis of the rows that it stands on.
    """

    municipality: str
    ordinance: str
    affair: str
    corresponding: str
    asked: tuple[str, ...]
    providers: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    notified_on: date
    basis: str
    statutory: tuple[str, ...]


def read_ordinances(content: bytes, law: PositiveList) -> tuple[Ordinance, ...]:
    """Read a file of ordinances against the list that they must stay within.

    Raises `BadRows`, which names every row, column and reason; nothing is half-loaded.
    """
    lines = read_lines(content, COLUMNS)
    rows = {name: [e for e in law.entries if e.affair == name] for name in _statutory(law)}
    taken = {entry.affair for entry in law.entries}
    found = [_ordinance(line, law, rows, taken) for line in lines]
    _check_together(lines, found)
    refuse_bad(lines)
    return tuple(found)


def ordinance_entries(ordinances: Sequence[Ordinance]) -> tuple[Entry, ...]:
    """Return entries of the list: `o131032-01-r1` is the first row of affair `o131032-01`."""
    seen: dict[str, int] = {}
    found: list[Entry] = []
    for one in ordinances:
        seen[one.affair] = seen.get(one.affair, 0) + 1
        found.append(
            Entry(
                entry=f"{one.affair}-r{seen[one.affair]}",
                affair=one.affair,
                requesters=(one.municipality,),
                providers=one.providers,
                informations=tuple(dict.fromkeys(a.partition(".")[0] for a in one.asked)),
                items=one.asked if "." in one.asked[0] else (),
                basis=f"{one.ordinance}（{one.basis}） {LAW}; {one.corresponding}:"
                f" {'、'.join(one.statutory)}",
                valid_from=one.valid_from,
                valid_to=one.valid_to,
            )
        )
    return tuple(found)


def uncovered(rows: Sequence[Entry], start: date, end: date | None) -> date | None:
    """Return the first day from `start` and before `end` on which none of the rows is law."""
    at = start
    for row in sorted(rows, key=lambda row: row.valid_from):
        if row.valid_from > at:
            break
        if row.valid_to is None:
            return None
        at = max(at, row.valid_to)
    return at if end is None or at < end else None


def _statutory(law: PositiveList) -> frozenset[str]:
    return frozenset(e.affair for e in law.entries) & {a.affair for a in affairs()}


def _ordinance(
    line: Line, law: PositiveList, rows: dict[str, list[Entry]], taken: set[str]
) -> Ordinance:
    start, end = line.period()
    found = Ordinance(
        municipality=_municipality(line, law),
        ordinance=line.text("ordinance"),
        affair=line.matching("affair", _AFFAIR, "an id like o131032-01"),
        corresponding=line.text("corresponding"),
        asked=line.names("informations"),
        providers=line.names("providers"),
        valid_from=start,
        valid_to=end,
        notified_on=line.day("notified_on"),
        basis=line.text("basis"),
        statutory=(),
    )
    if not line.sound:
        return found
    _check_itself(line, found, taken)
    if found.corresponding not in rows:
        line.refuse("corresponding", "is not an affair of 別表 that the list lets ask")
        return found
    return attrs.evolve(found, statutory=_within(line, found, rows[found.corresponding], law))


def _municipality(line: Line, law: PositiveList) -> str:
    found = line.matching("municipality", _BODY, "a local government like lg-131032")
    if found and _BODY.fullmatch(found) and not law.members(found):
        line.refuse("municipality", "no local government has this code")
    return found


def _check_itself(line: Line, one: Ordinance, taken: set[str]) -> None:
    if one.affair[1:7] != one.municipality[3:]:
        line.refuse(
            "affair", "does not carry the code of the municipality: the affair is not its own"
        )
    if one.affair in taken:
        line.refuse("affair", "is on the list already")
    if one.valid_from <= one.notified_on:
        line.refuse("valid_from", "is not after the day of notification to 個人情報保護委員会")
    if len({"." in asked for asked in one.asked}) > 1:
        line.refuse("informations", "names kinds and single items; give them in two rows")
    consent = line.cells["tax_consent"]
    if consent not in {"", "yes"}:
        line.refuse("tax_consent", "is neither empty nor yes")
    taxes = any(asked.partition(".")[0] == LOCAL_TAX for asked in one.asked)
    if taxes and not consent:
        line.refuse("tax_consent", "local tax under an ordinance needs the person's consent: yes")


def _within(
    line: Line, one: Ordinance, rows: Sequence[Entry], law: PositiveList
) -> tuple[str, ...]:
    """Check that the statutory affair may ask for all of it, and return the basis of its rows."""
    items = {field.item for layout in layouts().values() for field in layout.fields}
    used: list[Entry] = []
    for place, provider in enumerate(one.providers, start=1):
        if not law.members(provider):
            line.refuse("providers", f"name {place} is no institution and no class that has any")
            continue
        named = [row for row in rows if law.covers(row.providers, provider)]
        if not named:
            line.refuse("providers", f"{one.corresponding} may not ask name {place}")
            continue
        for number, asked in enumerate(one.asked, start=1):
            if "." in asked and asked not in items:
                line.refuse("informations", f"name {number} is an item of no layout")
                continue
            used += _asked(line, one, (number, asked), (place, named))
    return tuple(dict.fromkeys(row.basis for row in used))


def _asked(
    line: Line, one: Ordinance, asked: tuple[int, str], providers: tuple[int, Sequence[Entry]]
) -> list[Entry]:
    number, name = asked
    place, rows = providers
    fitting = [row for row in rows if _gives(row, name)]
    if not fitting:
        reason = f"{one.corresponding} may not ask provider {place} for name {number}"
        line.refuse("informations", reason)
        return []
    gap = uncovered(fitting, one.valid_from, one.valid_to)
    if gap is not None:
        column = "valid_from" if gap == one.valid_from else "valid_to"
        reason = f"{one.corresponding} may not ask provider {place} for name {number} on {gap}"
        line.refuse(column, reason)
    return fitting


def _gives(row: Entry, asked: str) -> bool:
    if "." in asked and row.items:
        return asked in row.items
    return not row.items and asked.partition(".")[0] in row.informations


def _check_together(lines: Sequence[Line], found: Sequence[Ordinance]) -> None:
    """Check what rows say of each other: one affair has one counterpart, and no row twice."""
    first: dict[str, tuple[int, str]] = {}
    rows: dict[Ordinance, int] = {}
    for line, one in zip(lines, found, strict=True):
        if not line.sound:
            continue
        number, corresponding = first.setdefault(one.affair, (line.number, one.corresponding))
        if corresponding != one.corresponding:
            line.refuse("corresponding", f"row {number} lets this affair correspond to another")
        earlier = rows.setdefault(one, line.number)
        if earlier != line.number:
            line.refuse("", f"says what row {earlier} says")
