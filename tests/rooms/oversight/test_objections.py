"""Objections of persons: taken from the ledger alone, answered once, in no dump in clear."""

from datetime import date, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload, seal_payload
from kumihimo.kernel.net import Refused
from kumihimo.kernel.refusal import BadInput, Conflict, NotFound
from kumihimo.rooms.oversight import claims
from kumihimo.rooms.oversight.api import (
    CLAIM_STATES_PATH,
    CLAIMS_PATH,
    AskClaims,
    Claim,
    ClaimContent,
    ClaimStates,
    Received,
    answer_context,
    claim_context,
)
from tests.rooms.oversight.test_directory import ENTROPY, at_oversight, entry_of

__all__ = ["at_oversight"]  # a fixture

TOWN, OSAKA = "lg-131032", "lg-271004"
WORDS = "なぜ見たのですか"


def objection(scene, *, reference="", **changes):
    claim = changes.get("claim", new_id(ENTROPY))
    content = msgspec.json.encode(ClaimContent(text=WORDS, reference=reference))
    to = scene.keys["oversight"].public.payload
    fields: dict[str, Any] = {
        "claim": claim,
        "kind": "objection",
        "permit": new_id(ENTROPY),
        "requester": TOWN,
        "provider": OSAKA,
        "affair": "b081",
        "requested_at": scene.oversight.clock.now(),
        "sealed": seal_payload(content, to=to, context=claim_context(claim)),
    }
    return Claim(**(fields | changes))


async def send(scene, message, sender="ledger"):
    answer, _ = await scene.caller(sender).call("oversight", CLAIMS_PATH, message, Received)
    return answer.new


async def states(scene, *names, sender="ledger"):
    answer, _ = await scene.caller(sender).call(
        "oversight", CLAIM_STATES_PATH, AskClaims(names), ClaimStates
    )
    return answer.claims


async def enter(scene):
    await scene.enrol(entry_of(scene.keys[TOWN]))
    await scene.enrol(entry_of(scene.keys["ledger"], kind="ledger"))


def test_an_objection_is_read_and_answered_once_and_only_the_ledger_can_open_the_answer(
    at_oversight,
):
    async def story(scene):
        await enter(scene)
        said = objection(scene)
        assert [await send(scene, said), await send(scene, said)] == [1, 0]
        [one] = await claims.waiting(scene.oversight)
        assert (one.claim, one.requester, one.provider) == (said.claim, TOWN, OSAKA)
        assert (one.permit, one.content.text) == (said.permit, WORDS)
        assert one.due_on - one.taken_on == claims.ANSWER_WITHIN
        assert [s.state for s in await states(scene, said.claim, "x" * 22)] == ["open", "unknown"]
        await claims.answer(scene.oversight, said.claim, "answered", "指導しました")
        [state] = await states(scene, said.claim)
        assert (state.state, state.decision) == ("answered", "answered")
        assert isinstance(state.answered_on, date)
        key, context = scene.keys["ledger"].payload, answer_context(said.claim)
        assert open_payload(state.sealed, key=key, context=context).decode() == "指導しました"
        assert await claims.waiting(scene.oversight) == []
        with pytest.raises(Conflict):
            await claims.answer(scene.oversight, said.claim, "kept", "x")
        [again] = await states(scene, said.claim)
        assert again == state

    at_oversight(story)


def test_nobody_but_the_ledger_objects_for_a_person_or_asks_how_it_stands(at_oversight):
    async def story(scene):
        await enter(scene)
        said = objection(scene)
        with pytest.raises(Refused) as refused:
            await send(scene, said, sender=TOWN)
        assert refused.value.reason == "not-allowed"
        with pytest.raises(Refused) as refused:
            await states(scene, said.claim, sender=TOWN)
        assert refused.value.reason == "not-allowed"
        wrong: list[dict[str, Any]] = [{"kind": "question"}, {"sealed": b"x" * 60}]
        wrong += [{"claim": "short"}, {"permit": "short"}]
        for changes in wrong:
            with pytest.raises(Refused) as refused:
                await send(scene, objection(scene, **changes))
            assert refused.value.reason == "bad-input", changes
        assert await claims.waiting(scene.oversight) == []
        assert await send(scene, said) == 1

    at_oversight(story)


def test_an_objection_to_what_has_no_permit_says_under_seal_what_it_is_about(at_oversight):
    async def story(scene):
        await enter(scene)
        asked = new_id(ENTROPY)
        said = objection(scene, reference=asked, permit="", provider="register")
        assert asked.encode() not in said.sealed
        assert await send(scene, said) == 1
        [one] = await claims.waiting(scene.oversight)
        assert (one.permit, one.provider, one.content.reference) == ("", "register", asked)

    at_oversight(story)


def test_an_answer_says_something_and_answers_something(at_oversight):
    async def story(scene):
        await enter(scene)
        said = objection(scene)
        await send(scene, said)
        for text in ("", "長" * 2001):
            with pytest.raises(BadInput):
                await claims.answer(scene.oversight, said.claim, "kept", text)
        with pytest.raises(NotFound):
            await claims.answer(scene.oversight, "x" * 22, "kept", "x")
        await claims.answer(scene.oversight, said.claim, "kept", "長" * 2000)

    at_oversight(story)


async def changed(scene, postgres, what):
    """Change objections as only the database's owner can."""
    async with scene.oversight.database.transaction() as tx:
        name = await tx.value("SELECT current_database()")
    with psycopg.connect(postgres.admin(name).reveal(), autocommit=True) as connection:
        connection.execute(f"UPDATE objection SET {what}".encode())


async def forget(scene):
    clock = scene.oversight.clock
    return await retention.forget(scene.oversight.database, clock=clock, actor="oversight")


def test_an_objection_goes_four_years_after_its_answer_and_without_an_answer_stays(
    at_oversight, postgres
):
    async def story(scene):
        await enter(scene)
        first, open_one = objection(scene), objection(scene)
        for said in (first, open_one):
            await send(scene, said)
        await claims.answer(scene.oversight, first.claim, "answered", "指導しました")
        await changed(scene, postgres, "taken_on = '2012-06-01', due_on = '2012-07-01'")
        assert await forget(scene) == 0, "it is counted from the answer"
        today = legal_day(scene.oversight.clock.now())
        four_years = today.replace(year=today.year - 4)
        for answered_on, gone in ((four_years, 0), (four_years - timedelta(days=1), 1)):
            old = f"answered_on = '{answered_on}' WHERE answered_on IS NOT NULL"
            await changed(scene, postgres, old)
            assert await forget(scene) == gone
        [left] = await claims.waiting(scene.oversight)
        assert left.claim == open_one.claim
        gone_for, waits = await states(scene, first.claim, open_one.claim)
        assert (gone_for.state, waits.state) == ("unknown", "open")

    at_oversight(story)


def test_no_false_clock_and_nobody_who_serves_requests_makes_an_objection_old(at_oversight):
    async def story(scene):
        await enter(scene)
        said = objection(scene)
        await send(scene, said)
        await claims.answer(scene.oversight, said.claim, "kept", "x")
        async with scene.oversight.database.transaction() as tx:
            await tx.execute("SELECT forget_expired('9999-01-01', 1000)")
        for statement in ("DELETE FROM objection", "UPDATE retention SET kept = '1 second'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                async with scene.oversight.database.transaction() as tx:
                    await tx.connection.execute(statement.encode())
        assert [one.state for one in await states(scene, said.claim)] == ["answered"]

    at_oversight(story)
