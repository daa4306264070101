"""What a whole country needs of machines, from what one inquiry costs each room on one.

A model on paper that runs: the country's figures come from `Country`, the costs of an inquiry from
`kumihimo bench linkage`. It counts processors and disks, and where a room no longer fits one server.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput

GATEWAYS: Final = "gateways"
# Whose share of an inquiry each room bears.
ROOMS: Final = {GATEWAYS: ("requester", "provider"), "linkage": ("core",), "ledger": ("ledger",)}
CPU: Final = "cpu_us_per_inquiry_"
BYTES: Final = "bytes_per_inquiry_"
PERSON: Final = "bytes_per_person"
CODES: Final = "codes_acquired_per_second"
FIGURES: Final = (
    *(kind + party for kind in (CPU, BYTES) for parties in ROOMS.values() for party in parties),
    PERSON,
    CODES,
)
_DAY_S: Final = 86_400
_MONTHS: Final = 12
_TERA: Final = 1e12
MOST: Final = 1e15  # nothing here is more; what is no number is not less


def _above_nothing(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        if not 0 < value < MOST:
            raise BadInput(f"{name}: more than 0, and a number", pointer=name)


@attrs.frozen(kw_only=True)
class Country:
    """How much there is of everything. Where a figure is not public, it is said to be a guess."""

    people: float = 125e6
    institutions_per_person: float = 10.0  # a guess
    gateways: float = 1_800.0  # one for each municipality
    provisions_a_year: float = 173_090_000.0  # fiscal 2022
    days: float = 245.0  # working days of a year
    hours: float = 10.0  # of such a day; service hours are not public
    peak: float = 20.0  # by the mean of those hours: a guess, for June's taxes
    years: float = 10.0  # that records are kept

    def __attrs_post_init__(self) -> None:
        """Raise `BadInput` for what is no country."""
        _above_nothing(attrs.asdict(self))

    @property
    def peak_per_second(self) -> float:
        """Inquiries a second at the peak."""
        return self.provisions_a_year / (self.days * self.hours * 3_600) * self.peak


@attrs.frozen(kw_only=True)
class Server:
    """How much of a room one server takes before it has to be cut in parts: our choice."""

    cores: float = 32.0
    busy: float = 0.5  # of its cores, at the peak
    terabytes: float = 8.0
    yen_per_core: float | None = None  # a year; None: no price is known
    yen_per_terabyte: float | None = None

    def __attrs_post_init__(self) -> None:
        """Raise `BadInput` for what is no server."""
        _above_nothing({k: v for k, v in attrs.asdict(self).items() if v is not None})
        if self.busy > 1:
            raise BadInput("busy: at most 1, which is all cores", pointer="busy")

    def price(self, cores: float, terabytes: float) -> float | None:
        """Return yen a year for cores that are busy at the peak and for what is held."""
        if self.yen_per_core is None or self.yen_per_terabyte is None:
            return None
        return cores / self.busy * self.yen_per_core + terabytes * self.yen_per_terabyte


@attrs.frozen(kw_only=True)
class Need:
    """What a room needs, of all its servers together; `gateways` are all of them.

    `rows_a_month` come each month, and go once records are old. `parts` is how many servers it is cut
    into, 1 where one PostgreSQL is enough; of the gateways it is how many there are.
    """

    room: str
    cores: float  # busy at the peak
    terabytes: float
    rows_a_month: float
    parts: int
    yen_a_year: float | None


@attrs.frozen(kw_only=True)
class Scale:
    """A country's needs."""

    peak_per_second: float
    rows: float  # exchanges that are kept
    codes: float
    first_codes_days: float  # until everybody has a code at every institution, one core room
    needs: tuple[Need, ...]


def scale(figures: Mapping[str, float], country: Country, server: Server) -> Scale:
    """Return what a country needs. `figures` are `FIGURES` by name; raises `BadInput`."""
    for name in FIGURES:
        if not 0 < figures.get(name, 0.0) < MOST:
            raise BadInput(f"the figures lack {name}", pointer=name)
    codes = country.people * country.institutions_per_person
    rows = country.provisions_a_year * country.years
    needs: list[Need] = []
    for room, parties in ROOMS.items():
        cores = country.peak_per_second * sum(figures[CPU + p] for p in parties) / 1e6
        held = rows * sum(figures[BYTES + p] for p in parties)
        if room == GATEWAYS:
            held += codes * figures[PERSON]
        parts = max(ceil(cores / server.cores / server.busy), ceil(held / _TERA / server.terabytes))
        needs.append(
            Need(
                room=room,
                cores=cores,
                terabytes=held / _TERA,
                rows_a_month=len(parties) * country.provisions_a_year / _MONTHS,
                parts=max(parts, ceil(country.gateways)) if room == GATEWAYS else parts,
                yen_a_year=server.price(cores, held / _TERA),
            )
        )
    return Scale(
        peak_per_second=country.peak_per_second,
        rows=rows,
        codes=codes,
        first_codes_days=codes / figures[CODES] / _DAY_S,
        needs=tuple(needs),
    )
