"""Choosing whose story is told: a mother with children, known to her town, and a town to move to."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Final

import attrs
import polars as pl

from kumihimo.kernel.entropy import Entropy, below
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.refusal import NotFound
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import ResidentCode
from kumihimo.rooms.register.api import Event
from kumihimo.run.plan import Plan
from kumihimo.world.nation import World

INCOME_MIN: Final = 1_500_000  # yen a year: enough to be taxed on
_PARENTS: Final = ("世帯主", "妻")
_CHILD: Final = "ひかり"
_FEMALE: Final = "2"
_BODY_DIGITS: Final = 10  # of a resident code, before its check digit


@attrs.frozen(kw_only=True, repr=False)
class Person:
    """One member of the family as the register has her."""

    resident_code: str
    name: str
    birth: str
    sex: str


@attrs.frozen(kw_only=True, repr=False)
class Family:
    """The mother first, the youngest last; the old town's tax office knows her as `record`."""

    members: Sequence[Person]
    old_town: str
    old_address: str
    record: str
    new_town: str
    new_address: str

    @property
    def mother(self) -> Person:
        """Who claims the allowance."""
        return self.members[0]

    @property
    def baby(self) -> Person:
        """Who was born in the story."""
        return self.members[-1]

    def with_a_child(self, on: date, entropy: Entropy) -> tuple["Family", Event]:
        """Return the family with a daughter born on a day, and the notice of her birth."""
        surname, _, _ = self.mother.name.partition("　")
        child = Person(
            resident_code=ResidentCode.generate(
                f"{below(entropy, 10**_BODY_DIGITS):0{_BODY_DIGITS}}", space=NumberSpace.TEST
            ).reveal(),
            name=f"{surname}　{_CHILD}",
            birth=on.isoformat(),
            sex=_FEMALE,
        )
        notice = Event(
            event=new_id(entropy),
            kind="birth",
            resident_code=child.resident_code,
            effective_on=on,
            name=child.name,
            birth=child.birth,
            sex=child.sex,
            address=self.old_address,
            municipality=self.old_town.removeprefix("lg-"),
        )
        return attrs.evolve(self, members=[*self.members, child]), notice

    def moves(self, on: date, entropy: Entropy) -> tuple[list[Event], list[Event]]:
        """Return what the old town and what the new town tell register."""
        out = [
            Event(
                event=new_id(entropy),
                kind="move-out",
                resident_code=member.resident_code,
                effective_on=on,
            )
            for member in self.members
        ]
        into = [
            Event(
                event=new_id(entropy),
                kind="move-in",
                resident_code=member.resident_code,
                effective_on=on,
                address=self.new_address,
                municipality=self.new_town.removeprefix("lg-"),
            )
            for member in self.members
        ]
        return out, into


def choose(
    world: World, plan: Plan, untied: AbstractSet[tuple[str, str]], *, new_town: str
) -> Family:
    """Return the first family of the world that moves to `new_town` in the story.

    A woman, head of a household or married to it, with children and an income, taxed where she
    lives, in a town of another gateway. `untied` are (office, record) without a number. Raises
    `NotFound` in a world too small.
    """
    living = world.residents.filter(
        (pl.col("standing") == "resident") & ~pl.col("protected") & (pl.col("nationality") == "JPN")
    )
    parents = living.filter((pl.col("sex") == _FEMALE) & pl.col("relation").is_in(_PARENTS))
    with_children = living.filter(pl.col("relation") == "子")["household"].unique()
    taxed = world.truth.filter(
        (pl.col("table") == "local_tax") & ~pl.col("stale_address") & ~pl.col("name_differs")
    ).join(
        world.tables["local_tax"].filter(pl.col("total_income") >= INCOME_MIN),
        on=("institution", "record_id"),
    )
    mothers = parents.filter(pl.col("household").is_in(with_children.to_list())).join(
        taxed.select("person", "institution", "record_id"), on="person"
    )
    there = living.filter(pl.concat_str(pl.lit("lg-"), "municipality") == new_town)
    for row in mothers.iter_rows(named=True):
        old_town = f"lg-{row['municipality']}"
        elsewhere = plan.gateway_of(old_town) != plan.gateway_of(new_town)
        tied = (old_town, row["record_id"]) not in untied
        if not (elsewhere and tied and row["institution"] == old_town and len(there)):
            continue
        home = living.filter(pl.col("household") == row["household"])
        mother_first = sorted(
            home.iter_rows(named=True), key=lambda one: one["person"] != row["person"]
        )
        return Family(
            members=[_person(one) for one in mother_first],
            old_town=old_town,
            old_address=row["address"],
            record=row["record_id"],
            new_town=new_town,
            new_address=str(there["address"][0]),
        )
    raise NotFound("this nation has no family for the story; take more --residents")


def _person(row: Mapping[str, Any]) -> Person:
    return Person(
        resident_code=row["resident_code"],
        name=row["name"],
        birth=str(row["birth_date"]),
        sex=row["sex"],
    )


def largest_town(world: World) -> str:
    """Return the institution id of the town with the most residents."""
    towns = world.residents["municipality"].value_counts(sort=True)
    return f"lg-{towns['municipality'][0]}"
