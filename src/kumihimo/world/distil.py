"""Make the data files of this folder from the packages named in `data/SOURCES.md`.

Run by hand when a source is renewed; generation reads only what this wrote. Same input, same
bytes. Holds nothing about any living person: names are frequencies, addresses are towns.
"""

import csv
import gzip
import json
import math
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from kumihimo.people.check_digits import municipality_check_digit

TOWNS_MAX: Final = 40  # per municipality or ward: our choice, keeps the file under 1 MB
GIVEN_MAX: Final = 4000  # spellings per sex: our choice
_SPECIAL_WARDS: Final = "13"
_KYOTO: Final = "261"
_IN_A_COUNTY: Final = re.compile("(.+?郡)(.+[町村])")
_DESIGNATED: Final = range(100, 200)
_HIRAGANA_TO_KATAKANA: Final = {point: point + 0x60 for point in range(0x3041, 0x3097)}
_UNUSABLE_IN_A_TOWN: Final = frozenset("（）、～「」・　 ")


class PostalTown(msgspec.Struct):
    """The fields of one row of the postal table that are kept."""

    jisx0402: str
    postal_code: str
    prefecture: str
    city: str
    neighborhood: str
    neighborhood_kana: str
    chome: bool


class Municipality(msgspec.Struct, frozen=True):
    """A municipality as the list of codes has it; `code` has six digits."""

    code: str
    prefecture: str
    city: str


def distil(*, postal: Path, names: Path, codes: Path, out: Path) -> None:
    """Write `towns.tsv.gz`, `given.tsv.gz` and `surnames.tsv.gz` into `out`."""
    write(out / "towns.tsv.gz", town_rows(read_towns(postal), read_municipalities(codes)))
    write(out / "given.tsv.gz", given_rows(names))
    write(out / "surnames.tsv.gz", surname_rows(names / "last_name_org.csv"))


def distil_places(*, postal: Path, codes: Path, out: Path) -> None:
    """Write `places.tsv` and `kyoto_twice.tsv` into `out`, the data folder of `people`."""
    towns = read_towns(postal)
    _write_plain(out / "places.tsv", place_rows(towns, read_municipalities(codes)))
    _write_plain(out / "kyoto_twice.tsv", kyoto_rows(towns))


def place_rows(
    towns: Iterable[PostalTown], municipalities: Sequence[Municipality]
) -> list[tuple[str, str, str]]:
    """Return (code, county or "", name): every municipality, and every ward with its city's name.

    The postal data know no designated city as a whole: it comes from the list of codes.
    """
    found = {(town.jisx0402, *_county(town.city)) for town in towns}
    known = {code for code, _, _ in found}
    wards = [name for _, _, name in found]
    for one in municipalities:
        body = one.code[:5]
        whole = any(name != one.city and name.startswith(one.city) for name in wards)
        if whole and body not in known:
            found.add((body, "", one.city))
    return sorted(
        (f"{code}{municipality_check_digit(code)}", county, name) for code, county, name in found
    )


def kyoto_rows(towns: Iterable[PostalTown]) -> list[tuple[str, str]]:
    """Return (ward, town) where one ward of Kyoto has two towns of one name, told by the street."""
    rows = [town for town in towns if town.jisx0402.startswith(_KYOTO) and town.neighborhood]
    count = Counter((town.city, town.neighborhood) for town in rows)
    return sorted(pair for pair, times in count.items() if times > 1)


def write(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as gzip-compressed TSV without a time stamp, so that bytes repeat."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def read_municipalities(path: Path) -> list[Municipality]:
    """Read the list of codes; prefectures themselves are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        Municipality(code=row["code"], prefecture=row["prefecture"], city=row["city"])
        for row in rows
        if row["city"]
    ]


def read_towns(path: Path) -> list[PostalTown]:
    """Read the postal table (SQLite), in order of postal code and town."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(
            "SELECT data FROM postal_data ORDER BY code, city, neighborhood"
        ).fetchall()
    finally:
        connection.close()
    return [msgspec.convert(json.loads(data), PostalTown) for (data,) in rows]


def town_rows(
    towns: Iterable[PostalTown], municipalities: Sequence[Municipality]
) -> list[tuple[object, ...]]:
    """Return (code, prefecture, city, postal code, town, kana, has 丁目), at most `TOWNS_MAX` each.

    A ward of a designated city becomes the first part of the town's name, because the
    municipality is the city.
    """
    by_code = {one.code[:5]: one for one in municipalities}
    cities = {one.city: one for one in municipalities if _is_designated(one.code)}
    groups: defaultdict[tuple[str, str], list[tuple[object, ...]]] = defaultdict(list)
    for town in towns:
        if not _is_usable(town.neighborhood):
            continue
        found = by_code.get(town.jisx0402)
        ward = ""
        if found is None:
            name = next((c for c in cities if town.city.startswith(c)), None)
            if name is None:
                continue
            found, ward = cities[name], town.city.removeprefix(name)
        city = found.city if ward else town.city
        groups[found.code, ward].append((
            found.code, found.prefecture, city, town.postal_code,
            ward + town.neighborhood, town.neighborhood_kana, int(town.chome),
        ))  # fmt: skip
    return [row for key in sorted(groups) for row in _spread(groups[key])]


def given_rows(folder: Path) -> list[tuple[object, ...]]:
    """Return (sex 1 or 2, kanji, kana), the likeliest spellings first.

    The source gives no frequencies. Likelihood here is our choice: how common a spelling's
    characters are among all spellings.
    """
    rows: list[tuple[object, ...]] = []
    for sex, name in ((1, "man"), (2, "woman")):
        spelled: list[tuple[str, str]] = []
        with (folder / f"first_name_{name}_opti.csv").open(encoding="utf-8", newline="") as file:
            for kana, _, *kanji in csv.reader(file):
                spelled += [(k, kana.translate(_HIRAGANA_TO_KATAKANA)) for k in kanji]
        common = Counter(c for kanji, _ in spelled for c in kanji)
        readings = Counter(kana for _, kana in spelled)

        def rank(
            pair: tuple[str, str], common: Counter[str] = common, readings: Counter[str] = readings
        ) -> tuple[float, str, str]:
            kanji, kana = pair
            logs = sum(math.log(common[c]) for c in kanji) / len(kanji)
            return (-(logs + 0.5 * math.log(readings[kana])), kanji, kana)

        best = sorted({pair for pair in spelled if len(pair[0]) > 1}, key=rank)[:GIVEN_MAX]
        rows += [(sex, kanji, kana) for kanji, kana in best]
    return rows


def surname_rows(path: Path) -> list[tuple[object, ...]]:
    """Return (kanji, kana, estimated population), as the source has them."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (kanji, kana.translate(_HIRAGANA_TO_KATAKANA), int(population))
            for kanji, population, kana, _ in csv.reader(file)
        ]


def _county(city: str) -> tuple[str, str]:
    found = _IN_A_COUNTY.fullmatch(city)
    return (found[1], found[2]) if found else ("", city)


def _write_plain(path: Path, rows: Iterable[Sequence[str]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


def _is_usable(town: str) -> bool:
    plain = not any(c.isdecimal() for c in town)
    return bool(town) and plain and not _UNUSABLE_IN_A_TOWN & set(town)


def _is_designated(code: str) -> bool:
    return int(code[2:5]) in _DESIGNATED and not code.startswith(_SPECIAL_WARDS)


def _spread(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    step = max(1, math.ceil(len(rows) / TOWNS_MAX))
    return rows[::step]
