"""What a page costs: how often it asks the ledger, and how many transactions it takes."""

from contextlib import asynccontextmanager

import pytest

from kumihimo.kernel.sql import Database
from kumihimo.rooms.ledger import api
from tests.rooms.portal.ledger import held, notice_of, record
from tests.rooms.portal.test_notices import press

# The ledger's doors that each page asks, and its transactions here when it is opened again: one finds
# the visit, the first page's second remembers what she saw, its others know how she wants to be told,
# which notices she read and what she was told of proxies.
COSTS = {
    "/": ([api.OVERVIEW_PATH], 5),
    "/looked": ([api.MY_RECORDS_PATH], 1),
    "/ask": ([], 1),
    "/mine": ([api.OWN_PATH], 1),
    "/notices": ([api.OVERVIEW_PATH], 3),
}


@pytest.fixture
def transactions(monkeypatch):
    """Count transactions, each of which goes on as before."""
    begun = []
    whole = Database.transaction

    @asynccontextmanager
    async def counted(self, **how):
        begun.append(how)
        async with whole(self, **how) as tx:
            yield tx

    monkeypatch.setattr(Database, "transaction", counted)
    return begun


def test_a_page_asks_each_of_the_ledgers_doors_once_and_writes_only_what_changed(
    at_portal, transactions
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
            await hanako.open(path)
            assert hanako.status == 200
            found[path] = [one for one, _ in house.ledger.asked], len(transactions)
        assert found == COSTS

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
