"""A paper, a record or an account went to whoever stood next in the queue.

Identity came from a place in a queue, or from the moment. Here an answer belongs to the question
whose id it carries and to the person whose attributes it carries, or to nobody.
"""

import msgspec
import pytest
from litestar import post
from litestar.params import JSONBody

from kumihimo.kernel.door import SignedDoor, lawful, room_app, verified_of
from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway import store_persons
from kumihimo.rooms.gateway.business import Registration
from kumihimo.rooms.register import api, inquiries
from kumihimo.rooms.register.http import Asked
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO, transport_to
from tests.federation.test_intake import card, count, written


def careless(street, muddle):
    """Put before the real register one that muddles its answers, and signs and seals them."""
    register = street.register_room.register

    @post(
        api.STRICT_PATH,
        status_code=200,
        opt=lawful(authority="Number Act art. 14(2)", callers=("institution",)),
    )
    async def inquire(request: Asked, data: JSONBody[api.Sealed]) -> api.Sealed:
        sender = verified_of(request).sender
        batch = register.open(data, api.StrictBatch, path=api.STRICT_PATH)
        found = await inquiries.inquire(register, sender, batch)
        muddled = api.StrictAnswers(tuple(muddle(found.answers)))
        return register.seal(muddled, register.institution(sender), path=api.STRICT_PATH)

    door = SignedDoor(
        keys_of=lambda party: street.keys["register"] if party == "register" else None,
        book=street.book,
        clock=street.clock,
        entropy=street.entropy,
    )
    app = room_app("careless register", [inquire], report=street._bug, door=door)
    street.transport.apps["register"] = transport_to(app)


def wanted(addressee, who):
    return Registration(
        addressee=addressee,
        source="strict-inquiry",
        affair=ALLOWANCE,
        attributes=written(who),
    )


def exchanged(answers):
    """Each gets the other's number and attributes under the right id."""
    first, second = answers
    return (
        msgspec.structs.replace(second, inquiry=first.inquiry),
        msgspec.structs.replace(first, inquiry=second.inquiry),
    )


def test_answers_in_another_order_still_reach_the_right_person(in_town):
    async def story(street, one, other):
        desk = await open_desk(street, MINATO)
        await desk(lambda c: c.register([card("one", one, 1), card("two", other, 2)]))
        careless(street, lambda answers: tuple(reversed(answers)))
        found = await desk(lambda c: c.register([wanted("one-again", 1), wanted("two-again", 2)]))
        assert [person.outcome for person in found] == ["ATTACHED", "ATTACHED"]
        names = ["one", "one-again", "two", "two-again"]
        async with desk.room.gateway.database.transaction(institution=MINATO) as tx:
            person = await store_persons.by_addressee(tx, names)
        assert person["one"] == person["one-again"] != person["two"] == person["two-again"]

    in_town(story)


@pytest.mark.parametrize(
    "muddle",
    [
        exchanged,
        lambda answers: answers[:1],
        lambda answers: (answers[0], answers[0]),
        lambda answers: tuple(msgspec.structs.replace(a, attributes=None) for a in answers),
    ],
    ids=["exchanged", "one missing", "one twice", "without attributes"],
)
def test_an_answer_about_another_person_registers_nobody(in_town, muddle):
    async def story(street, *_):
        desk = await open_desk(street, MINATO)
        careless(street, muddle)
        with pytest.raises(Refused) as refused:
            await desk(lambda c: c.register([wanted("1", 1), wanted("2", 2)]))
        assert refused.value.remote.status == 503
        assert await count(desk, "person") == 0

    in_town(story)
