"""From the review desk to the exchange: two people's decision at the real gateway, and its effect."""

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import Locker
from kumihimo.kernel.outbox import Outbox
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.review import looking
from kumihimo.rooms.review.api import Answer
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.loading import load
from kumihimo.rooms.review.looking import Given
from kumihimo.rooms.review.sides import Proposal, Sides
from kumihimo.rooms.review.telling import deliver
from tests.federation.street import ALLOWANCE
from tests.federation.test_a_link_in_doubt import settle
from tests.federation.test_intake import written
from tests.rooms.review.house import audit, finding


class Review:
    """A desk whose letters go to Osaka's gateway."""

    def __init__(self, desk, gateway):
        self.desk = desk

        async def send(letter):
            await deliver(desk, gateway, letter)

        self.outbox = Outbox(desk.database, send, desk.clock, desk.entropy)

    async def load(self, *findings, run="a"):
        await load(self.desk, audit(*findings, run=run), tell=lambda _: None)
        await self.outbox.run_once()

    async def answer(self, officer, what, **more):
        assert await looking.take(self.desk, officer)
        shown = await looking.show(self.desk, officer)
        assert shown is not None
        await looking.answer(self.desk, officer, Given(item=shown.item, answer=what, **more))
        while await self.outbox.run_once():
            pass


async def open_review(street, new_room, gateway):
    _, reached = new_room("review")
    database = Database(reached.runtime, pool_max=2)
    await database.open()
    entropy = SystemEntropy()
    desk = Desk(
        database=database,
        locker=Locker.of(Withheld(b"k" * 32), entropy),
        clock=street.clock,
        entropy=entropy,
        space=NumberSpace.TEST,
    )
    return Review(desk, gateway)


def suspected(number, proposed):
    """Osaka's record "7", the first resident's, with a family member's number on it."""
    own = written(1)
    attributes = {"name": own.name, "birth": own.birth, "sex": own.sex, "address": own.address}
    sides = Sides(own=attributes, other=attributes | {"name": "別人"}, number=number)
    proposal = Proposal(number=proposed, ground="household")
    return finding(7, record_id="7", affair=ALLOWANCE, sides=sides, proposal=proposal)


def test_two_people_at_the_desk_let_a_link_work_again_and_later_put_it_right(in_town, new_room):
    async def story(street, one, other):
        town = await settle(street, one, other, number=other)
        assert await town.outcomes() == ["NO_PERSON", "OK"]
        review = await open_review(street, new_room, town.osaka.client)
        await review.load(suspected(other, other))
        assert await town.outcomes() == ["NO_PERSON", "REFUSED_FLAG"]
        for officer in ("ito", "kato"):  # both are wrong
            await review.answer(officer, Answer.OWN)
        assert await town.outcomes() == ["NO_PERSON", "OK"]
        await review.load(suspected(other, one), run="b")
        assert await town.outcomes() == ["NO_PERSON", "REFUSED_FLAG"]
        await review.answer("ito", Answer.WRONG, mechanism="household", proposed=True)
        assert await town.outcomes() == ["NO_PERSON", "REFUSED_FLAG"]
        await review.answer("kato", Answer.WRONG, mechanism="household", number=one)
        await town.osaka.acquire(street.register_room)
        assert await town.outcomes() == ["OK", "NO_PERSON"]
        found = await town.osaka(lambda c: c.suspensions_of("7"))
        assert {(one.state, one.ground) for one in found} == {
            ("CORRECTED", "household"),
            ("CONFIRMED", "household"),
        }
        await review.desk.database.close()

    in_town(story)
