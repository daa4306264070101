"""Where the town ends and the lot begins, and what of the rest is building and room.

Takes text in canonical characters behind the municipality. What is not surely building or room
stays in the lot, so that two addresses are never one for want of a rule.
"""

import re
from enum import StrEnum
from typing import Final

import attrs

from kumihimo.people.numerals import NUMERALS, read_numerals


class LotKind(StrEnum):
    """What the first number of a lot counts, where it is written; 2-1 alone does not tell."""

    CHOME = "chome"  # 2丁目1番
    BANCHI = "banchi"  # 2番地1
    UNTOLD = ""


@attrs.frozen
class Located:
    """Town, lot, building and room. `lot` is numbers joined by hyphens, each with its letter."""

    town: str = attrs.field(repr=False)
    lot: str = attrs.field(default="", repr=False)
    kind: LotKind = LotKind.UNTOLD
    building: str = attrs.field(default="", repr=False)
    room: str = attrs.field(default="", repr=False)


IDEOGRAPHS: Final = "々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SYLLABLES: Final = "ァ-ヴー"
# A lot may carry a letter, 甲乙丙 or イロハ, before or behind its number. ノ, ケ and ツ join words.
_IROHA: Final = "ア-オカキク-コサ-タチテ-ネハ-ン"
_BEHIND: Final = f"[甲乙丙戊己庚辛壬癸{_IROHA}](?![{_SYLLABLES}])(?!(?![番号])[{IDEOGRAPHS}])"
_LETTERED = re.compile(f"([甲乙丙]|(?<![{_SYLLABLES}])[{_IROHA}])部?[-の]?(?=[0-9])")
_LETTER_IN_FRONT = re.compile(f"(?<!六)[甲乙丙]$|(?<![{_SYLLABLES}])[{_IROHA}]$")

# A numeral counts as a number only beside a word of counting: 三田 and 十日町 are names.
_COUNTED = re.compile(
    f"(?<![{NUMERALS}])([{NUMERALS}]{{1,12}})"
    f"(?=丁目|丁(?:[0-9{NUMERALS} -]|$)|番|号|条|線|地割|町目|-[{NUMERALS}])"
    f"|(?<=[目番地号の-])(?<!の地)([{NUMERALS}]{{1,12}})(?=$|[ 番号の-])"
    f"|(?<=第)([{NUMERALS}]{{1,12}})"
)
_SPACED_DASH = re.compile(" ?- ?")
_LETTER_AS_DASH = re.compile("(?<=[0-9])[ー一](?=[0-9])")
_NO = re.compile("(?<=[0-9地番号甲乙丙])[ノ之](?=[0-9甲乙丙])")
_ORDINAL = re.compile("(?<! )第(?=[0-9]+(?:地割|区|部|組|号|番|線))")

_DIGITS = re.compile("[0-9]+")
# The first number is of the town and not of the lot where a word of the town follows: 5条, 8線,
# 3番町, 4号北, 1の通り, 3丁目南町. A road of a grid behind another is of the town too: 西8線北12号.
_OF_THE_TOWN = re.compile(
    f"(?:番(?!地)|丁目|の)(?![甲乙丙戊己庚辛壬癸])[{IDEOGRAPHS}]|号(?![室棟館])[0-9{IDEOGRAPHS}]"
    f"|(?!丁目|丁(?![{IDEOGRAPHS}])|番|号|先|内|[甲乙丙戊己庚辛壬癸])[{IDEOGRAPHS}]"
)
_GRID = re.compile("[線号][東西南北]$")

_NUMBER = re.compile(f"([甲乙丙{_IROHA}]?)([0-9]+)({_BEHIND})?")
_JOINT = re.compile(" ?(?P<unit>丁目?|番地?|号)?(?P<gap> ?)(?P<link>[-の]?)")
_IN_A_BUILDING = re.compile(" ?(?:号室|室|号?棟|号館|階)")
_NUMBERED = re.compile("号(?!室)")
_END = re.compile(
    f"(?: ?(?P<unit>丁目|丁(?![{IDEOGRAPHS}])|番地|番(?![館街町丁組])|号(?![室棟館])))?"
    f"(?:[-の]?(?P<letter>{_BEHIND}))?"
    f"(?P<beside>(?:地先|先|内|付近)(?![{IDEOGRAPHS}]))?"
)
_NO_NUMBER = re.compile("(?:無番地|番地なし|番外地|無番)$")
_MORE_OF_THE_LOT = re.compile(
    f"[0-9](?:丁目|番地|番(?![館街]))|^[東西南北上下左右]?[{_IROHA}]?[0-9]+[-の番]"
)
_ROOM = re.compile("(?<![0-9])([0-9]+(?:-[0-9]+)*[a-z]?) ?(?:号室|号|室)?$")


def numbered(text: str) -> str:
    """Return the text with counted numerals as digits, and one sign for each joint of a lot."""
    counted = _COUNTED.sub(lambda m: str(read_numerals(m[m.lastindex or 0])), text)
    dashed = _LETTER_AS_DASH.sub("-", _SPACED_DASH.sub("-", counted))
    return _ORDINAL.sub("", _LETTERED.sub(r"\1", _NO.sub("の", dashed)))


def locate(text: str) -> Located:
    """Divide what `numbered` gave: 芝公園2丁目1番3号 タワー501号室 into its five parts."""
    start = _lot_start(text)
    if start is None:
        town = _NO_NUMBER.sub("", text)
        return Located(town=town, lot="" if town == text else "無番地")
    lot, kind, end = _read_lot(text, start)
    tail = text[end:].strip(" -").removeprefix("の")
    if _MORE_OF_THE_LOT.search(tail):
        return Located(town=text[:start], lot=f"{lot}/{tail.replace(' ', '')}", kind=kind)
    found = _ROOM.search(tail)
    building = tail[: found.start()] if found else tail
    room = (found[1].lstrip("0") or "0") if found else ""
    return Located(town=text[:start], lot=lot, kind=kind, building=building.strip(" -"), room=room)


def _lot_start(text: str) -> int | None:
    for found in _DIGITS.finditer(text):
        before = text[: found.start()]
        road = text.startswith("号", found.end()) and _GRID.search(before)
        if not road and not _OF_THE_TOWN.match(text, found.end()):
            letter = _LETTER_IN_FRONT.search(before)
            return letter.start() if letter else found.start()
    return None


def _read_lot(text: str, start: int) -> tuple[str, LotKind, int]:
    first = _NUMBER.match(text, start)
    assert first, "a lot starts with a number"
    numbers, units, at = [_plain(first)], list[str](), first.end()
    while joint := _JOINT.match(text, at):
        number = _NUMBER.match(text, joint.end())
        if number is None or not _joins(joint, text, number.end()):
            break
        units.append(joint["unit"] or "")
        numbers.append(_plain(number))
        at = number.end()
    end = _END.match(text, at)
    assert end, "all parts of the pattern may be absent"
    units.append(end["unit"] or "")
    lot = "-".join(numbers) + (end["letter"] or "") + (end["beside"] or "")
    return lot, _kind(units[0]), end.end()


def _joins(joint: re.Match[str], text: str, end: int) -> bool:
    """Say whether the number that ends at `end` belongs to the lot and is no room."""
    if _IN_A_BUILDING.match(text, end):
        return False
    unit = joint["unit"] or ""
    if joint["link"]:
        return unit != "号" or not _NUMBERED.match(text, end)
    if unit.startswith("番"):
        return not joint["gap"] or bool(_NUMBERED.match(text, end))
    return unit.startswith("丁")


def _plain(number: re.Match[str]) -> str:
    return number[1] + (number[2].lstrip("0") or "0") + (number[3] or "")


def _kind(unit: str) -> LotKind:
    if unit.startswith("丁"):
        return LotKind.CHOME
    return LotKind.BANCHI if unit.startswith("番") else LotKind.UNTOLD
