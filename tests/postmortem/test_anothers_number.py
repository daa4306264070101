"""A record was tied to another person's number (ひも付け誤り, 2023).

A family member's number on the applicant's form; a namesake taken from a look-up by too few
attributes, because she was the only hit; a number copied wrongly. And when it was found, viewing
went on, and nobody knew who had received what.
"""

from datetime import timedelta

import pytest

from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.net import Refused
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.gateway import consequences
from kumihimo.rooms.gateway.business import Registration
from kumihimo.rooms.register import api as register
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, OSAKA
from tests.federation.test_a_link_in_doubt import OTHER, settle
from tests.federation.test_intake import card, count, written
from tests.federation.test_register_and_core import ask, number_of
from tests.rooms.register.made import birth


def form(addressee, number, who, **more):
    """Return a registration from a form that two people have looked at."""
    return Registration(
        addressee=addressee,
        source="form",
        attributes=written(who),
        number=number,
        affair=ALLOWANCE,
        officer="o1",
        approver="o2",
        **more,
    )


def miscopied(number):
    """Return the number with a wrong last digit, and one that differs more and is well-formed."""
    body = str((int(number[:-1]) + 1) % 10**11).zfill(11)
    nobodys = IndividualNumber.generate(body, space=NumberSpace.TEST).reveal()
    return number[:-1] + str((int(number[-1]) + 1) % 10), nobodys


def test_a_family_members_number_on_the_form_is_registered_for_nobody(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        [found] = await desk(lambda c: c.register([form("child", other, 1)]))
        assert found.outcome == "NO_MATCH", "register knows the child under another number"
        await desk(lambda c: c.register([card("parent", other, 2)]))
        [found] = await desk(lambda c: c.register([card("child", other, 1)]))
        assert found.outcome == "OTHERS_NUMBER", "the parent's, whatever the clerk says"
        twin = Registration(
            addressee="child",
            source="card",
            number=other,
            attributes=written(2),
            household=("parent",),
        )
        [found] = await desk(lambda c: c.register([twin]))
        assert found.outcome == "HOUSEHOLD_NUMBER", "even with the parent's own attributes"
        assert await count(desk, "person") == 1
        [found] = await desk(lambda c: c.register([form("child", one, 1, household=("parent",))]))
        assert found.outcome == "REGISTERED"
        told = await desk(lambda c: c.provenance("child"))
        assert (told.source, told.officer, told.approver) == ("form", "o1", "o2")
        assert (told.affair, told.read_on) == (ALLOWANCE, legal_day(street.clock.now()))

    in_town(story)


def test_a_namesake_is_never_the_answer_though_she_is_the_only_one(in_town):
    async def story(street, one, other):
        namesake = birth(7, name=birth(1).name)
        batch = register.EventBatch((namesake,))
        await ask(street, MINATO, register.EVENTS_PATH, batch, register.EventsTaken)
        hers = await number_of(street, 7)
        desk = await open_desk(street, OSAKA)
        elsewhere = written(1, address="大阪府堺市堺区南瓦町3番1号")
        for attributes in (elsewhere, written(1, address=""), written(1, sex="")):
            asked = Registration(
                addressee="7", source="strict-inquiry", affair=ALLOWANCE, attributes=attributes
            )
            [found] = await desk(lambda c, a=asked: c.register([a]))
            assert found.outcome == "NO_MATCH"
        [found] = await desk(lambda c: c.register([form("7", hers, 1)]))
        assert found.outcome == "NO_MATCH", "her namesake's number is not hers"
        assert await count(desk, "person") == 0

    in_town(story)


def test_a_number_that_was_copied_wrongly_is_found_by_its_digit_or_by_register(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, OSAKA)
        one_digit, whole = miscopied(one)
        with pytest.raises(Refused) as refusal:
            await desk(lambda c: c.register([form("7", one_digit, 1)]))
        # Of eleven such numbers one has the check digit of the other number space.
        assert refusal.value.reason in {"bad-number", "wrong-number-space"}
        [found] = await desk(lambda c: c.register([form("7", whole, 1)]))
        assert found.outcome == "NO_MATCH", "the digits fit, and register knows better"
        assert await count(desk, "person") == 0

    in_town(story)


def test_within_a_minute_a_wrong_link_shows_nothing_and_everyone_who_received_is_listed(in_town):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        assert (await town.ask(OTHER)).outcome == "OK", "the mistake, at work"
        await town.suspend()
        street.clock.advance(timedelta(seconds=59))
        assert (await town.ask(OTHER)).outcome == "REFUSED_FLAG"
        await town.correct(source="none")
        await consequences.run_once(town.osaka.room.gateway, town.osaka.tenant)
        found = await town.osaka(lambda c: c.consequences("7", case="case-1"))
        assert [(e.kind, e.institution) for e in found.exchanges] == [("given", MINATO)]
        assert found.leak.types == ("1a",)
        await street.deliver()
        [taken_back] = await town.minato(lambda c: c.withdrawn())
        assert taken_back.addressees == (OTHER,)

    in_town(story)
