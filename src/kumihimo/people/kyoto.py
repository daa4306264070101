"""Kyoto's streets: 寺町通御池上る上本能寺前町 is 上本能寺前町, found by its street.

Offices write the street or leave it out. Where one ward has two towns of a name
(`data/kyoto_twice.tsv`) only the street tells which is meant, so it stays.
"""

import re
from collections.abc import Callable
from typing import Final

CITY: Final = "京都市"
_TURNS: Final = (
    (re.compile("上[がガ]?[るル]"), "上る"),
    (re.compile("下[がガ]?[るル]"), "下る"),
    (re.compile("(?<=[東西])入[るルり]?"), "入"),
    (re.compile("通"), ""),
)
_STREET: Final = re.compile(
    "(?:[^0-9 ]|[0-9]+(?:条|丁目))*(?:[上下][がガ]?[るル]|[東西]入[るルり]?)"
    "(?:[0-9]+丁目)?(?:[東西南北]側)? ?"
)
_TOWN: Final = re.compile("[^0-9 -]+")


class Streets:
    """Which towns of Kyoto keep their street; made from (ward, town) in canonical characters."""

    def __init__(self, twice: frozenset[tuple[str, str]]) -> None:
        self._twice = twice

    def without(self, city: str, text: str, town: Callable[[str], str]) -> str:
        """Return the text behind the municipality without its street, if a town follows it."""
        if not city.startswith(CITY):
            return text
        street = _STREET.match(text)
        if street is None:
            return text
        named = _TOWN.match(text, street.end())
        if named and (city, town(named[0])) not in self._twice:
            return text[street.end() :]
        kept = street[0]
        for written, one in _TURNS:
            kept = written.sub(one, kept)
        return kept + text[street.end() :]
