"""Rows that carry another person's number, planted one mechanism after the other.

Nothing here knows how an audit compares: who is mistaken for whom comes from the register's own
families, twins, namesakes and numbers, and from the order of the rows.
"""

from typing import Final

import attrs
import numpy as np
import polars as pl

from kumihimo.linkaudit.schema import Mechanism
from kumihimo.world.audits.numbers import slipped
from kumihimo.world.audits.plan import AuditPlan
from kumihimo.world.audits.register import Register
from kumihimo.world.families import Role
from kumihimo.world.streams import Chance, Flags, Ints

# What the truth says of each mis-link beside its mechanism.
KINDS: Final = ("one-way", "swapped", "guardian", "one-digit", "nobody", "up", "down")
NOBODY: Final = -1
_SWAPPED: Final = 0.3  # of mis-links within a household and at random, both are wrong: our choice
_GUARDIAN: Final = 0.6  # of household mis-links, a child's row with a parent's number: our choice
_RUNS: Final = (3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200)  # lengths of shifts: our choice
_RUN_MIN: Final = 3


@attrs.frozen(eq=False)
class Planted:
    """One entry per row: whose number it carries, as an index of the block's people.

    `number` is that person's, or one that is nobody's; `mechanism` and `kind` are empty text
    where the number is the person's own.
    """

    number: Ints
    mechanism: pl.Series
    kind: pl.Series


@attrs.define(eq=False)
class _File:
    """The institution's rows while mis-links are planted; a row is used once."""

    register: Register
    person: Ints  # of each row
    holder: Ints
    number: Ints
    used: Flags
    mechanism: Ints
    kind: Ints
    row_of: Ints  # of each person, -1 without one

    @classmethod
    def of(cls, register: Register, person: Ints) -> "_File":
        count = len(person)
        row_of = np.full(len(register.people), -1, dtype=np.int64)
        row_of[person] = np.arange(count, dtype=np.int64)
        return cls(
            register=register,
            person=person,
            holder=person.copy(),
            number=register.number[person],
            used=np.zeros(count, dtype=np.bool_),
            mechanism=np.zeros(count, dtype=np.int64),
            kind=np.zeros(count, dtype=np.int64),
            row_of=row_of,
        )

    def free(self, victim: Ints, holder: Ints, wanted: int) -> Ints:
        """Return positions of at most `wanted` pairs whose victims have rows that are still right.

        Neither person of a pair is in another one, and no holder's row is among the used.
        """
        row = self.row_of[victim]
        usable = np.flatnonzero((row >= 0) & ~self.used[row] & (victim != holder))
        usable = usable[~self.used[self.row_of[holder[usable]]]]
        both = np.stack([victim[usable], holder[usable]], axis=1).reshape(-1)
        _, first = np.unique(both, return_index=True)
        fresh = np.zeros(len(both), dtype=np.bool_)
        fresh[first] = True
        return usable[fresh.reshape(-1, 2).all(axis=1)][:wanted]

    def give(self, victim: Ints, holder: Ints, mechanism: Mechanism, kind: str) -> None:
        """Let the victims' rows carry the holders' numbers."""
        rows = self.row_of[victim]
        self.holder[rows], self.number[rows] = holder, self.register.number[holder]
        self.mark(rows, mechanism, kind)

    def mark(self, rows: Ints, mechanism: Mechanism, kind: str) -> None:
        self.used[rows] = True
        self.mechanism[rows] = list(Mechanism).index(mechanism)
        self.kind[rows] = 1 + KINDS.index(kind)

    def plant(
        self,
        victim: Ints,
        holder: Ints,
        mechanism: Mechanism,
        wanted: int,
        swapped: Flags | None = None,
    ) -> None:
        """Plant exactly `wanted` wrong rows where there are candidates: a swap makes two."""
        found = self.free(victim, holder, wanted)
        victim, holder = victim[found], holder[found]
        both = np.zeros(len(found), np.bool_) if swapped is None else swapped[found].copy()
        both &= self.row_of[holder] >= 0
        made = np.cumsum(1 + both)
        both[made > wanted] = False
        keep = np.cumsum(1 + both) <= wanted
        victim, holder, both = victim[keep], holder[keep], both[keep]
        self.give(victim[~both], holder[~both], mechanism, "one-way")
        self.give(victim[both], holder[both], mechanism, "swapped")
        self.give(holder[both], victim[both], mechanism, "swapped")


def plant(register: Register, person: Ints, plan: AuditPlan, block: int, chance: Chance) -> Planted:
    """Return what number each row carries; `person` is the person of each row, in their order."""
    shares, file = plan.planting, _File.of(register, person)
    _shifts(file, plan.quota(shares.shift, block), chance)
    _slips(file, plan, block, chance)
    for mechanism, pairs in ((Mechanism.TWIN, register.twins), (Mechanism.HOMONYM, register.pairs)):
        mixed = pairs[np.argsort(chance.unit(len(pairs)))]
        turned = np.where(chance.flag(len(mixed), 0.5)[:, None], mixed, mixed[:, ::-1])
        swapped = chance.flag(len(turned), _SWAPPED)
        wanted = plan.quota(shares.of(mechanism), block)
        file.plant(turned[:, 0], turned[:, 1], mechanism, wanted, swapped)
    _households(file, plan.quota(shares.household, block), chance)
    wanted = plan.quota(shares.random, block)
    victim = person[chance.below(4 * wanted + 8, len(person))]
    holder = chance.below(len(victim), len(register.people))
    elsewhere = register.people.household[victim] != register.people.household[holder]
    victim, holder = victim[elsewhere], holder[elsewhere]
    swapped = chance.flag(len(victim), _SWAPPED)
    file.plant(victim, holder, Mechanism.RANDOM, wanted, swapped)
    return Planted(
        number=file.number,
        mechanism=pl.Series(("", *list(Mechanism)[1:])).gather(file.mechanism),
        kind=pl.Series(("", *KINDS)).gather(file.kind),
    )


def _households(file: _File, wanted: int, chance: Chance) -> None:
    """Half a family on one form: mostly a child's row with the number of its parent."""
    people, sizes = file.register.people, file.register.homes.size
    victim = file.person[chance.below(12 * wanted + 24, len(file.person))]
    size = sizes[people.household[victim]]
    victim, size = victim[size > 1], size[size > 1]
    head = victim - people.place[victim]
    other = head + (people.place[victim] + 1 + chance.below(len(victim), size - 1)) % size
    child = people.role[victim] == Role.CHILD
    guardian = child & chance.flag(len(victim), _GUARDIAN)
    holder = np.where(guardian, head, other)
    apart = people.born[victim] != people.born[holder]
    victim, holder, guardian = victim[apart], holder[apart], guardian[apart]
    swapped = chance.flag(len(victim), _SWAPPED) & ~guardian
    file.plant(victim, holder, Mechanism.HOUSEHOLD, wanted, swapped)
    rows = file.row_of[victim[guardian]]
    mine = rows[(file.holder[rows] == holder[guardian]) & file.used[rows]]
    file.kind[mine] = 1 + KINDS.index("guardian")


def _slips(file: _File, plan: AuditPlan, block: int, chance: Chance) -> None:
    """One digit is miscopied and the check digit says nothing; the number is somebody's or nobody's."""
    near = file.register.neighbours
    found = file.free(near[:, 0], near[:, 1], plan.quota(plan.planting.one_digit, block))
    file.give(near[found, 0], near[found, 1], Mechanism.RANDOM, "one-digit")
    wanted = plan.quota(plan.planting.nobody, block)
    victim = file.person[chance.below(40 * wanted + 40, len(file.person))]
    wrong = slipped(file.register.number[victim], chance, seed=plan.seed, people=plan.people)
    wrong = np.where(np.isin(wrong, file.register.number), -1, wrong)
    victim, wrong = victim[wrong >= 0], wrong[wrong >= 0]
    _, once = np.unique(victim, return_index=True)
    victim, wrong = victim[once], wrong[once]
    fresh = np.flatnonzero(~file.used[file.row_of[victim]])[:wanted]
    rows = file.row_of[victim[fresh]]
    file.holder[rows], file.number[rows] = NOBODY, wrong[fresh]
    file.mark(rows, Mechanism.RANDOM, "nobody")


def _shifts(file: _File, wanted: int, chance: Chance) -> None:
    """Let runs of rows carry the numbers of the rows before or after them, as a sheet slips."""
    count = len(file.person)
    lengths = _run_lengths(wanted, chance)
    if not len(lengths):
        return
    # Each run has a stretch of the file to itself, so that runs do not touch.
    stretch = count // len(lengths)
    room = np.maximum(stretch - lengths - 2, 1)
    starts = np.arange(len(lengths)) * stretch + 1 + chance.below(len(lengths), room)
    for start, length, down in zip(
        starts.tolist(), lengths.tolist(), chance.flag(len(lengths), 0.5).tolist(), strict=True
    ):
        rows = np.arange(start, min(start + length, count - 1), dtype=np.int64)
        source = rows - 1 if down else rows + 1
        file.holder[rows] = file.person[source]
        file.number[rows] = file.register.number[file.person[source]]
        file.mark(rows, Mechanism.SHIFT, "down" if down else "up")


def _run_lengths(wanted: int, chance: Chance) -> Ints:
    lengths: list[int] = []
    left = wanted
    while left >= _RUN_MIN:
        able = [one for one in _RUNS if one <= left and not 0 < left - one < _RUN_MIN]
        drawn = able[int(chance.below(1, len(able))[0])] if able else left
        lengths.append(drawn)
        left -= drawn
    return np.asarray(lengths, dtype=np.int64)
