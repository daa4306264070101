"""A settled month leaves the core once, as words and tens, and names nobody."""

import asyncio
from datetime import timedelta

import msgspec

from kumihimo.kernel import outbox
from kumihimo.rooms.linkage.statistics import count_month
from kumihimo.rooms.oversight.api import COUNTED_PATH
from kumihimo.rooms.oversight.statistics_api import MonthCounted
from tests.federation.conftest import on_street
from tests.federation.street import MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import ask, jane_moves, question

__all__ = ("on_street",)


async def left(street):
    async with street.linkage.core.database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT body FROM outbox WHERE destination = 'oversight' AND topic = %s",
            (COUNTED_PATH,),
        )
        bodies = [bytes(row[0]) for row in await found.fetchall()]
        assert {one.destination for one in await outbox.waiting(tx)} <= {"oversight"}
    return [msgspec.json.decode(body, type=MonthCounted) for body in bodies]


def test_a_month_is_told_by_institution_with_what_became_of_its_questions(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add(NAGOYA)
        assert len(await ask(street, *(question() for _ in range(21)))) == 21
        await ask(street, *(question(provider=NAGOYA) for _ in range(10)))
        await ask(
            street, *(question(items=("medical-insurance-benefit.copay",)) for _ in range(11))
        )
        street.clock.advance(timedelta(days=33))  # 4 July; June is settled on the fifth in Japan
        assert await count_month(street.linkage.core) == 0
        [none] = await left(street)
        assert none == MonthCounted(month="2026-05", institutions=())
        street.clock.advance(timedelta(days=1))
        assert sorted(
            await asyncio.gather(*(count_month(street.linkage.core) for _ in range(2)))
        ) == [0, 3]
        assert await count_month(street.linkage.core) == 0
        [_, told] = await left(street)
        assert told.month == "2026-06"
        by = {one.institution: one for one in told.institutions}
        assert sorted(by) == sorted([MINATO, OSAKA, NAGOYA])
        assert by[MINATO].asked.inquiries == 40
        assert by[MINATO].asked.outcomes == {"OK": 20, "OPEN": 10, "REFUSED_ITEM": 10}
        assert by[MINATO].asked.within == (20, 20, 20, 20)
        assert by[MINATO].was_asked.inquiries == 0
        assert by[OSAKA].was_asked.outcomes == {"OK": 20}
        assert by[NAGOYA].was_asked.outcomes == {"OPEN": 10}

    on_street(story)
