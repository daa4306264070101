"""Prefectures and municipalities as addresses begin with them, and which of them is meant.

The list (`data/SOURCES.md`) is of one day. A name that it does not know stays part of the town; a
name that two prefectures have stays open until the prefecture or the holder of the record tells.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final

import attrs

# In the order of their codes: the place in this list is the code, from 01 to 47.
PREFECTURES: Final = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県",
    "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県",
    "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県", "滋賀県", "京都府", "大阪府",
    "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県",
    "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県",
    "鹿児島県", "沖縄県",
)  # fmt: skip

_CODES: Final = {name: f"{code:02}" for code, name in enumerate(PREFECTURES, start=1)}
_PREFECTURE: Final = re.compile("|".join(PREFECTURES))
# 北区 alone, without 大阪市: the ward of one city or of another.
_WARD: Final = re.compile("(.+市)(.+区)")


@attrs.frozen
class Place:
    """A municipality or a ward of a designated city, by the name that an address is compared with.

    `name` carries no county (郡): offices leave it out, and within a prefecture no two
    municipalities of the list share a name.
    """

    prefecture: str
    name: str


@attrs.frozen
class Places:
    """Every name that an address may begin with, in canonical characters, and what it may mean.

    `sure` names are taken wherever they stand in front: cities, wards, and towns with their
    county. `villages` are towns and villages without a county, which a part of a city may be
    called too: taken only behind a prefecture.
    """

    sure: dict[str, tuple[Place, ...]]
    villages: dict[str, tuple[Place, ...]]
    by_code: dict[str, Place]
    lengths: tuple[int, ...]

    def split(self, prefecture: str, text: str) -> tuple[str, str, str]:
        """Return (prefecture, city, rest); what stays open is "" or the name as written.

        A name of one prefecture only tells the prefecture.
        """
        for length in self.lengths:
            name = text[:length]
            found = self.sure.get(name) or (self.villages.get(name) if prefecture else None)
            if not found:
                continue
            possible = [one for one in found if prefecture in {"", one.prefecture}]
            if possible:
                return (*_one_of(possible, prefecture, name), text[length:].lstrip())
        return prefecture, "", text

    def holder(self, code: str) -> Place:
        """Return the municipality or, with no name, the prefecture of a code. Raises `KeyError`."""
        if code[2:5] == "000" and 1 <= int(code[:2]) <= len(PREFECTURES):
            return Place(prefecture=code[:2], name="")
        return self.by_code[code]

    def within(self, own: Place, city: str) -> tuple[str, str]:
        """Return (prefecture, city) that `city` means in the records of `own`; "" where open."""
        found = self.sure.get(city, ()) + self.villages.get(city, ())
        near = [one for one in found if one.prefecture == own.prefecture]
        meant = [one for one in near if same_city(one.name, own.name)] or near
        return own.prefecture if near else "", meant[0].name if len(meant) == 1 else ""

    def own(self, own: Place, text: str) -> tuple[str, str]:
        """Return (city, town) of a text without a city in the records of `own`; "" where open.

        The name of another town or village of the prefecture in front leaves it open: it may be
        that one, or a part of the holder's city.
        """
        if own.name and text.startswith(own.name):
            return own.name, text[len(own.name) :]
        for length in self.lengths:
            near = self.villages.get(text[:length], ())
            if any(one.prefecture == own.prefecture for one in near):
                return "", text
        return own.name, text


def split_prefecture(text: str) -> tuple[str, str]:
    """Return the code of the prefecture written in front, or "", and what follows it."""
    found = _PREFECTURE.match(text)
    return (_CODES[found[0]], text[found.end() :].lstrip()) if found else ("", text)


def same_city(one: str, other: str) -> bool:
    """Say whether two names of places are one city, or wards of one."""
    return bool(one) and _city_of(one) == _city_of(other)


def read_places(canonical: Callable[[str], str]) -> Places:
    """Read the list; `canonical` gives names the characters that texts are compared in."""
    sure: defaultdict[str, list[Place]] = defaultdict(list)
    villages: defaultdict[str, list[Place]] = defaultdict(list)
    by_code: dict[str, Place] = {}
    for code, county, written in rows("places.tsv"):
        name = canonical(written)
        by_code[code] = place = Place(prefecture=code[:2], name=name)
        if name.endswith(("町", "村")):
            villages[name].append(place)
        else:
            sure[name].append(place)
        if county:
            sure[canonical(county) + name].append(place)
        ward = _WARD.fullmatch(name)
        if ward:
            sure[ward[2]].append(place)
    names = {*sure, *villages}
    return Places(
        sure={name: tuple(found) for name, found in sure.items()},
        villages={name: tuple(found) for name, found in villages.items()},
        by_code=by_code,
        lengths=tuple(sorted({len(name) for name in names}, reverse=True)),
    )


def rows(name: str) -> list[list[str]]:
    """Return the rows of a data file of this package."""
    text = (files("kumihimo.people") / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def _one_of(possible: list[Place], prefecture: str, name: str) -> tuple[str, str]:
    prefectures = {one.prefecture for one in possible}
    names = {one.name for one in possible}
    return (
        prefectures.pop() if len(prefectures) == 1 else prefecture,
        names.pop() if len(names) == 1 else name,
    )


@cache
def _city_of(name: str) -> str:
    ward = _WARD.fullmatch(name)
    return ward[1] if ward else name
