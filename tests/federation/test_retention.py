"""What is kept seven years, and forgotten then: by the database's own rule, with a journal line."""

import psycopg
import pytest

from kumihimo.kernel import journal, retention
from tests.federation.street import MINATO, NAGOYA, OSAKA
from tests.federation.test_exchange import JANE, ask, jane_moves, question

LONG_AGO = "2016-06-01T00:00:00Z"  # more than seven years ago, whenever this runs
ROWS = {
    "linkage": ("exchange", "exchange_said", "evidence"),
    "ledger": ("record", "record_end", "person_link"),
    "gateway": ("exchange_record", "record_tag", "evidence", "inquiry", "batch"),
}
TIMES = {
    "linkage": tuple(f"{table}.month" for table in ("exchange", "exchange_said", "evidence")),
    "ledger": ("record.requested_at",),
    "gateway": (
        *("exchange_record.requested_at", "evidence.at", "inquiry.asked_at", "batch.created_at"),
    ),
}


def places(street):
    """Return each room that keeps records: its kind, database name, database, institution."""
    gateway, name = street.gateways[MINATO]
    return (
        ("linkage", street.linkage_name, street.linkage.core.database, ""),
        ("ledger", street.ledger_name, street.ledger.ledger.database, ""),
        ("gateway", name, gateway.gateway.database, MINATO),
    )


def count(postgres, name, kind):
    found: dict[str, int] = {}
    with psycopg.connect(postgres.admin(f"kumihimo_{name}").reveal()) as connection:
        for table in ROWS[kind]:
            [(found[table],)] = connection.execute(f"SELECT count(*) FROM {table}".encode())
    return found


def make_old(postgres, name, kind):
    with psycopg.connect(
        postgres.admin(f"kumihimo_{name}").reveal(), autocommit=True
    ) as connection:
        if kind == "linkage":
            connection.execute("SELECT keep_month(%s)", (LONG_AGO,))
            connection.execute(
                "INSERT INTO exchange_terms SELECT %s::date, terms, affair, provider, items, basis,"
                " list_version, outcome, reason, hidden FROM exchange_terms WHERE month > %s::date",
                (LONG_AGO, LONG_AGO),
            )
        for column in TIMES[kind]:
            table, _, column_name = column.partition(".")
            connection.execute(f"UPDATE {table} SET {column_name} = %s".encode(), (LONG_AGO,))


async def forget(street, database, institution, **more):
    actor = institution or "linkage"
    return await retention.forget(
        database, clock=street.clock, actor=actor, institution=institution, **more
    )


def test_what_is_seven_years_old_goes_with_all_that_hangs_on_it_and_what_is_younger_stays(
    on_street, postgres
):
    async def story(street):
        await jane_moves(street)
        for _ in range(3):
            [answer] = await ask(street, question())
            assert answer.outcome == "OK"
        for kind, name, database, institution in places(street):
            before = count(postgres, name, kind)
            assert min(before.values()) >= 3
            assert await forget(street, database, institution) == 0
            assert count(postgres, name, kind) == before
            make_old(postgres, name, kind)
        [answer] = await ask(street, question())
        assert answer.outcome == "OK"
        young = {"exchange_said": 2, "record_end": 2, "evidence": {"linkage": 3, "gateway": 2}}
        for kind, name, database, institution in places(street):
            assert await forget(street, database, institution) > 0
            assert await forget(street, database, institution) == 0
            for table, left in count(postgres, name, kind).items():
                wanted = young.get(table, 1)
                assert left == (wanted[kind] if isinstance(wanted, dict) else wanted), (kind, table)
            async with database.transaction() as tx:
                await journal.verify(tx)
                assert (
                    await tx.value("SELECT count(*) FROM journal WHERE act = 'forgotten-by-age'")
                    == 1
                )
        assert len(await street.records_of(JANE)) == 1

    on_street(story)


def test_forgetting_goes_in_stretches(on_street, postgres):
    async def story(street):
        await jane_moves(street)
        for _ in range(3):
            await ask(street, question())
        kind, name, database, institution = places(street)[1]
        make_old(postgres, name, kind)
        gone = [await forget(street, database, institution, at_once=2) for _ in range(3)]
        assert gone == [2, 1, 0]

    on_street(story)


def test_one_institution_of_a_gateway_forgets_nothing_of_another(on_street, postgres):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        kind, name, database, _ = places(street)[2]
        make_old(postgres, name, kind)
        for other in (NAGOYA, OSAKA):
            assert await forget(street, database, other) == 0
        assert count(postgres, name, kind)["exchange_record"] == 1

    on_street(story)


@pytest.mark.parametrize("room", range(3))
def test_who_serves_requests_makes_no_record_old_by_a_false_clock_or_a_shorter_rule(
    on_street, postgres, room
):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        kind, name, database, institution = places(street)[room]
        before = count(postgres, name, kind)
        async with database.transaction(institution=institution) as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        for statement in (
            "UPDATE retention SET kept = '1 second'",
            "DELETE FROM retention",
            f"DELETE FROM {ROWS[kind][0]}",
            f"DELETE FROM {ROWS[kind][1]}",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with database.transaction(institution=institution) as tx:
                    await tx.connection.execute(statement.encode())
        assert count(postgres, name, kind) == before

    on_street(story)
