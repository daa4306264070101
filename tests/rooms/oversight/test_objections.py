"""Objections of persons: taken from the ledger alone, answered once, in no dump in clear."""

from datetime import date
from typing import Any

import msgspec
import pytest

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


def objection(scene, **changes):
    claim = changes.get("claim", new_id(ENTROPY))
    content = msgspec.json.encode(ClaimContent(text=WORDS))
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
        for changes in ({"kind": "question"}, {"sealed": b"x" * 60}, {"claim": "short"}):
            with pytest.raises(Refused) as refused:
                await send(scene, objection(scene, **changes))
            assert refused.value.reason == "bad-input", changes
        assert await claims.waiting(scene.oversight) == []
        assert await send(scene, said) == 1

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
