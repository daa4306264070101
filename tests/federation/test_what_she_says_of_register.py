"""What she says of an inquiry at register and of what a proxy read: no permit names either."""

from datetime import date, timedelta

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.keys import open_payload
from kumihimo.rooms.ledger import claims
from kumihimo.rooms.oversight import api
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, MINATO
from tests.federation.test_her_own_data import enters, rows
from tests.federation.test_what_she_says import PATH, answered, stands

WORDS = "調べられた覚えがありません"


def inquiry(street, **changes):
    plain = {
        "office": MINATO,
        "affair": ALLOWANCE,
        "on": "2026-05-01",
        "answered": True,
        "inquiry": new_id(street.entropy),
    }
    return plain | changes


async def say(reader, kind, *, about="", of=None):
    body = {
        "claim": new_id(reader.street.entropy),
        "kind": kind,
        "about": about,
        "text": WORDS,
        "inquiry": of,
    }
    answer = await reader.request("POST", f"{PATH}/tell", body=body)
    return answer, body["claim"]


async def carried(street, to):
    """Return what the ledger is about to carry to a party, and what stands in it."""
    where = f"topic = '{api.CLAIMS_PATH}' AND destination = '{to}'"
    [(body,)] = await rows(street, f"SELECT body FROM outbox WHERE {where}")
    claim = msgspec.json.decode(body, type=api.Claim)
    key, context = street.keys[to].payload, api.claim_context(claim.claim)
    content = open_payload(claim.sealed, key=key, context=context)
    return claim, msgspec.json.decode(content, type=api.ClaimContent)


def test_the_office_that_asked_register_reads_her_question_and_which_inquiry_it_is_about(in_town):
    async def story(street, one, _):
        herself = await enters(street, 1, one)
        asked = inquiry(street)
        answer, claim = await say(herself, "question", of=asked)
        assert answer.status_code == 200, answer.text
        await street.deliver()
        minato = await open_desk(street, MINATO, name="x")
        [case] = await minato(lambda c: c.claims())
        assert (case.claim, case.text, case.affair) == (claim, WORDS, ALLOWANCE)
        assert (case.reference, case.permit, case.addressees) == (asked["inquiry"], "", ())
        assert case.peer == "register"
        await minato(lambda c: c.answer_claim(answered(claim, "answered")))
        await claims.look(street.ledger.asker)
        [mine] = await stands(herself)
        assert (mine["state"], mine["addressee"]) == ("answered", MINATO)

    in_town(story)


def test_her_objection_to_an_inquiry_goes_to_oversight_and_names_it_under_seal_alone(
    in_town, postgres
):
    async def story(street, one, _):
        herself = await enters(street, 1, one)
        asked = inquiry(street)
        await say(herself, "objection", of=asked)
        claim, content = await carried(street, "oversight")
        assert (claim.permit, claim.requester, claim.provider) == ("", MINATO, "register")
        assert (content.text, content.reference) == (WORDS, asked["inquiry"])
        dump = postgres.dump(street.ledger_name)
        assert str(asked["inquiry"]).encode() not in dump, "register's log has it, too"

    in_town(story)


@pytest.mark.parametrize(
    ("kind", "changes", "status"),
    [
        ("not-mine", {}, 400),
        ("wrong", {}, 400),
        ("question", {"inquiry": "short"}, 400),
        ("question", {"affair": "x" * 65}, 400),
        ("question", {"office": "nobody"}, 503),
    ],
)
def test_what_cannot_be_said_of_an_inquiry_is_not_carried(in_town, kind, changes, status):
    async def story(street, one, _):
        herself = await enters(street, 1, one)
        answer, _ = await say(herself, kind, of=inquiry(street, **changes))
        assert answer.status_code == status, answer.text
        assert await stands(herself) == []

    in_town(story)


def test_she_objects_to_what_a_proxy_read_for_her_and_to_nothing_that_was_read_for_another(in_town):
    async def story(street, one, other):
        herself, stranger = await enters(street, 1, one), await enters(street, 2, other)
        given = {"purpose": "records", "until": str(date(2026, 7, 1))}
        answer = await herself.request("POST", "/my/delegations/give", body=given)
        secret = answer.json()["secret"]
        read = {"secret": secret, "cursor": "", "ask": False}
        answer = await stranger.request("POST", "/my/delegations/act", body=read)
        assert answer.status_code == 200, answer.text
        [act] = (await herself.request("GET", "/my/delegations/acts")).json()["acts"]
        answer, _ = await say(stranger, "objection", about=act["act"])
        assert answer.status_code == 404, "it was not read for the proxy"
        answer, _ = await say(herself, "question", about=act["act"])
        assert answer.status_code == 400, "no institution asked"
        answer, _ = await say(herself, "objection", about=act["act"])
        assert answer.status_code == 200, answer.text
        claim, content = await carried(street, "oversight")
        assert (claim.permit, claim.requester, claim.affair) == ("", "ledger", "records")
        assert content.reference == act["act"]

    in_town(story)


def test_what_is_owed_on_an_inquiry_is_overdue_like_any_other(in_town):
    async def story(street, one, _):
        herself = await enters(street, 1, one)
        await say(herself, "question", of=inquiry(street))
        await street.deliver()
        street.clock.advance(api.ANSWER_WITHIN + timedelta(days=1))
        assert await claims.tell_overdue(street.ledger.ledger) == 1
        await street.deliver()
        [alarm] = street.alarms
        assert (alarm.kind, alarm.permit, alarm.requester) == ("answer-overdue", "", MINATO)

    in_town(story)
