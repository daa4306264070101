"""What a person says of an exchange: carried to whom it is for, answered there, read by her alone."""

from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from kumihimo.kernel import retention
from kumihimo.kernel.clock import legal_day
from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import seal_payload
from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway.business_claims import ClaimAnswered
from kumihimo.rooms.ledger import bells, claims, rotation
from kumihimo.rooms.ledger.api import HearBells
from kumihimo.rooms.linkage.api import Received
from kumihimo.rooms.oversight import api
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, MINATO, NAGOYA, OSAKA
from tests.federation.test_a_person_reads import minato_asks
from tests.federation.test_her_own_data import enters, osaka_holds, rows

PATH = "/my/claims"
WORDS = "所得が違います。医療費を引いてください"
ANSWER = "確かめて訂正しました"


async def say(reader, about, kind="wrong", *, text=WORDS, item=INCOME, claim=""):
    body = {
        "claim": claim or new_id(reader.street.entropy),
        "kind": kind,
        "about": about,
        "text": text,
        "item": item if kind == "wrong" else "",
    }
    answer = await reader.request("POST", f"{PATH}/tell", body=body)
    return answer, body["claim"]


async def stands(reader):
    answer = await reader.request("GET", PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()["claims"]


async def her_item(street, one):
    """Let her read of herself; returns her, Osaka's desk and the name of what Osaka answered."""
    osaka = await osaka_holds(street, one)
    herself = await enters(street, 1, one)
    [answer] = (await herself.ask())["answers"]
    await street.deliver()
    return herself, osaka, answer["answer"]


def answered(claim, decision="corrected", **changes):
    fields: dict[str, Any] = {"claim": claim, "officer": "o1", "decision": decision, "text": ANSWER}
    return ClaimAnswered(**(fields | changes))


def test_an_item_that_she_calls_wrong_is_a_case_at_its_institution_and_its_answer_comes_back(
    in_town,
):
    async def story(street, one, other):
        herself, osaka, about = await her_item(street, one)
        answer, claim = await say(herself, about)
        assert answer.status_code == 200, answer.text
        assert [one["state"] for one in await stands(herself)] == ["sent"]
        await street.deliver()
        [case] = await osaka(lambda c: c.claims())
        assert (case.claim, case.kind, case.addressees) == (claim, "wrong", ("7",))
        assert (case.item, case.text, case.peer) == (INCOME, WORDS, "ledger")
        assert (case.due_on - case.taken_on, case.overdue) == (api.ANSWER_WITHIN, False)
        assert await claims.look(street.ledger.asker) == 1
        assert [one["state"] for one in await stands(herself)] == ["open"]
        await osaka(lambda c: c.answer_claim(answered(claim)))
        assert await osaka(lambda c: c.claims()) == ()
        assert await claims.look(street.ledger.asker) == 1
        assert await claims.look(street.ledger.asker) == 0
        [mine] = await stands(herself)
        assert (mine["state"], mine["decision"], mine["answer"]) == (
            "answered",
            "corrected",
            ANSWER,
        )
        stranger = await enters(street, 2, other)
        assert await stands(stranger) == []

    in_town(story)


def test_an_answer_that_is_overdue_is_told_to_oversight_once_and_rings_her_bell(in_town):
    async def story(street, one, _):
        herself, _, about = await her_item(street, one)
        answer = await herself.request("POST", "/my/bells/hang", body={})
        bell = answer.json()["secret"]
        _, claim = await say(herself, about)
        await street.deliver()
        ledger = street.ledger.ledger
        street.clock.advance(api.ANSWER_WITHIN)
        assert await claims.tell_overdue(ledger) == 0, "the last day is in time"
        street.clock.advance(timedelta(days=1))
        assert [await claims.tell_overdue(ledger) for _ in range(3)] == [1, 0, 0]
        assert (await bells.hear(ledger, HearBells(bells=(bell,)))).rings == (bell,)
        bodies = [
            msgspec.json.decode(body)
            for (body,) in await rows(
                street, f"SELECT body FROM outbox WHERE topic = '{api.ALARM_PATH}'"
            )
        ]
        assert [(one["kind"], one["requester"]) for one in bodies] == [("answer-overdue", OSAKA)]
        assert claim not in str(bodies), "nor anything else that she said"

    in_town(story)


def test_a_question_about_a_look_goes_to_whoever_looked_and_names_whose_case_it_was(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        herself = await enters(street, 1, one)
        [record] = (await herself.records())["records"]
        answer, claim = await say(herself, record["record"], "question")
        assert answer.status_code == 200, answer.text
        await street.deliver()
        minato, osaka = (
            await open_desk(street, MINATO, name="x"),
            await open_desk(street, OSAKA, name="x"),
        )
        [case] = await minato(lambda c: c.claims())
        assert (case.claim, case.addressees, case.affair, case.peer) == (
            claim,
            ("100",),
            ALLOWANCE,
            OSAKA,
        )
        assert await osaka(lambda c: c.claims()) == ()
        answer, claim = await say(herself, record["record"], "not-mine")
        await street.deliver()
        [case] = await osaka(lambda c: c.claims())
        assert (case.claim, case.addressees) == (claim, ("7",))

    in_town(story)


def test_after_thirty_days_a_case_is_overdue(in_town):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        await say(herself, about)
        await street.deliver()
        for days, overdue in ((30, False), (1, True)):
            street.clock.advance(timedelta(days=days))
            [case] = await osaka(lambda c: c.claims())
            assert case.overdue == overdue

    in_town(story)


def test_nobody_says_anything_of_an_exchange_that_is_not_hers_or_is_hidden_from_her(in_town):
    async def story(street, one, other):
        herself, osaka, about = await her_item(street, one)
        stranger = await enters(street, 2, other)
        for reader, name in (
            (stranger, about),
            (herself, "x" * 22),
            (herself, ""),
        ):
            answer, _ = await say(reader, name)
            assert answer.status_code == 404, name
        async with street.ledger.ledger.database.transaction() as tx:
            await tx.put(
                "UPDATE record_end SET hidden = true WHERE permit = %(permit)s", {"permit": about}
            )
        answer, _ = await say(herself, about)
        assert answer.status_code == 404
        await street.deliver()
        assert await osaka(lambda c: c.claims()) == ()

    in_town(story)


def test_what_has_no_form_is_refused(in_town):
    async def story(street, one, _):
        herself, _, about = await her_item(street, one)
        for changes in ({"text": ""}, {"text": "長" * 1001}, {"claim": "short"}, {"kind": "other"}):
            fields = {"text": WORDS, "kind": "wrong"} | changes
            answer, _ = await say(herself, about, **fields)
            assert answer.status_code == 400, changes
        answer, _ = await say(herself, about, "question")
        assert answer.status_code == 400, "she asked this herself"

    in_town(story)


def test_said_twice_it_is_one_case_and_an_answer_is_given_once(in_town):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        _, claim = await say(herself, about)
        await say(herself, about, claim=claim)
        await street.deliver()
        assert len(await osaka(lambda c: c.claims())) == 1
        await osaka(lambda c: c.answer_claim(answered(claim)))
        for given, reason in (
            (answered(claim, "kept"), "conflict"),
            (answered("x" * 22), "not-found"),
        ):
            with pytest.raises(Refused) as refused:
                await osaka(lambda c, given=given: c.answer_claim(given))
            assert refused.value.reason == reason

    in_town(story)


def test_a_business_system_answers_only_in_its_own_affairs(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        herself = await enters(street, 1, one)
        [record] = (await herself.records())["records"]
        _, claim = await say(herself, record["record"], "question")
        await street.deliver()
        other = await open_desk(street, MINATO, affairs=("b001",), name="other")
        own = await open_desk(street, MINATO, affairs=(ALLOWANCE,), name="own")
        assert await other(lambda c: c.claims()) == ()
        with pytest.raises(Refused) as refused:
            await other(lambda c: c.answer_claim(answered(claim, "answered")))
        assert refused.value.reason == "not-allowed"
        await own(lambda c: c.answer_claim(answered(claim, "answered")))

    in_town(story)


def test_her_words_and_the_answer_are_in_no_dump(in_town, postgres):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        _, claim = await say(herself, about)
        for _ in range(2):
            dumps = [postgres.dump(name) for _, name in street.gateways.values()]
            dumps += [postgres.dump(street.ledger_name), postgres.dump(street.linkage_name)]
            for told in (WORDS, ANSWER):
                assert not any(told.encode() in dump for dump in dumps), told
            await street.deliver()
            if await osaka(lambda c: c.claims()):
                await osaka(lambda c: c.answer_claim(answered(claim)))
                await claims.look(street.ledger.asker)
        assert [one["state"] for one in await stands(herself)] == ["answered"]

    in_town(story)


def _claim(street, **changes):
    claim = new_id(street.entropy)
    content = msgspec.json.encode(api.ClaimContent(text=WORDS))
    to = street.keys[OSAKA].public.payload
    fields: dict[str, Any] = {
        "claim": claim,
        "kind": "wrong",
        "permit": new_id(street.entropy),
        "requester": "ledger",
        "provider": OSAKA,
        "affair": "self-information",
        "requested_at": street.clock.now(),
        "sealed": seal_payload(content, to=to, context=api.claim_context(claim)),
    }
    return api.Claim(**(fields | changes))


@pytest.mark.parametrize(
    ("sender", "changes", "reason"),
    [
        (MINATO, {}, "not-allowed"),
        ("linkage", {}, "not-allowed"),
        ("ledger", {"provider": NAGOYA}, "not-allowed"),
        ("ledger", {"kind": "question"}, "not-allowed"),
        ("ledger", {"kind": "objection"}, "bad-input"),
        ("ledger", {"claim": "x" * 22}, "bad-input"),
        ("ledger", {"sealed": b"x" * 80}, "bad-input"),
        ("ledger", {"permit": "short"}, "bad-input"),
        ("ledger", {"permit": ""}, "bad-input"),  # only a question to register has none
    ],
)
def test_an_institution_takes_claims_from_the_ledger_alone_and_only_its_own(
    on_street, sender, changes, reason
):
    async def story(street):
        with pytest.raises(Refused) as refused:
            await street.caller(sender).call(
                OSAKA, api.CLAIMS_PATH, _claim(street, **changes), Received
            )
        assert refused.value.reason == reason
        answer, _ = await street.caller("ledger").call(
            OSAKA, api.CLAIMS_PATH, _claim(street), Received
        )
        assert answer.new == 1

    on_street(story)


def test_only_the_ledger_asks_how_claims_stand(on_street):
    async def story(street):
        asked = api.AskClaims(("x" * 22,))
        with pytest.raises(Refused):
            await street.caller(MINATO).call(OSAKA, api.CLAIM_STATES_PATH, asked, api.ClaimStates)
        answer, _ = await street.caller("ledger").call(
            OSAKA, api.CLAIM_STATES_PATH, asked, api.ClaimStates
        )
        assert [one.state for one in answer.claims] == ["unknown"]

    on_street(story)


def test_claims_follow_a_change_of_the_ledgers_key_and_go_a_year_after_their_answer(
    in_town, postgres
):
    async def story(street, one, _):
        herself, osaka, about = await her_item(street, one)
        _, claim = await say(herself, about)
        await rotation.rotate(street.ledger.ledger, street.ledger.caller)
        assert [one["claim"] for one in await stands(herself)] == [claim]
        await street.deliver()
        await osaka(lambda c: c.answer_claim(answered(claim)))
        await claims.look(street.ledger.asker)
        _, unanswered = await say(herself, about)
        [(name,)] = await rows(street, "SELECT current_database()")
        ledger, today = street.ledger.ledger, legal_day(street.clock.now())
        a_year_ago = today.replace(year=today.year - 1)
        for answered_on, left in ((a_year_ago, 2), (a_year_ago - timedelta(days=1), 1)):
            old = f"answered_on = '{answered_on}' WHERE answered_on IS NOT NULL"
            with psycopg.connect(postgres.admin(name).reveal(), autocommit=True) as owner:
                owner.execute(f"UPDATE claim SET {old}".encode())
            await retention.forget(ledger.database, clock=street.clock, actor="ledger")
            assert len(await rows(street, "SELECT claim FROM claim")) == left
        assert [one["claim"] for one in await stands(herself)] == [unanswered]

    in_town(story)
