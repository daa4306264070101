"""Each change of the law's data at the core has a leaf in the log that anybody can make."""

import asyncio
from datetime import timedelta

import attrs

from kumihimo.kernel import leaves
from kumihimo.rooms.linkage.law_held import LawHeld, law_leaf
from tests.federation.conftest import on_street

__all__ = ("on_street",)


@attrs.define
class Law:
    version: str

    def current(self):
        return self


def held_by(street, law):
    return LawHeld(attrs.evolve(street.linkage.core, law=law))


async def put_down(street):
    async with street.linkage.core.database.transaction() as tx:
        found = await tx.connection.execute("SELECT leaves FROM leaf_batch ORDER BY put_at")
        return [bytes(row[0]) for row in await found.fetchall()]


def test_each_change_has_one_leaf_whoever_looks_and_however_often(on_street):
    async def story(street):
        first, second = "0123456789012345", "fedcba9876543210"
        await asyncio.gather(*(held_by(street, Law(first)).note() for _ in range(2)))
        law = Law(first)
        held = held_by(street, law)
        for _ in range(2):
            await held.note()
        assert await put_down(street) == [law_leaf(first)]
        law.version = second
        street.clock.advance(timedelta(seconds=1))
        await held.note()
        assert await put_down(street) == [law_leaf(first), law_leaf(second)]
        law.version = first
        street.clock.advance(timedelta(seconds=1))
        await held.note()
        assert await put_down(street) == [law_leaf(first), law_leaf(second), law_leaf(first)]

    on_street(story)


def test_the_leaf_goes_into_the_log_like_any_other(on_street):
    async def story(street):
        await held_by(street, Law("0123456789012345")).note()
        await leaves.log_open(street.linkage.core.database, street.linkage.log)
        assert list(street.linkage.log.logged.values()) == [0]

    on_street(story)
