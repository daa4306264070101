"""Reading the law's own tables into entries, institutions and their classes.

No row is dropped: an office or a kind of information that has no id of ours yet keeps the words
of the law in its place, and so matches nobody until somebody maps it.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import attrs

from kumihimo.statute.positive_list import Entry, PositiveList

OLD_BASIS: Final = "旧別表第二 2015-09"
OLD_IN_FORCE: Final = date(2015, 10, 5)  # the day the number began; the text is that of 2015-09
PRESENT_BASIS: Final = "別表 2025-09"
PRESENT_IN_FORCE: Final = date(2024, 5, 27)  # the single table's first day; the text is of 2025-09
SELF_INFORMATION: Final = "self-information"
USAGES: Final = "usage"  # who used her data there: of one's own like the kinds that the law names
_PREFECTURE_BODY: Final = "000"
# 「第五十五条又は第百二十八条に規定する」 joins two articles, not two bodies.
_SPLIT: Final = re.compile(r"(?:若しくは|又は)(?!第)|、")
_ASIDE: Final = re.compile(r"（[^（）]*(（[^（）]*）[^（）]*)*）")
# A kind of information: its words, and the short name that the first row to name it gives it.
_KIND: Final = re.compile(r"(.*?情報)(?:（以下「([^「」]*)」という。）)?")

NATIONAL: Final = {
    "mhlw": "厚生労働大臣",
    "mext": "文部科学大臣",
    "nenkin": "日本年金機構",
    "kyokai-kenpo": "全国健康保険協会",
    "jasso": "独立行政法人日本学生支援機構",
    "shigaku": "日本私立学校振興・共済事業団",
    "norin-kyosai": "農林漁業団体職員共済組合",
    "farmers-pension-fund": "独立行政法人農業者年金基金",
    "pmda": "独立行政法人医薬品医療機器総合機構",
    "sports-council": "独立行政法人日本スポーツ振興センター",
    "local-official-accident-fund": "地方公務員災害補償基金",
    "national-pension-fund-federation": "国民年金基金連合会",
}


@attrs.frozen
class Institution:
    """A concrete body. `classes` are what entries name."""

    institution: str
    name: str
    classes: tuple[str, ...]


@attrs.frozen
class Affair:
    """A row of 別表: a body may use the number for this, on days from `valid_from`."""

    affair: str
    agency: str
    text: str
    basis: str
    valid_from: date
    valid_to: date | None = None


@cache
def _rows(name: str) -> list[dict[str, str]]:
    text = (files("kumihimo.statute") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def affair_id(item: str) -> str:
    """Return the id of a row of 別表: `b081` of item 81, `b002-02` of item 2-2."""
    return "b" + "-".join(
        part.zfill(3 if index == 0 else 2) for index, part in enumerate(item.split("-"))
    )


@cache
def affairs() -> tuple[Affair, ...]:
    """Return the 177 rows of 別表."""
    return tuple(
        Affair(
            affair=affair_id(row["item"]),
            agency=row["agency"],
            text=row["affair"],
            basis=f"{PRESENT_BASIS} {row['item']}の項",
            valid_from=PRESENT_IN_FORCE,
        )
        for row in _rows("beppyo_2025.tsv")
    )


@cache
def institutions() -> tuple[Institution, ...]:
    """Return the bodies of the law's tables.

    All prefectures and municipalities, the 47 unions of late elderly insurance (`kouiki-13`), and
    the national bodies that entries name.
    """
    found = [Institution(name, label, _national(name)) for name, label in NATIONAL.items()]
    for row in _rows("local_governments.tsv"):
        prefecture = row["code"][2:5] == _PREFECTURE_BODY
        classes = ("prefecture", "welfare-office") if prefecture else _municipal(row)
        label = row["prefecture"] + row["municipality"]
        found.append(Institution(f"lg-{row['code']}", label, classes))
        if prefecture:
            found.append(_elderly_union(row))
    return tuple(found)


def _elderly_union(row: dict[str, str]) -> Institution:
    # Act on Assurance of Medical Care for Elderly People art. 48: one for each prefecture. The
    # former table names them beside 医療保険者 wherever it names those; both classes: our choice.
    name = f"{row['prefecture']}後期高齢者医療広域連合"
    return Institution(f"kouiki-{row['code'][:2]}", name, ("elderly-union", "medical-insurer"))


def _national(name: str) -> tuple[str, ...]:
    extra = {"kyokai-kenpo": ("medical-insurer",), "shigaku": ("medical-insurer", "mutual-aid")}
    return (name, *extra.get(name, ()))


def _municipal(row: dict[str, str]) -> tuple[str, ...]:
    classes = ["municipality", "medical-insurer"]
    if row["municipality"].endswith(("市", "区")):
        # 別表 item 10: cities run a welfare office; of towns only some do (not in our data).
        classes.append("welfare-office")
    named = {"広島市": "hiroshima-city", "長崎市": "nagasaki-city"}.get(row["municipality"])
    return (*classes, named) if named else tuple(classes)


def _classes_of(text: str, known: dict[str, str]) -> tuple[str, ...]:
    plain = _ASIDE.sub("", text)
    if plain in known:
        return (known[plain],)
    parts = [part for part in _SPLIT.split(plain) if part]
    return tuple(dict.fromkeys(known.get(part, f"unmapped:{part}") for part in parts))


def _informations_of(text: str, known: dict[str, str], row: int) -> tuple[str, ...]:
    """Return the ids of the kinds that a row names; words without an id of ours keep the row's."""
    longest_first = sorted(known, key=len, reverse=True)
    found: list[str] = []
    for words, short in _KIND.findall(text):
        # The longest: 特別児童扶養手当関係情報 ends like 児童扶養手当関係情報 and is another kind.
        label = next((one for one in longest_first if one == short or words.endswith(one)), None)
        found.append(known[label] if label else f"old2-{row:03d}")
    return tuple(dict.fromkeys(found))


@cache
def old_entries() -> tuple[Entry, ...]:
    """Return the 259 live rows of the former 別表第二 as entries.

    `old2-031` is row 31. A row that two rows of today's 別表 have shared among their offices makes
    an entry for each, the second `old2-031-2`.
    """
    present: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("old_to_present.tsv"):
        present.setdefault(row["old"], []).append((affair_id(row["present"]), row["office"]))
    found: list[Entry] = []
    for number, row in enumerate(_rows("old_beppyo2_2015.tsv"), start=1):
        if row["requester"] == "削除":
            continue
        shares = present.get(row["item"], [(f"old2-{row['item']}", "")])
        for part, (affair, office) in enumerate(shares, start=1):
            found.append(_old_entry(number, part, row, affair, office))
    return tuple(found)


def _old_entry(number: int, part: int, row: dict[str, str], affair: str, office: str) -> Entry:
    bodies = {one["body"]: one["institution_class"] for one in _rows("bodies.tsv")}
    kinds = {one["japanese"]: one["information"] for one in _rows("informations.tsv")}
    asking = _classes_of(row["requester"], bodies)
    if office:
        assert bodies[office] in asking, "an office has its share of rows that name it only"
        asking = (bodies[office],)
    return Entry(
        entry=f"old2-{number:03d}" if part == 1 else f"old2-{number:03d}-{part}",
        affair=affair,
        requesters=asking,
        providers=_classes_of(row["provider"], bodies),
        informations=_informations_of(row["info"], kinds, number),
        basis=f"{OLD_BASIS} {row['item']}の項",
        valid_from=OLD_IN_FORCE,
    )


@cache
def class_names() -> frozenset[str]:
    """Return every class that the law's tables name or that an institution of them has."""
    named = {row["institution_class"] for row in _rows("bodies.tsv")}
    return frozenset({name for one in institutions() for name in one.classes} | named)


def informations() -> tuple[str, ...]:
    """Return the ids of the named kinds of information."""
    return tuple(row["information"] for row in _rows("informations.tsv"))


@cache
def holders(information: str) -> frozenset[str]:
    """Return the institutions that some row of the list names as a provider of it."""
    named = {
        name for row in old_entries() if information in row.informations for name in row.providers
    }
    return frozenset(
        one.institution for one in institutions() if named & {one.institution, *one.classes}
    )


def self_information() -> Entry:
    """Return the entry by which a person reads her own data through the ledger and the portal."""
    return Entry(
        entry=SELF_INFORMATION,
        affair=SELF_INFORMATION,
        requesters=("ledger",),
        providers=("any",),
        informations=(*informations(), USAGES),
        basis="番号法附則第六条第三項",
        valid_from=OLD_IN_FORCE,
    )


def build_list(
    more: Iterable[Institution] = (), entries: Sequence[Entry] | None = None
) -> PositiveList:
    """Return the list over all institutions and those of a deployment (`more`).

    Entries name classes; an entry that names one institution by its id means that one alone.
    """
    classes: dict[str, list[str]] = {"ledger": ["ledger"]}
    for institution in (*institutions(), *more):
        for name in (*institution.classes, "any"):
            classes.setdefault(name, []).append(institution.institution)
    rows = (*old_entries(), self_information()) if entries is None else tuple(entries)
    bodies = set(classes["any"])
    for row in rows:
        for name in (*row.requesters, *row.providers):
            if name in bodies:
                classes.setdefault(name, [name])
    return PositiveList(rows, classes)
