"""交付枚数 and 保有枚数 by their definitions (card_jpki 3.7), by municipality, age and day.

Delivered is a running total that nothing but the reversal of a wrong delivery takes back. Held is
delivered less abolished. A card is counted where its holder lives; delivered, where it was given.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal

import attrs

from kumihimo.rooms.cards.domain.dates import age_on

BAND_YEARS: Final = 5
BANDS_TO: Final = 100

CountKind = Literal[
    "delivered", "moved-out", "moved-in", "abolished", "undelivered", "taken-back"
]  # fmt: skip
DELTAS: Final[dict[CountKind, tuple[int, int]]] = {  # (delivered, held)
    "delivered": (1, 1),
    "moved-out": (0, -1),
    "moved-in": (0, 1),
    "abolished": (0, -1),
    "undelivered": (-1, 0),  # a wrong delivery, where the card was given
    "taken-back": (0, -1),  # the same, where the holder lives
}
COLUMNS: Final = ("day", "municipality", "age", "delivered", "held")


@attrs.frozen(kw_only=True)
class Entry:
    """A change of counts: on which day, where, of a person born when, and how.

    `delivered_on` is the day on which the card was given.
    """

    on: date
    delivered_on: date
    municipality: str
    born: date
    kind: CountKind


@attrs.frozen(kw_only=True, order=True)
class Count:
    """Delivered so far, and held, at the end of a day."""

    municipality: str
    age: str
    delivered: int
    held: int


def band(age: int) -> str:
    """Return the five-year band of an age, "100-" from a hundred on."""
    if age >= BANDS_TO:
        return f"{BANDS_TO}-"
    low = age - age % BAND_YEARS
    return f"{low}-{low + BAND_YEARS - 1}"


def band_start(name: str) -> int:
    """Return the lowest age of a band, to sort by."""
    return int(name.partition("-")[0])


def count(entries: Iterable[Entry], *, day: date) -> list[Count]:
    """Count at the end of a day. Delivered by the age at delivery, held by the age on the day."""
    delivered: dict[tuple[str, str], int] = {}
    held: dict[tuple[str, str], int] = {}
    for entry in entries:
        if entry.on > day:
            continue
        given, kept = DELTAS[entry.kind]
        then = (entry.municipality, band(age_on(entry.born, entry.delivered_on)))
        now = (entry.municipality, band(age_on(entry.born, day)))
        delivered[then] = delivered.get(then, 0) + given
        held[now] = held.get(now, 0) + kept
    places = sorted(delivered.keys() | held.keys(), key=lambda key: (key[0], band_start(key[1])))
    found = [
        Count(municipality=m, age=a, delivered=delivered.get((m, a), 0), held=held.get((m, a), 0))
        for m, a in places
    ]
    return [one for one in found if one.delivered or one.held]


def as_csv(day: date, counts: Sequence[Count]) -> str:
    """Return counts as CSV with a header, one row for each municipality and band."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in counts:
        writer.writerow((day, one.municipality, one.age, one.delivered, one.held))
    return text.getvalue()
