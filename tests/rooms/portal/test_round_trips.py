"""What a page costs: how often it asks the ledger, and how often the database."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from kumihimo.kernel.sql import Database
from kumihimo.rooms.ledger import api
from kumihimo.rooms.portal.visits import StoredVisits
from tests.rooms.portal.ledger import held, notice_of, record
from tests.rooms.portal.test_notices import press

# The ledger's doors that each page asks, its transactions here and its single questions when it is
# opened again. A question finds the visit; on the first page another one how she wants to be told, which
# notices she read and what she was told of proxies. What she saw is written down once.
COSTS = {
    "/": ([api.OVERVIEW_PATH], 0, 2),
    "/looked": ([api.MY_RECORDS_PATH], 0, 1),
    "/ask": ([], 0, 1),
    "/mine": ([api.OWN_PATH], 0, 1),
    "/notices": ([api.OVERVIEW_PATH], 2, 1),
}


@pytest.fixture
def transactions(monkeypatch):
    """Count transactions of every kind, each of which goes on as before."""
    begun = []
    whole, brief, alone = Database.transaction, Database.brief, Database.alone

    @asynccontextmanager
    async def counted(self, **how):
        begun.append(how)
        async with whole(self, **how) as tx:
            yield tx

    @asynccontextmanager
    async def counted_brief(self, *before):
        begun.append(before)
        async with brief(self, *before) as tx:
            yield tx

    async def counted_alone(self, *what, **how):
        begun.append(what)
        return await alone(self, *what, **how)

    monkeypatch.setattr(Database, "transaction", counted)
    monkeypatch.setattr(Database, "brief", counted_brief)
    monkeypatch.setattr(Database, "alone", counted_alone)
    return begun


@pytest.fixture
def questions(monkeypatch):
    """Count single questions, each of which is asked as before."""
    asked = []
    look = Database.look

    async def counted(self, *what):
        asked.append(what)
        return await look(self, *what)

    monkeypatch.setattr(Database, "look", counted)
    return asked


def test_a_page_asks_each_of_the_ledgers_doors_once_and_writes_only_what_changed(
    at_portal, transactions, questions
):
    async def story(house):
        house.ledger.records["hanako"] = [record(n) for n in range(250)]
        house.ledger.notices["hanako"] = [notice_of(1)]
        house.ledger.holds["hanako"] = {"local-tax": [held(total_income=3_210_000)]}
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/mine")
        await hanako.send("/mine", information="local-tax")
        await press(hanako, "/looked/ask", record=record(3).record)
        found = {}
        for path in COSTS:
            house.ledger.asked.clear()
            transactions.clear()
            questions.clear()
            await hanako.open(path)
            assert hanako.status == 200
            doors = [one for one, _ in house.ledger.asked]
            found[path] = doors, len(transactions), len(questions)
        assert found == COSTS
        house.ledger.records["hanako"].insert(0, record(250))
        for times in (1, 0):
            transactions.clear()
            await hanako.open("/")
            assert len(transactions) == times, "what she saw is written down where it is new"
        transactions.clear()
        for seconds in (59, 2, 59):
            house.clock.advance(timedelta(seconds=seconds))
            await hanako.open("/mine")
        assert len(transactions) == 1, "that her visit goes on is written down once a minute"
        transactions.clear()
        house.clock.advance(timedelta(seconds=61))
        visits, token = StoredVisits(house.portal), hanako.http.cookies["kumihimo-portal"]
        assert None not in await asyncio.gather(*(visits.find(token) for _ in range(5)))
        assert len(transactions) == 1, "and once, where pages come at once"

    at_portal(story)


def test_an_old_entry_that_is_new_all_the_same_costs_one_question_more(at_portal):
    async def story(house):
        mine = [record(0, record=f"{n:022d}") for n in range(20)]
        house.ledger.records["hanako"] = mine[:15] + mine[16:]
        await house.person().log_in()
        house.ledger.records["hanako"] = mine
        house.ledger.asked.clear()
        hanako = house.person()
        await hanako.log_in()
        assert "1件あります" in hanako.page
        assert hanako.page.count('class="kh-entry"') == 1
        assert [path for path, _ in house.ledger.asked] == [api.OVERVIEW_PATH, api.MY_RECORDS_PATH]

    at_portal(story)
