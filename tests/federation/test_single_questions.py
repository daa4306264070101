"""Clerks who ask one question each travel together, and none of them pays for another."""

import asyncio

import pytest

from kumihimo.kernel.refusal import NotAllowed, NotFound, Unavailable
from kumihimo.rooms.gateway.gathering import JOURNEYS_AT_ONCE, Gathering
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import (
    JANE,
    JOHN,
    jane_moves,
    load_copy,
    question,
    settle_in,
)

CLERKS = 12


class Held:
    """A door that lets nobody through before it is opened."""

    def __init__(self, inner):
        self.inner = inner
        self.open = asyncio.Event()
        self.came = 0

    async def handle_async_request(self, request):
        self.came += 1
        await self.open.wait()
        return await self.inner.handle_async_request(request)


def hold(street, party):
    held = Held(street.transport.apps[party])
    street.transport.apps[party] = held
    return held


async def until(true):
    for _ in range(2_000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


async def john_too(street):
    """John's tax stands in Osaka, too, with another income."""
    osaka, _ = await settle_in(street, OSAKA, "8", JOHN)
    await load_copy(street, OSAKA, osaka, {INCOME: 77})
    await settle_in(street, MINATO, "200", JOHN, case=ALLOWANCE)


def gathering_of(street):
    return Gathering(street.gateways[MINATO][0].gateway), street.tenants[MINATO]


def asking(street, gathering, tenant, *questions):
    return [asyncio.create_task(gathering.ask(tenant, [one])) for one in questions]


async def batches(street):
    room, _ = street.gateways[MINATO]
    async with room.gateway.database.transaction(institution=MINATO) as tx:
        return int(await tx.value("SELECT count(*) FROM batch"))


def test_who_asks_while_others_are_on_their_way_travels_with_them_and_gets_her_own_answer(
    on_street,
):
    async def story(street):
        await jane_moves(street)
        await john_too(street)
        gathering, tenant = gathering_of(street)
        held = hold(street, OSAKA)
        first = []
        for under_way in range(1, JOURNEYS_AT_ONCE + 1):
            first += asking(street, gathering, tenant, question())
            await until(lambda under_way=under_way: held.came == under_way)
        whom = ["100", "200"] * (CLERKS // 2)
        later = asking(street, gathering, tenant, *(question(addressee=one) for one in whom))
        held.open.set()
        answers = [one for [one] in await asyncio.gather(*first, *later)]
        assert [a.values[0].value for a in answers] == [3_210_000] * JOURNEYS_AT_ONCE + [
            {"100": 3_210_000, "200": 77}[one] for one in whom
        ]
        assert len({a.inquiry for a in answers}) == JOURNEYS_AT_ONCE + CLERKS
        assert await batches(street) == JOURNEYS_AT_ONCE + 1
        await street.deliver()
        assert len(await street.records_of(JOHN)) == CLERKS // 2
        assert len(await street.records_of(JANE)) == JOURNEYS_AT_ONCE + CLERKS // 2

    on_street(story)


def test_a_number_that_nobody_has_is_told_to_the_one_who_typed_it(on_street):
    async def story(street):
        await jane_moves(street)
        gathering, tenant = gathering_of(street)
        asked = asking(
            street, gathering, tenant, question(), question(addressee="nobody"), question()
        )
        first, nobody, last = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(nobody, NotFound)
        assert nobody.pointer == "questions[0].addressee"
        for answered in (first, last):
            assert not isinstance(answered, BaseException)
            assert [one.outcome for one in answered] == ["OK"]

    on_street(story)


def test_a_provider_that_is_silent_keeps_nobody_from_another(on_street):
    async def story(street):
        await jane_moves(street)
        await settle_in(street, NAGOYA, "9", JANE)
        gathering, tenant = gathering_of(street)
        held = hold(street, NAGOYA)
        stuck = []
        for _ in range(JOURNEYS_AT_ONCE + 2):
            stuck += asking(street, gathering, tenant, question(provider=NAGOYA))
        await until(lambda: held.came)
        [answer] = await gathering.ask(tenant, [question()])
        assert answer.outcome == "OK"
        assert not any(one.done() for one in stuck)
        held.open.set()
        assert {one.outcome for [one] in await asyncio.gather(*stuck)} == {"NO_COPY"}

    on_street(story)


def test_a_client_does_not_ask_for_an_affair_of_another_by_travelling_with_it(on_street):
    async def story(street):
        await jane_moves(street)
        gathering, tenant = gathering_of(street)
        with pytest.raises(NotAllowed):
            await gathering.ask(tenant, [question()], affairs=frozenset({"b001"}))
        assert await batches(street) == 0

    on_street(story)


def test_a_database_that_is_away_is_told_to_all_who_wait(on_street):
    async def story(street):
        await jane_moves(street)
        gathering, tenant = gathering_of(street)
        await street.gateways[MINATO][0].gateway.database.close()
        told = await asyncio.gather(
            *asking(street, gathering, tenant, question(), question()), return_exceptions=True
        )
        assert [type(one) for one in told] == [Unavailable, Unavailable]

    on_street(story)


def test_over_the_door_a_refusal_on_the_spot_is_an_answer_like_any_other(on_street):
    async def story(street):
        await jane_moves(street)
        await settle_in(street, MINATO, "300", b"person-key-of-jack")
        desk = await open_desk(street, MINATO)
        found = await desk(
            lambda client: [
                client.ask_and_wait([question()])[0].outcome,
                client.ask_and_wait([question(addressee="300")])[0].outcome,
                [a.outcome for a in client.ask_and_wait([question(), question(addressee="300")])],
            ]
        )
        assert found == ["OK", "REFUSED_CASE", ["OK", "REFUSED_CASE"]]

    on_street(story)
