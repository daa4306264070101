"""What is asked of an audit world: how many links, and how often each thing happens in it.

The rates are those that the design of the audit was measured with (its sources are prefectures'
and insurers' reports of 2023); the ones marked so are our choice.
"""

from datetime import date
from typing import Final

import attrs

from kumihimo.linkaudit.schema import Mechanism
from kumihimo.world.lives import EPOCH
from kumihimo.world.plan import DEFAULT_DAY, BadWorld

BLOCK_LINKS: Final = 500_000  # bounds memory; part of what a seed means
LINKS_MAX: Final = 200_000_000
# One person in 61 shares reading of the full name, sex and birth date with somebody in Japan.
JAPANS_HOMONYMS: Final = 1 / 61


@attrs.frozen(kw_only=True)
class Writing:
    """Shares of rows that the institution writes otherwise than the register, one by one."""

    variant: float = 0.06  # a variant of a character in the name
    kana_style: float = 0.30
    no_prefecture: float = 0.15
    lot_style: float = 0.60  # one of the other notations of the lot: our choice
    stale_address: float = 0.06
    former_name: float = 0.015
    birth_error: float = 0.001
    no_birth_day: float = 0.0005  # year and month only: our guess, no count was found
    no_sex: float = 0.08
    lost_character: float = 0.005  # ● or 〓 stands for a character: our choice
    confused_character: float = 0.0005  # a character that looks alike: our choice
    sex_error: float = 0.0002  # our choice
    no_kana: float = 0.005  # our choice


@attrs.frozen(kw_only=True)
class Planting:
    """Shares of rows that carry another person's number."""

    household: float = 0.0005
    homonym: float = 0.0003
    twin: float = 0.00005  # our choice
    random: float = 0.00017
    one_digit: float = 0.00002  # a slip that passes the check digit and is somebody's: our choice
    nobody: float = 0.00001  # such a slip that is nobody's number: our choice
    shift: float = 0.0002  # our choice

    def of(self, mechanism: Mechanism) -> float:
        """Return the share of one mechanism; slips of a digit count as random."""
        if mechanism is Mechanism.RANDOM:
            return self.random + self.one_digit + self.nobody
        if mechanism is Mechanism.MATCH:
            return 1 - sum(self.of(one) for one in Mechanism if one is not Mechanism.MATCH)
        return float(getattr(self, mechanism.value))


@attrs.frozen(kw_only=True)
class AuditPlan:
    """An audit world to be made. Equal plans give equal bytes.

    `homonyms` is the share of people who share reading, sex and birth date with another, however
    small the world; a world as large as the country has more by itself and none are added.
    `rowless` people stand in the register, most of them dead, and have no row. `twins` is the
    share of births. `history_kept` of the former names and addresses are still in the register.
    `neighbours` of the flats are put into the building, and so onto the lot, of another
    household's.
    `unknown_days` of the people have a birth date without its day in the register itself.
    """

    links: int
    seed: int
    on: date = DEFAULT_DAY
    homonyms: float = JAPANS_HOMONYMS
    twins: float = 0.01
    rowless: float = 0.04
    history_kept: float = 0.7
    neighbours: float = 0.2  # our guess
    unknown_days: float = 0.00005  # our guess
    family_accounts: float = 0.004  # of members beyond the couple: our choice
    others_accounts: float = 748 / 54_000_000  # strangers' among accounts for public money (2023)
    writing: Writing = Writing()
    planting: Planting = Planting()
    block_links: int = BLOCK_LINKS

    def __attrs_post_init__(self) -> None:
        """Raise `BadWorld` for what cannot be made."""
        if not 100 <= self.links <= LINKS_MAX:  # noqa: PLR2004 - below, shares round to nothing
            raise BadWorld(f"links must be from 100 to {LINKS_MAX:,}", pointer="links")
        if not 0 <= self.homonyms < 0.2:  # noqa: PLR2004 - pairs are formed once per household
            raise BadWorld("homonyms must be from 0 to 0.2", pointer="homonyms")

    @property
    def today(self) -> int:
        """The world's present day, counted from 1970-01-01."""
        return (self.on - EPOCH).days

    @property
    def blocks(self) -> int:
        """How many blocks; they share nothing but the spaces of numbers."""
        return -(-self.links // self.block_links)

    @property
    def people(self) -> int:
        """How many people stand in the register."""
        last = self.blocks - 1
        return self.first_person(last) + self.people_in(last)

    def links_in(self, block: int) -> int:
        """Return the number of rows of a block; only the last one is smaller."""
        return min(self.block_links, self.links - self.first_row(block))

    def people_in(self, block: int) -> int:
        """Return the number of people of a block."""
        return self._with_rowless(self.links_in(block))

    def first_row(self, block: int) -> int:
        """Return the index of a block's first row."""
        return block * self.block_links

    def first_person(self, block: int) -> int:
        """Return the index of a block's first person."""
        return block * self._with_rowless(self.block_links)

    def quota(self, share: float, block: int) -> int:
        """Return how many of a block's rows a share of all rows is; over all blocks it is exact."""
        before, after = self.first_row(block), self.first_row(block) + self.links_in(block)
        return int(share * after + 0.5) - int(share * before + 0.5)

    def _with_rowless(self, links: int) -> int:
        return links + int(links * self.rowless) + 1
