"""What stands in a record, in words that a person understands: Japanese, やさしい日本語, English.

The law's own words are long, so `data/plain.tsv` has short ones, by hand; an affair that is not in
it is told by the law's words without their asides. Names of municipalities stand as they are.
"""

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import attrs

from kumihimo.pages.engine import Language
from kumihimo.statute.law import affairs, institutions, old_entries, self_information
from kumihimo.statute.layouts import layouts

_ASIDE: Final = re.compile(r"（[^（）]*(（[^（）]*）[^（）]*)*）")
_FORMULA: Final = re.compile(r"(に関する事務)?であって主務省令で定めるもの$")
REFUSED: Final = "REFUSED_"
LOOKED: Final = "LOOKED"
_KEPT: Final = 4_096  # words that a process has ready: they follow from tables that do not change


@attrs.frozen
class Words:
    """One thing in three kinds of words."""

    japanese: str
    easy: str
    english: str

    def say(self, language: Language) -> str:
        """Return it in a language; Japanese where there is nothing else."""
        wanted = {"easy": self.easy, "en": self.english}.get(language, self.japanese)
        return wanted or self.japanese


_NOT_TOLD: Final = Words("伝えられていません", "つたえられて いません", "not told")


@cache
def _table() -> dict[tuple[str, str], Words]:
    text = (files("kumihimo.rooms.portal") / "data" / "plain.tsv").read_text("utf-8")
    return {
        (row["kind"], row["name"]): Words(row["japanese"], row["easy"], row["english"])
        for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    }


@cache
def _bodies() -> dict[str, str]:
    return {one.institution: one.name for one in institutions()}


@cache
def _affairs() -> dict[str, tuple[str, str]]:
    """Return of each affair the law's words, shortened, and its row."""
    return {
        one.affair: (_FORMULA.sub("", _ASIDE.sub("", one.text)), one.basis) for one in affairs()
    }


@cache
def _bases() -> dict[str, str]:
    return {one.entry: one.basis for one in (*old_entries(), self_information())}


@lru_cache(maxsize=_KEPT)
def body(name: str) -> Words:
    """Return who a party is."""
    known = _table().get(("body", name), Words("", "", ""))
    return Words(known.japanese or _bodies().get(name, name), known.easy, known.english)


@lru_cache(maxsize=_KEPT)
def affair(name: str) -> Words:
    """Return what a procedure is for."""
    if not name:
        return _NOT_TOLD
    law, row = _affairs().get(name, (name, ""))
    return _table().get(("affair", name), Words(law, law, f"{law} ({row})" if row else law))


@lru_cache(maxsize=_KEPT)
def item(name: str) -> Words:
    """Return what an item of information is, with the kind that it belongs to."""
    kind = name.partition(".")[0]
    of = information(kind)
    if kind == name:
        return of
    one = bare_item(name)
    return Words(
        f"{of.japanese}：{one.japanese}", f"{of.easy}：{one.easy}", f"{of.english}: {one.english}"
    )


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds of information that a person can ask about herself: those with a layout."""
    return tuple(dict.fromkeys(one.information for one in layouts().values()))


def information(name: str) -> Words:
    """Return what a kind of information is."""
    return _table().get(("information", name), Words(name, name, name))


@lru_cache(maxsize=_KEPT)
def bare_item(name: str) -> Words:
    """Return what an item is, where its kind stands above it."""
    return _table().get(("item", name), Words(name, name, name))


def purpose(name: str) -> Words:
    """Return what a delegation lets a proxy do."""
    of = information(name.partition(".")[2]) if name.startswith("information.") else None
    told = _table().get(("purpose", "information" if of else name), Words(name, name, name))
    if of is None:
        return told
    return Words(
        told.japanese.format(of.japanese),
        told.easy.format(of.easy),
        told.english.format(of.english),
    )


def category(name: str) -> Words:
    """Return what a notice is about, in a word."""
    return _table().get(("category", name), Words(name, name, name))


def said(kind: str, name: str) -> Words:
    """Return one of the portal's own words; `kind` is where they stand in the table."""
    return _table()[kind, name]


def known(kind: str, name: str) -> bool:
    """Say whether the table has a word of a kind."""
    return (kind, name) in _table()


def outcome(name: str) -> Words:
    """Return what came of an exchange."""
    return _table().get(("outcome", name), Words(name, name, name))


def refused(name: str) -> bool:
    """Say whether nothing was given because it may not be."""
    return name.startswith(REFUSED)


def asker(office: str, role: str) -> str:
    """Return which office and role asked, as their institution calls them; "" where it did not say."""
    return "・".join(one for one in (office, role) if one)


@lru_cache(maxsize=_KEPT)
def law_of(
    affair_name: str, entries: tuple[str, ...], *, inside: bool, language: Language = "ja"
) -> tuple[str, ...]:
    """Return the clauses that a record rests on: the network's, the affair's, the list's.

    A look `inside` an institution did not go over the network.
    """
    _, row = _affairs().get(affair_name, ("", ""))
    own = (f"番号法 {row}",) if row else ()
    listed = tuple(_bases().get(one, one) for one in entries)
    if inside:
        clauses = ("番号法第9条", *own) if row else ()
    else:
        network = () if affair_name == self_information().affair else ("番号法第19条第8号",)
        clauses = (*network, *own, *listed)
    return tuple(_clause(one).say(language) for one in clauses)


def _clause(text: str) -> Words:
    """Return a clause, or a row of one of the law's tables."""
    table, _, row = text.removesuffix("の項").rpartition(" ")
    if (of := _table().get(("law", table))) is not None:
        return Words(text, text, f"{of.english}, row {row}")
    return _table().get(("law", text), Words(text, text, text))
