"""Staff look at what their institution holds: the person reads which office did, and can prove that it is all."""

import msgspec
import pytest

from kumihimo.kernel.ids import new_id
from kumihimo.kernel.net import Refused
from kumihimo.rooms.gateway.business_looks import LookTold
from kumihimo.rooms.gateway.client import By
from kumihimo.rooms.ledger import chain
from kumihimo.rooms.linkage.asker_api import Asker
from tests.federation.desk import open_desk
from tests.federation.street import ALLOWANCE, INCOME, LAYOUT, MINATO, OSAKA
from tests.federation.test_a_person_reads import minato_asks
from tests.federation.test_her_own_data import enters, osaka_holds, rows
from tests.federation.test_intake import card
from tests.federation.test_what_she_says import answered, say

DESK = Asker(office="税務課", role="窓口")


def told(street, **changes):
    plain = LookTold(
        look=new_id(street.entropy),
        addressee="7",
        items=("local-tax",),
        affair=ALLOWANCE,
        asker=DESK,
    )
    return msgspec.structs.replace(plain, **changes)


async def looks_of(reader):
    return [one for one in (await reader.records())["records"] if one["outcome"] == "LOOKED"]


def test_each_answer_about_a_person_is_a_look_of_hers_with_office_role_affair_and_items(in_town):
    async def story(street, one, other):
        osaka = await osaka_holds(street, one)
        by = By(affair=ALLOWANCE, asker=DESK)
        await osaka(lambda c: c.cases_of("7", by))
        await osaka(lambda c: c.copies_of("7", info="local-tax", by=by))
        await osaka(lambda c: c.suspensions_of("7"))
        await osaka(lambda c: c.notices_of("7", by))
        await osaka(lambda c: c.provenance("7", by))
        with pytest.raises(Refused):
            await osaka(lambda c: c.consequences("7", case="none", by=by))
        await street.deliver()
        herself = await enters(street, 1, one)
        found = {items: rest for items, *rest in map(said, await looks_of(herself))}
        assert found == {
            "kept.cases": [OSAKA, OSAKA, ALLOWANCE, "税務課", "窓口"],
            "local-tax": [OSAKA, OSAKA, ALLOWANCE, "税務課", "窓口"],
            "kept.doubts": [OSAKA, OSAKA, "", "", ""],
            "kept.notices": [OSAKA, OSAKA, ALLOWANCE, "税務課", "窓口"],
            "kept.provenance": [OSAKA, OSAKA, ALLOWANCE, "税務課", "窓口"],
            "kept.consequences": [OSAKA, OSAKA, ALLOWANCE, "税務課", "窓口"],
        }
        assert {one["number"] for one in await looks_of(herself)} == set(range(1, 7))
        answer = await herself.request("GET", "/my/who-asked")
        [body] = answer.json()["bodies"]
        assert (body["requester"], body["times"], body["refused"]) == (OSAKA, 6, 0)
        while await chain.place(street.ledger.ledger):
            pass
        [[placed]] = await rows(street, "SELECT count(place) FROM person_link")
        assert placed == 6, "each has its number, and the number its leaf"
        stranger = await enters(street, 2, other)
        assert await looks_of(stranger) == []

    in_town(story)


def said(one):
    [item] = one["items"]
    return item, *(one[name] for name in ("requester", "provider", "affair", "office", "role"))


def test_a_business_system_tells_what_its_own_staff_look_at_once_however_often_it_says_so(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        first, second = told(street), told(street, affair="", asker=Asker())
        assert await osaka(lambda c: c.looked([first])) == 1
        assert await osaka(lambda c: c.looked([second, first])) == 1
        await street.deliver()
        await street.deliver()
        herself = await enters(street, 1, one)
        assert sorted(one["office"] for one in await looks_of(herself)) == ["", "税務課"]
        assert await osaka.kept("SELECT count(*) FROM exchange_record") == 2

    in_town(story)


@pytest.mark.parametrize("changes", [{"addressee": "8"}, {"affair": "b001"}])
def test_a_look_at_nobody_or_for_another_offices_affair_is_refused_with_all_beside_it(
    in_town, changes
):
    async def story(street, one, _):
        await osaka_holds(street, one)
        osaka = await open_desk(street, OSAKA, affairs=(ALLOWANCE,), name="allowance")
        with pytest.raises(Refused) as refused:
            await osaka(lambda c: c.looked([told(street), told(street, **changes)]))
        assert refused.value.remote.pointer == f"looks[1].{next(iter(changes))}"
        assert await osaka.kept("SELECT count(*) FROM exchange_record") == 0
        await osaka(lambda c: c.cases_of("7"))
        await street.deliver()
        [look] = await looks_of(await enters(street, 1, one))
        assert look["affair"] == ALLOWANCE, "whoever handles one affair looks for that"

    in_town(story)


def test_what_is_hidden_of_a_person_hides_who_looked_too(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await osaka(lambda c: c.set_flags("7", no_self_information=False, hidden=True))
        await osaka(lambda c: c.cases_of("7"))
        await street.deliver()
        herself = await enters(street, 1, one)
        page = await herself.records()
        assert (page["records"], page["last"], page["bodies"]) == ([], 0, [])
        [[hidden]] = await rows(street, "SELECT count(*) FROM record WHERE hidden")
        assert hidden == 1, "it is on record"

    in_town(story)


def test_of_a_person_without_a_code_only_the_institution_knows_that_somebody_looked(in_town):
    async def story(street, one, _):
        osaka = await open_desk(street, OSAKA)
        await osaka(lambda c: c.register([card("7", one, 1)]))
        await osaka(lambda c: c.cases_of("7"))
        await osaka.acquire(street.register_room)
        await street.deliver()
        assert await looks_of(await enters(street, 1, one)) == []
        assert await osaka.kept("SELECT count(*) FROM exchange_record") == 1

    in_town(story)


def test_her_question_about_a_look_reaches_whoever_looked_and_says_whose_record_it_was(in_town):
    async def story(street, one, _):
        osaka = await osaka_holds(street, one)
        await osaka(lambda c: c.looked([told(street)]))
        await street.deliver()
        herself = await enters(street, 1, one)
        [look] = await looks_of(herself)
        answer, claim = await say(herself, look["record"], "question", text="なぜ見たのですか")
        assert answer.status_code == 200, answer.text
        await street.deliver()
        [case] = await osaka(lambda c: c.claims())
        assert (case.claim, case.addressees) == (claim, ("7",))
        await osaka(lambda c: c.answer_claim(answered(claim, "answered")))

    in_town(story)


def test_she_reads_which_office_asked_another_institution(in_town):
    async def story(street, one, _):
        await minato_asks(street, one)
        minato = await open_desk(street, MINATO, name="second")
        await minato(
            lambda c: c.ask_one(
                "100", affair=ALLOWANCE, provider=OSAKA, items=[INCOME], layout=LAYOUT, asker=DESK
            )
        )
        await street.deliver()
        herself = await enters(street, 1, one)
        found = (await herself.records())["records"]
        assert [(one["outcome"], one["office"], one["role"]) for one in found] == [
            ("OK", "税務課", "窓口"),
            ("OK", "", ""),
        ]

    in_town(story)
