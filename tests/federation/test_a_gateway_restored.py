"""A gateway that was restored to an earlier moment is told by the core how many exchanges it lacks."""

from datetime import timedelta

import psycopg
import pytest

from kumihimo.kernel.net import Refused
from kumihimo.rooms.linkage import own_exchanges
from kumihimo.rooms.linkage.api import EXCHANGES_PATH
from kumihimo.rooms.linkage.own_api import AskExchanges, OwnExchanges
from kumihimo.run.prove import Report, tell_exchanges
from tests.federation.street import MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import ask, jane_moves, question, settle_in

PERSON = b"person-key-of-john"
LATEST = {
    # What a restore to the moment before the latest act of each takes away.
    MINATO: ("DELETE FROM inquiry WHERE asked_at = (SELECT max(asked_at) FROM inquiry)",),
    OSAKA: ("DELETE FROM journal WHERE at = (SELECT max(at) FROM journal)",),
}


async def told(street, institution):
    report = Report()
    database = street.gateways[institution][0].gateway.database
    await tell_exchanges(report, database, street.caller(institution))
    return report


async def own(street, institution, **asked):
    answer, _ = await street.caller(institution).call(
        "linkage", EXCHANGES_PATH, AskExchanges(**asked), OwnExchanges
    )
    return answer.exchanges


def test_each_side_is_told_how_many_it_lacks_and_since_when(on_street, postgres, monkeypatch):
    monkeypatch.setattr(own_exchanges, "AT_ONCE", 2)  # so that the answer has pages

    async def story(street):
        await jane_moves(street)
        await settle_in(street, MINATO, "101", PERSON)
        for _ in range(3):
            street.clock.advance(timedelta(minutes=1))
            # The second is refused by Minato itself, and nobody provides.
            await ask(street, question(), question(addressee="101"))
        for institution in (MINATO, OSAKA, NAGOYA):
            assert (await told(street, institution)).complete, institution
        for institution, statements in LATEST.items():
            name = street.gateways[institution][1]
            with psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal()) as admin:
                admin.execute("SET session_replication_role = replica")
                for statement in statements:
                    admin.execute(statement.encode())
        for institution, count in ((MINATO, 2), (OSAKA, 1), (NAGOYA, 0)):
            report = await told(street, institution)
            assert report.complete == (count == 0)
            missing = f"MISSING HERE: {count}, 2026-06-01 09:03:00"
            assert any(missing in line for line in report.lines) == (count > 0)
        since = street.clock.now() - timedelta(hours=1)
        assert await own(street, NAGOYA, since=since) == ()
        assert all(one.provided_at is None for one in await own(street, MINATO, since=since))
        assert all(one.inquiry == "" for one in await own(street, OSAKA, since=since))
        with pytest.raises(Refused):
            await own(street, MINATO, since=since, after="x" * 23)

    on_street(story)
