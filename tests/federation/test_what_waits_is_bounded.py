"""No more waits for a silent party than was told beforehand: then it is refused, early and by name."""

import pytest

from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import QueueFull
from kumihimo.operations.graces import QUESTIONS_MOST, RECORDS_MOST, REPORTS_MOST
from tests.federation.desk import open_desk
from tests.federation.street import MINATO, OSAKA
from tests.federation.test_exchange import ask, jane_moves, question
from tests.federation.test_graces import come_back, look, value

ASKED = "SELECT count(*) FROM inquiry"


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
