"""No more waits for a silent party than was told beforehand: then it is refused, early and by name."""

from contextlib import asynccontextmanager

import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.outbox import LETTERS_MOST
from kumihimo.kernel.refusal import QueueFull
from kumihimo.operations.graces import QUESTIONS_MOST, RECORDS_MOST, REPORTS_MOST
from tests.federation.desk import open_desk
from tests.federation.street import MINATO, OSAKA
from tests.federation.test_a_notice import send, told
from tests.federation.test_exchange import ask, jane_moves, question
from tests.federation.test_graces import come_back, look, value
from tests.federation.test_her_own_data import enters, osaka_holds
from tests.federation.test_what_she_says import her_item, say, stands

ASKED = "SELECT count(*) FROM inquiry"
SENT = "SELECT count(*) FROM notice_sent"


def test_an_institution_whose_questions_fill_its_queue_is_refused_and_no_other(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add("linkage")
        questions = street.gateways[MINATO][0].gateway.core[MINATO].questions
        questions.saw(street.clock.now(), QUESTIONS_MOST - 1)
        await ask(street, question())
        before = await value(street, MINATO, ASKED)
        with pytest.raises(QueueFull):
            await ask(street, question())
        assert await value(street, MINATO, ASKED) == before, "nothing of it is stored"
        await look(street)
        assert questions.waiting == 1, "what is there is counted"
        await come_back(street)
        assert questions.waiting == 0
        [after] = await ask(street, question())
        assert after.outcome == "OK"

    on_street(story)


def test_a_provider_with_too_many_reports_provides_nothing_and_the_question_waits(on_street):
    async def story(street):
        await jane_moves(street)
        reports = street.gateways[OSAKA][0].gateway.core[OSAKA].reports
        reports.saw(street.clock.now(), REPORTS_MOST)
        [waiting] = await ask(street, question())
        assert waiting.outcome == "PROVIDER_DOWN"
        assert await value(street, OSAKA, "SELECT count(*) FROM provision") == 0
        await come_back(street)
        assert await value(street, OSAKA, "SELECT count(*) FROM provision") == 1

    on_street(story)


def test_staff_look_at_nothing_while_so_many_looks_wait_and_look_on_after_any_silence(on_street):
    async def story(street):
        await jane_moves(street)
        desk = await open_desk(street, MINATO)
        reports = desk.room.gateway.core[MINATO].reports
        reports.saw(street.clock.now(), REPORTS_MOST)
        looks = "SELECT count(*) FROM exchange_record WHERE outcome = 'LOOKED'"
        with pytest.raises(Refused, check=lambda refusal: refusal.reason == "queue-full"):
            await desk(lambda client: client.cases_of("100"))
        assert await desk.kept(looks) == 0
        reports.saw(None)
        await desk(lambda client: client.cases_of("100"))
        assert await desk.kept(looks) == 1

    on_street(story)


def test_a_core_with_too_many_records_for_the_ledger_permits_nothing_more(on_street):
    async def story(street):
        await jane_moves(street)
        ledger = street.linkage.core.ledger
        street.transport.down.add("ledger")
        ledger.saw(street.clock.now(), RECORDS_MOST - 1)
        [first] = await ask(street, question())
        assert first.outcome == "OK"
        [second] = await ask(street, question())
        assert second.outcome == "", "nothing is permitted, and the question waits"
        await look(street)
        assert 0 < ledger.waiting < RECORDS_MOST, "what is there is counted"
        await come_back(street)
        assert ledger.waiting == 0

    on_street(story)


@asynccontextmanager
async def full(database, *, destination, sender=""):
    """Let as many letters as may wait for a party wait for it until the block ends."""
    async with database.transaction() as tx:
        await tx.put(
            "INSERT INTO outbox (sender, topic, destination, body, put_at, next_try_at)"
            " SELECT %s, '/nowhere', %s, '', now(), now() + interval '9 years'"
            " FROM generate_series(1, %s)",
            (sender, destination, LETTERS_MOST),
        )
    yield
    async with database.transaction() as tx:
        await tx.put("DELETE FROM outbox WHERE topic = '/nowhere'")


def test_what_she_says_is_refused_while_too_much_waits_for_whom_it_is_for_and_taken_later(in_town):
    async def story(street, one, other):
        herself, _, about = await her_item(street, one)
        async with full(street.ledger.ledger.database, destination=OSAKA):
            answer, claim = await say(herself, about)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:kumihimo:queue-full")
            assert answer.headers["retry-after"] == "60"
            assert await stands(herself) == [], "nothing of it is stored"
        await say(herself, about, claim=claim)
        assert [one["claim"] for one in await stands(herself)] == [claim]

    in_town(story)


def test_an_institution_tells_persons_nothing_while_too_much_of_it_waits_for_the_core(in_town):
    async def story(street, one, other):
        osaka = await osaka_holds(street, one)
        database = street.gateways[OSAKA][0].gateway.database
        async with full(database, destination="linkage", sender=OSAKA):
            with pytest.raises(Refused, check=lambda refusal: refusal.reason == "queue-full"):
                await send(osaka)
            assert await value(street, OSAKA, SENT) == 0
        await send(osaka)
        assert await value(street, OSAKA, SENT) == 1

    in_town(story)


def test_a_notice_waits_at_its_institution_while_too_much_waits_at_the_core(in_town):
    async def story(street, one, other):
        osaka = await osaka_holds(street, one)
        herself = await enters(street, 1, one)
        await send(osaka)
        async with full(street.linkage.core.database, destination="ledger"):
            await street.deliver()
            assert await told(herself) == []
        await come_back(street)
        assert len(await told(herself)) == 1

    in_town(story)
