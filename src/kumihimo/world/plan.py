"""What is asked of a world, checked: how many people, which seed, which municipalities, which day."""

from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.refusal import BadInput
from kumihimo.world import reference
from kumihimo.world.histories import PEOPLE_MAX
from kumihimo.world.institutions import chosen_municipalities
from kumihimo.world.lives import EPOCH
from kumihimo.world.streams import stream

DEFAULT_MUNICIPALITIES: Final = 20
DEFAULT_DAY: Final = date(2026, 4, 1)  # our choice; a world does not ask what day it is
BLOCK_PEOPLE: Final = 50_000  # bounds memory; part of what a seed means
SEED_MAX: Final = 2**63 - 1
_FIRST_DAY: Final = date(2020, 1, 1)  # our choice: earlier there is too little history to tell
_LAST_DAY: Final = date(2100, 1, 1)


class BadWorld(BadInput):
    """A world was asked for that cannot be made."""

    code = "bad-world"
    title = "Such a world cannot be made"


@attrs.frozen(kw_only=True)
class Plan:
    """A world to be made. Equal plans give equal bytes."""

    residents: int
    seed: int
    codes: tuple[str, ...]
    on: date
    block_people: int = BLOCK_PEOPLE

    @property
    def blocks(self) -> int:
        """How many blocks of at most `block_people` people."""
        return -(-self.residents // self.block_people)

    @property
    def today(self) -> int:
        """The world's present day, counted from 1970-01-01."""
        return (self.on - EPOCH).days

    def people_in(self, block: int) -> int:
        """Return the number of people in a block; only the last one is smaller."""
        return min(self.block_people, self.residents - self.first_of(block))

    def first_of(self, block: int) -> int:
        """Return the index of a block's first person."""
        return block * self.block_people


def make_plan(
    residents: int,
    seed: int,
    *,
    municipalities: int = DEFAULT_MUNICIPALITIES,
    on: date = DEFAULT_DAY,
) -> Plan:
    """Return the plan of a world. Raises `BadWorld` and says which argument and its bounds."""
    known = len(reference.municipalities())
    _within("residents", residents, 1, PEOPLE_MAX)
    _within("seed", seed, 0, SEED_MAX)
    _within("municipalities", municipalities, 1, known)
    if not _FIRST_DAY <= on <= _LAST_DAY:
        raise BadWorld(f"the day must be from {_FIRST_DAY} to {_LAST_DAY}", pointer="on")
    codes = chosen_municipalities(municipalities, stream(seed, "municipalities"))
    return Plan(residents=residents, seed=seed, codes=tuple(codes), on=on)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BadWorld(f"{name} must be from {low} to {high:,}; {value} was asked", pointer=name)
