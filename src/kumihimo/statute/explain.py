"""Why the list says yes or no to one question, and what a change of the law opens and closes."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import product

import msgspec

from kumihimo.kernel.refusal import BadInput
from kumihimo.statute.law import Institution, affairs
from kumihimo.statute.layouts import layouts
from kumihimo.statute.positive_list import Entry, Ground, Permitted, PositiveList
from kumihimo.statute.unmapped import dead

LEDGER_NAME = (
    "情報提供等記録開示システム"  # it asks for people about themselves, and is asked nothing
)
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
    affair_basis: str
    item: str
    on: date
    list_version: str
    dead: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a row opens or closes between two days; `nobody` where no known institution is meant."""

    entry: str
    affair: str
    requesters: tuple[str, ...]
    providers: tuple[str, ...]
    informations: tuple[str, ...]
    basis: str
    items: tuple[str, ...] = ()
    nobody: bool = False


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
    asking = {"ledger": LEDGER_NAME, **labels}
    for option, value, known in (("requester", requester, asking), ("provider", provider, labels)):
        if value not in known:
            raise BadInput(f"--{option}: no such institution{near(value, known)}", pointer=option)
    texts = {e.affair: e.affair for e in law.entries} | {a.affair: a.text for a in affairs()}
    texts |= names or {}
    if affair not in texts:
        raise BadInput(f"--affair: no such affair{near(affair, texts)}", pointer="affair")
    _check_item(law, item)
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
        requester=asking[requester],
        provider=labels[provider],
        affair=texts[affair],
        affair_basis=next((one.basis for one in affairs() if one.affair == affair), ""),
        item=item,
        on=on,
        list_version=law.version,
        dead=dead(law, [e for e in law.entries if e.affair == affair and e.in_force(on)]),
    )


def _check_item(law: PositiveList, item: str) -> None:
    """Refuse a kind of information that no row names, and an item that its kind's layouts lack."""
    kind, point, _ = item.partition(".")
    kinds = {one for entry in law.entries for one in entry.informations}
    if kind not in kinds:
        raise BadInput(f"--item: no such kind of information{near(kind, kinds)}", pointer="item")
    known = {field.item for layout in layouts().values() for field in layout.fields}
    known |= {one for entry in law.entries for one in entry.items}
    if point and item not in known and any(one.startswith(f"{kind}.") for one in known):
        raise BadInput(f"--item: no such item{near(item, known)}", pointer="item")


def difference(law: PositiveList, start: date, end: date) -> Difference:
    """Return what may be asked on `end` and not on `start` (opens), and the other way round.

    A row shows only what no other row, by the same names, allows on the other day: a new version
    of a row that adds one kind of information opens that kind and closes nothing.
    """
    before = [entry for entry in law.entries if entry.in_force(start)]
    after = [entry for entry in law.entries if entry.in_force(end)]
    return Difference(opens=_more(law, after, before), closes=_more(law, before, after))


def _more(law: PositiveList, rows: Sequence[Entry], than: Sequence[Entry]) -> tuple[Change, ...]:
    held = {question for entry in than for question in _questions(entry, _asked(entry))}
    found: list[Change] = []
    for entry in rows:
        new = [one for one in _asked(entry) if not held.issuperset(_questions(entry, (one,)))]
        if new:
            found.append(_change(entry, new, nobody=bool(dead(law, [entry]))))
    return tuple(found)


def _asked(entry: Entry) -> tuple[str, ...]:
    return entry.items or entry.informations


def _questions(entry: Entry, asked: Iterable[str]) -> Iterable[tuple[str, str, str, str]]:
    return product(entry.requesters, (entry.affair,), entry.providers, asked)


def _change(entry: Entry, asked: Sequence[str], *, nobody: bool) -> Change:
    return Change(
        entry=entry.entry,
        affair=entry.affair,
        requesters=entry.requesters,
        providers=entry.providers,
        informations=tuple(dict.fromkeys(one.partition(".")[0] for one in asked)),
        basis=entry.basis,
        items=tuple(asked) if entry.items else (),
        nobody=nobody,
    )
