"""Why the list says yes or no to one question, and what a change of the law opens and closes."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.law import Institution, affairs
from kumihimo.statute.positive_list import Entry, Ground, Permitted, PositiveList
from kumihimo.statute.unmapped import dead

_GROUNDS = {
    Ground.REQUESTER: (
        "この機関は情報照会者ではありません。",
        "This body may ask nobody through the network.",
    ),
    Ground.AFFAIR: (
        "この機関はこの事務では照会できません。",
        "This body may not ask for this affair.",
    ),
    Ground.PROVIDER: (
        "この事務でこの機関に照会することはできません。",
        "For this affair this body may not be asked.",
    ),
    Ground.ITEM: (
        "この機関からこの情報を得ることはできません。",
        "This information may not be had from this body.",
    ),
}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with its reasons, for people and (as JSON) for programs.

    `dead` are the affair's rows that day which match nobody yet: their words have no id of ours.
    """

    permitted: bool
    japanese: str
    english: str
    ground: str
    entries: tuple[str, ...]
    basis: tuple[str, ...]
    requester: str
    provider: str
    affair: str
    on: date
    list_version: str
    dead: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A row that comes into force or goes out of force between two days."""

    entry: str
    affair: str
    requesters: tuple[str, ...]
    providers: tuple[str, ...]
    informations: tuple[str, ...]
    basis: str
    items: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What opens and what closes between two days."""

    opens: tuple[Change, ...]
    closes: tuple[Change, ...]


def near(text: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known ids, or nothing."""
    found = difflib.get_close_matches(text, list(known), n=3)
    return f"; did you mean {', '.join(found)}?" if found else ""


def explain(
    law: PositiveList,
    bodies: Sequence[Institution],
    *,
    requester: str,
    affair: str,
    provider: str,
    item: str,
    on: date,
    names: Mapping[str, str] | None = None,
) -> Explanation:
    """Answer one question and say why; raises `BadInput` for an id that nobody has.

    `names` are the words of affairs that 別表 does not have.
    """
    labels = {body.institution: body.name for body in bodies}
    for option, value in (("requester", requester), ("provider", provider)):
        if value not in labels:
            raise BadInput(f"--{option}: no such institution{near(value, labels)}", pointer=option)
    texts = {e.affair: e.affair for e in law.entries} | {a.affair: a.text for a in affairs()}
    texts |= names or {}
    if affair not in texts:
        raise BadInput(f"--affair: no such affair{near(affair, texts)}", pointer="affair")
    found = law.decide(requester=requester, affair=affair, provider=provider, items=[item], on=on)
    permitted = isinstance(found, Permitted)
    japanese, english = (
        ("照会できます。", "This may be asked.") if permitted else _GROUNDS[found.ground]
    )
    return Explanation(
        permitted=permitted,
        japanese=japanese,
        english=english,
        ground="" if permitted else found.ground.value,
        entries=found.entries if permitted else (),
        basis=found.basis if permitted else (),
        requester=labels[requester],
        provider=labels[provider],
        affair=texts[affair],
        on=on,
        list_version=law.version,
        dead=dead(law, [e for e in law.entries if e.affair == affair and e.in_force(on)]),
    )


def difference(law: PositiveList, start: date, end: date) -> Difference:
    """Return the rows in force on `end` and not on `start` (opens), and the other way round."""
    opens = tuple(_change(e) for e in law.entries if e.in_force(end) and not e.in_force(start))
    closes = tuple(_change(e) for e in law.entries if e.in_force(start) and not e.in_force(end))
    return Difference(opens=opens, closes=closes)


def _change(entry: Entry) -> Change:
    return Change(
        entry=entry.entry,
        affair=entry.affair,
        requesters=entry.requesters,
        providers=entry.providers,
        informations=entry.informations,
        basis=entry.basis,
        items=entry.items,
    )
