"""Addresses as registers write them, and the form in which two of them are compared.

What was written is always kept. Building and room are split off and take no part in a strict
comparison: offices leave them out, and a resident register need not hold them.
"""

import re
from functools import cache
from typing import Final, Self

import attrs

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.addresses_before import core_before
from kumihimo.people.kyoto import Streets
from kumihimo.people.lots import IDEOGRAPHS, LotKind, locate, numbered
from kumihimo.people.numerals import with_ascii_digits
from kumihimo.people.places import Places, read_places, rows, split_prefecture
from kumihimo.people.text import admit, compatible, without_spaces
from kumihimo.people.variants import fold_variants, fold_variants_1

ADDRESS_FORM_VERSION: Final = 3
ADDRESS_CHARS_MAX: Final = 300  # our choice: above every field length met in municipal layouts

_POSTAL_CODE: Final = re.compile(
    "^(?:〒? ?[0-9]{3}-?[0-9]{4} (?=[^0-9-])|〒 ?[0-9]{3}-?[0-9]{4} ?)"
)
# Written in several ways between two ideographs: 霞ヶ関 霞が関, 山ノ内 山之内, 四ッ谷 四つ谷.
# A small ヶ is one whatever follows.
JOINTS: Final = (("がガ", "ケ"), ("ノ之", "の"), ("つッっ", "ツ"))
_SMALL_KE: Final = re.compile(f"(?<=[{IDEOGRAPHS}])[ヶヵ]")
_JOINTS: Final = tuple(
    (re.compile(f"(?<=[{IDEOGRAPHS}])[{written}](?=[{IDEOGRAPHS}])"), one)
    for written, one in JOINTS
)
# The one city whose name is another's (鹿島市, in Saga) but for a variant of a character.
KEPT: Final = "鹿嶋市"
_AGAIN: Final = re.compile(f"([{IDEOGRAPHS}])々")
_SMALL_PLACES: Final = re.compile("大字|(?<!文)字")


@attrs.frozen
class AddressParts:
    """The parts of an address in canonical form; "" where a part is not written.

    `prefecture` is a code of two digits, `city` a municipality without its county, or a ward with
    its city; both are restored where the name leaves no doubt. A town or village without county
    and prefecture stays in `town`. What a comparison takes is `core`.
    """

    prefecture: str = attrs.field(default="", repr=False)
    city: str = attrs.field(default="", repr=False)
    town: str = attrs.field(default="", repr=False)
    lot: str = attrs.field(default="", repr=False)
    lot_kind: LotKind = LotKind.UNTOLD
    building: str = attrs.field(default="", repr=False)
    room: str = attrs.field(default="", repr=False)

    @property
    def core(self) -> str:
        """City, town and lot: one place, whatever office wrote it."""
        return self.city + self.town + self.lot


def canonical_address(text: str) -> tuple[str, str]:
    """Return the prefecture's code ("" where nothing tells it) and the core: city, town and lot.

    NFKC; 2丁目1番地2号, 2-1-2 and 二丁目1番地の2 become one form; 大字, 字 and a county are dropped,
    ヶ, ケ and が between ideographs unified; building and room left out (`ADDRESS_FORM_VERSION`).
    """
    parts = address_parts(text)
    return parts.prefecture, parts.core


def address_parts(text: str) -> AddressParts:
    """Return the parts of an address as written. Never fails: what is no address is a town."""
    plain = _POSTAL_CODE.sub("", one_letter_each(_plain(text)), count=1)
    prefecture, rest = split_prefecture(plain)
    prefecture, city, rest = places().split(prefecture, rest)
    return attrs.evolve(parts_in_town(city, rest), prefecture=prefecture, city=city)


def parts_in_town(city: str, text: str) -> AddressParts:
    """Return the parts of what follows the municipality, in the characters of comparison."""
    found = locate(_streets().without(city, numbered(text), _town))
    return AddressParts(
        town=_town(found.town),
        lot=found.lot,
        lot_kind=found.kind,
        building=without_spaces(found.building),
        room=found.room,
    )


def restore(parts: AddressParts, holder: str) -> AddressParts:
    """Return the parts with prefecture and city as municipality `holder` leaves them out.

    An office that writes 桜丘1-2-3 means its own city, and one that writes 府中市 the one of its
    own prefecture. `holder` is a municipality code of six digits, or a prefecture's. Raises
    `KeyError` for a code that is not in the list.
    """
    own = places().holder(holder)
    if parts.prefecture not in {"", own.prefecture}:
        return parts
    if parts.city:
        prefecture, city = places().within(own, parts.city)
        return attrs.evolve(
            parts, prefecture=prefecture or parts.prefecture, city=city or parts.city
        )
    city, town = places().own(own, parts.town)
    if not city:
        return parts
    return attrs.evolve(parts, prefecture=own.prefecture, city=city, town=town)


@cache
def places() -> Places:
    """Return the municipalities under the names that addresses are compared with."""
    return read_places(lambda name: one_letter_each(_plain(name)))


@cache
def _streets() -> Streets:
    twice = (
        tuple(one_letter_each(_plain(name)) for name in row) for row in rows("kyoto_twice.tsv")
    )
    return Streets(frozenset((ward, _town(numbered(town))) for ward, town in twice))


def _plain(text: str) -> str:
    return with_ascii_digits(" ".join(compatible(text).casefold().split()))


def one_letter_each(text: str) -> str:
    """Return the text with one character where offices choose among several."""
    return KEPT.join(_one_letter_each(part) for part in text.split(KEPT))


def _one_letter_each(text: str) -> str:
    text = _SMALL_KE.sub("ケ", _AGAIN.sub(r"\1\1", fold_variants(text)))
    for written, one in _JOINTS:
        text = written.sub(one, text)
    return text


def _town(text: str) -> str:
    return _SMALL_PLACES.sub("", without_spaces(text)).strip("-")


@attrs.frozen(repr=False, str=False, order=False)
class Address(Withheld[str]):
    """住所, as written. Equality is of what was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Keep an address as written. Raises `BadText` (`text.admit`)."""
        return cls(admit(text, what="address", limit=ADDRESS_CHARS_MAX))

    def reveal_parts(self) -> AddressParts:
        """Return every part in canonical form."""
        return address_parts(self._value)

    def reveal_prefecture(self) -> str:
        """Return the code of the prefecture, or "" where nothing tells it."""
        return self.reveal_parts().prefecture

    def reveal_core(self) -> str:
        """Return city, town and lot in canonical form: what a comparison takes."""
        return self.reveal_parts().core

    def reveal_cores_before(self) -> tuple[str, str]:
        """Return the cores of versions 1 and 2, under which older records of inquiries are found."""
        return core_before(self._value, fold_variants_1), core_before(self._value, fold_variants)
