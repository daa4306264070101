"""One resident's tax data goes from Osaka to Minato, and nobody in between can tell whose."""

from datetime import date, timedelta

import attrs
import pytest

from kumihimo.kernel import journal
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.seal import seal
from kumihimo.rooms.gateway import answers, asking, persons, rotation, sending
from kumihimo.rooms.gateway.api import PROVISIONS_PATH, Provide, Provisions
from kumihimo.rooms.gateway.business import Decide, Flags, Question
from kumihimo.rooms.gateway.locked import (
    CopyContent,
    PersonFlags,
    case_tag,
    lock_copy,
    lock_flags,
)
from kumihimo.rooms.ledger.domain.codes import Coded
from kumihimo.rooms.ledger.service import who_asked
from kumihimo.rooms.linkage import api
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, NAGOYA, OSAKA

JANE = b"person-key-of-jane"
JOHN = b"person-key-of-john"
TODAY = date(2026, 6, 1)


@attrs.frozen
class PermitAndPerson:
    permit: str
    person: bytes


async def settle_in(street, institution, addressee, person_key, *, case=None):
    """Register a person at an institution with her real code, and open a case for her."""
    code, version = await street.acquire(institution, person_key)
    person, tenant = new_id(street.entropy), street.tenants[institution]
    database = street.gateways[institution][0].gateway.database
    async with database.transaction(institution=institution) as tx:
        await tx.execute(
            "INSERT INTO person (institution, person, code, code_version, acquisition_state,"
            " flags_locked) VALUES (%s, %s, %s, %s, 'BOUND', %s)",
            (institution, person, code, version, lock_flags(tenant, person, PersonFlags())),
        )
        await tx.execute(
            "INSERT INTO addressee (institution, addressee, person) VALUES (%s, %s, %s)",
            (institution, addressee, person),
        )
        if case:
            await tx.execute(
                "INSERT INTO case_file (institution, case_file, person_tag, affair, opened_on)"
                " VALUES (%s, %s, %s, %s, %s)",
                (institution, new_id(street.entropy), case_tag(tenant, person), case, TODAY),
            )
    return person, code


async def load_copy(street, institution, person, payload, **columns):
    tenant = street.tenants[institution]
    content = CopyContent(
        values=payload,
        valid_from=TODAY,
        no_automatic_answer=columns.get("no_automatic_answer", False),
    )
    locked = lock_copy(tenant, person, "local-tax", content)
    database = street.gateways[institution][0].gateway.database
    async with database.transaction(institution=institution) as tx:
        load = new_id(street.entropy)
        await tx.execute(
            "INSERT INTO load (institution, load, info, layout, file_digest, rows_good, rows_bad,"
            " loaded_at) VALUES (%s, %s, 'local-tax', %s, %s, 1, 0, %s)",
            (institution, load, LAYOUT, bytes(32), street.clock.now()),
        )
        await tx.execute(
            "INSERT INTO copy (institution, person, info, layout, as_of, load, locked)"
            " VALUES (%s, %s, 'local-tax', %s, %s, %s, %s)",
            (institution, person, columns.get("layout", LAYOUT), TODAY, load, locked),
        )


def question(addressee="100", provider=OSAKA, items=(INCOME,), layout=LAYOUT):
    return Question(
        addressee=addressee, affair=ALLOWANCE, provider=provider, items=items, layout=layout
    )


async def ask(street, *questions, institution=MINATO):
    """Ask, let everything travel, and return the answers."""
    room, _ = street.gateways[institution]
    tenant = street.tenants[institution]
    taken = await asking.ask(room.gateway, tenant, questions)
    if taken.batch is not None:
        await sending.advance(room.gateway, tenant, taken.batch.batch)
    await street.deliver()
    return await answers.poll(room.gateway, tenant, [a.inquiry for a in taken.accepted])


async def jane_moves(street):
    """Jane's tax stands in Osaka; Minato has opened a child-allowance case for her."""
    osaka, _ = await settle_in(street, OSAKA, "7", JANE)
    await load_copy(street, OSAKA, osaka, {INCOME: 3_210_000, "local-tax.dependants": 2})
    await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
    return osaka


def test_a_new_municipality_gets_the_tax_data_that_the_old_one_holds(on_street):
    async def story(street):
        await jane_moves(street)
        [answer] = await ask(street, question())
        assert answer.outcome == "OK"
        assert [(v.item, v.value) for v in answer.values] == [(INCOME, 3_210_000)]

    on_street(story)


def test_one_person_has_the_same_code_at_an_institution_every_time_and_another_elsewhere(on_street):
    async def story(street):
        first, _ = await street.acquire(MINATO, JANE)
        again, _ = await street.acquire(MINATO, JANE)
        elsewhere, _ = await street.acquire(OSAKA, JANE)
        assert first == again
        assert first != elsewhere

    on_street(story)


def test_an_acquisition_number_of_another_institution_stays_silent(on_street):
    async def story(street):
        collected, _ = await street.caller(OSAKA).call(
            "linkage", api.COLLECT_PATH, api.Collect((new_id(street.entropy),)), api.Collected
        )
        assert collected.evaluated[0].state == "waiting"
        assert collected.evaluated[0].point == b""

    on_street(story)


def test_a_question_without_an_open_case_leaves_no_house_but_is_recorded(on_street):
    async def story(street):
        await settle_in(street, MINATO, "100", JANE)
        [answer] = await ask(street, question())
        assert answer.outcome == "REFUSED_CASE"
        [record] = await street.records_of(JANE)
        assert record.outcome == "REFUSED_CASE"
        assert await street.records_of(JOHN) == []

    on_street(story)


def test_each_ground_of_refusal_has_its_own_code_and_is_recorded(on_street):
    async def story(street):
        await jane_moves(street)
        tests = {
            "REFUSED_PROVIDER": question(provider="mext"),
            "REFUSED_ITEM": question(items=("medical-insurance-benefit.copay",)),
        }
        for outcome, asked in tests.items():
            street.keys.setdefault("mext", street.party("mext"))
            street.publish()
            [answer] = await ask(street, asked)
            assert answer.outcome == outcome
        assert sorted(r.outcome for r in await street.records_of(JANE)) == sorted(tests)

    on_street(story)


def test_an_institution_without_a_published_assessment_is_refused_and_recorded(on_street):
    async def story(street):
        await jane_moves(street)
        street.pia[MINATO] = None
        street.publish()
        [answer] = await ask(street, question())
        assert answer.outcome == "REFUSED_PIA"
        [record] = await street.records_of(JANE)
        assert record.outcome == "REFUSED_PIA"

    on_street(story)


def test_a_clerk_can_tell_nobody_from_no_copy_from_no_data_from_an_old_layout(on_street):
    async def story(street):
        person = await jane_moves(street)
        assert person
        await settle_in(street, MINATO, "200", JOHN, case=ALLOWANCE)
        await settle_in(street, NAGOYA, "9", JANE)
        found = await ask(
            street,
            question(addressee="200"),
            question(provider=NAGOYA),
            question(items=("local-tax.losses",)),
            question(layout="local-tax/1999"),
        )
        assert [a.outcome for a in found] == ["NO_PERSON", "NO_COPY", "NO_DATA", "STALE_LAYOUT"]

    on_street(story)


def test_a_person_reads_who_asked_whom_for_what_and_under_which_law(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        [record] = await street.records_of(JANE)
        assert (record.requester, record.provider) == (MINATO, OSAKA)
        assert (record.affair, record.items) == (ALLOWANCE, (INCOME,))
        assert record.basis == ("old2-168",)
        assert record.outcome == "OK"
        assert record.provided_at is not None
        assert not record.under_investigation
        assert street.alarms == []
        assert await street.records_of(JOHN) == []

    on_street(story)


def test_a_requester_that_lies_to_the_ledger_is_caught_and_the_true_person_sees_it(on_street):
    async def story(street):
        await jane_moves(street)
        john, version = await street.acquire(MINATO, JOHN)
        jane, _ = await street.acquire(MINATO, JANE)
        keys = {name: street.keys[name].public.receiving_point() for name in (OSAKA, "ledger")}
        lie = api.Inquiry(
            inquiry=new_id(street.entropy),
            affair=ALLOWANCE,
            provider=OSAKA,
            items=(INCOME,),
            layout=LAYOUT,
            case="none",
            for_provider=seal(jane, to=keys[OSAKA], entropy=street.entropy),
            for_ledger=seal(john, to=keys["ledger"], entropy=street.entropy),
            version=version,
        )
        liar = street.caller(MINATO)
        grants, _ = await liar.call(
            "linkage", api.INQUIRIES_PATH, api.InquiryBatch((lie,)), api.Grants
        )
        await liar.call(OSAKA, PROVISIONS_PATH, Provide(grants.sheets[0]), Provisions)
        await street.deliver()
        [alarm] = street.alarms
        assert (alarm.kind, alarm.requester, alarm.provider) == ("ends-disagree", MINATO, OSAKA)
        for person in (JANE, JOHN):
            [record] = await street.records_of(person)
            assert record.under_investigation

    on_street(story)


def test_what_one_side_hides_is_absent_for_the_person(on_street):
    async def story(street):
        await jane_moves(street)
        gateway, tenant = street.gateways[OSAKA][0].gateway, street.tenants[OSAKA]
        flags = Flags(addressee="7", no_self_information=False, hidden=True)
        await persons.set_flags(gateway, tenant, flags)
        [answer] = await ask(street, question())
        assert answer.outcome == "OK"
        assert await street.records_of(JANE) == []
        code, version = await street.acquire("ledger", JANE)
        assert (await who_asked(street.ledger.ledger, Coded(version, code))).bodies == ()

    on_street(story)


def test_the_ledger_stores_the_same_whatever_the_order_and_however_often(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        [before] = await street.records_of(JANE)
        database = street.linkage.core.database
        async with database.transaction() as tx:
            record = await tx.one("SELECT permit, person FROM exchange_record", {}, PermitAndPerson)
        end = api.EndRecord(
            permit=record.permit,
            side="provider",
            outcome="NO_DATA",
            at=street.clock.now(),
            person=bytes(record.person),
            hidden=True,
        )
        again = api.RecordsDelivered(ends=(end,))
        answer, _ = await street.caller("linkage").call(
            "ledger", api.RECORDS_PATH, again, api.Received
        )
        assert answer.new == 0
        assert await street.records_of(JANE) == [before]

    on_street(story)


def test_a_silent_provider_is_told_apart_and_its_answer_comes_later_once(on_street):
    async def story(street):
        await jane_moves(street)
        street.transport.down.add(OSAKA)
        [answer] = await ask(street, question())
        assert answer.outcome == "PROVIDER_DOWN"
        street.transport.down.clear()
        street.clock.advance(timedelta(seconds=5))
        room, _ = street.gateways[MINATO]
        assert await sending.run_once(room.gateway, street.tenants[MINATO]) == 1
        await street.deliver()
        [answer] = await answers.poll(room.gateway, street.tenants[MINATO], [answer.inquiry])
        assert answer.outcome == "OK"
        assert len(await street.records_of(JANE)) == 1

    on_street(story)


@pytest.mark.parametrize("party", ["linkage", OSAKA, "ledger"])
def test_an_answer_lost_on_the_way_doubles_nothing(on_street, party):
    async def story(street):
        await jane_moves(street)
        street.transport.losing.add(party)
        await ask(street, question())
        room, _ = street.gateways[MINATO]
        for _ in range(3):
            street.clock.advance(timedelta(seconds=61))
            await sending.run_once(room.gateway, street.tenants[MINATO])
            await street.deliver()
        assert street.transport.losing == set()
        [record] = await street.records_of(JANE)
        assert record.outcome == "OK"
        for institution in (MINATO, OSAKA):
            database = street.gateways[institution][0].gateway.database
            async with database.transaction(institution=institution) as tx:
                assert await tx.value("SELECT count(*) FROM exchange_record") == 1

    on_street(story)


def test_a_flagged_copy_waits_for_a_person_and_the_decision_travels(on_street):
    async def story(street):
        osaka, _ = await settle_in(street, OSAKA, "7", JANE)
        await load_copy(street, OSAKA, osaka, {INCOME: 1}, no_automatic_answer=True)
        await settle_in(street, MINATO, "100", JANE, case=ALLOWANCE)
        [answer] = await ask(street, question())
        assert answer.outcome == "PENDING_MANUAL"
        provider, _ = street.gateways[OSAKA]
        [waiting] = await answers.waiting(provider.gateway, street.tenants[OSAKA])
        decision = Decide(permit=waiting.permit, decision="provide", officer="o1")
        outcome = await answers.decide(provider.gateway, street.tenants[OSAKA], decision)
        assert outcome == "OK"
        street.clock.advance(timedelta(seconds=60))
        room, _ = street.gateways[MINATO]
        await sending.run_once(room.gateway, street.tenants[MINATO])
        [answer] = await answers.poll(room.gateway, street.tenants[MINATO], [answer.inquiry])
        assert answer.outcome == "OK"
        assert answer.values[0].value == 1

    on_street(story)


def test_who_received_a_wrong_copy_is_a_query(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        provider, _ = street.gateways[OSAKA]
        tenant = street.tenants[OSAKA]
        since = street.clock.now() - timedelta(days=1)
        found = await answers.recipients(provider.gateway, tenant, [1], since=since)
        assert [(r.requester, r.items) for r in found] == [(MINATO, (INCOME,))]
        assert await answers.recipients(provider.gateway, tenant, [2], since=since) == []

    on_street(story)


def test_a_domain_key_changes_under_load_and_every_answer_stays(on_street):
    async def story(street):
        await jane_moves(street)
        for institution in (OSAKA, MINATO):
            room, _ = street.gateways[institution]
            assert await rotation.rotate(room.gateway, street.tenants[institution]) == 1
            [answer] = await ask(street, question())
            assert answer.outcome == "OK"

    on_street(story)


def test_every_room_keeps_an_unbroken_journal(on_street):
    async def story(street):
        await jane_moves(street)
        await ask(street, question())
        databases = [street.linkage.core.database]
        databases += [room.gateway.database for room, _ in street.gateways.values()]
        for database in databases[:3]:
            async with database.transaction() as tx:
                assert await journal.verify(tx) >= 1

    on_street(story)


def test_results_are_purged_when_their_time_is_over(on_street):
    async def story(street):
        await jane_moves(street)
        [answer] = await ask(street, question())
        street.clock.advance(timedelta(days=15))
        room, _ = street.gateways[MINATO]
        assert await answers.purge(room.gateway, street.tenants[MINATO]) == (1, 0)
        [answer] = await answers.poll(room.gateway, street.tenants[MINATO], [answer.inquiry])
        assert answer.purged
        assert answer.values == ()

    on_street(story)
