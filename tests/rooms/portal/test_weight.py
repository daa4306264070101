"""A page weighs at most 150 kB with all that it draws in, whichever it is and in whichever language."""

import re

import pytest

from kumihimo.kernel.door import own_routes
from kumihimo.pages.engine import LANGUAGES
from tests.rooms.portal.ledger import held, notice_of, record
from tests.rooms.portal.test_notices import press

WEIGHT_MAX = 150_000
DRAWN_IN = re.compile(r'(?:<link rel="stylesheet" href|<img [^>]*src|<script [^>]*src)="([^"]+)"')
MUCH = tuple(f"local-tax.{n}" for n in ("income-year", "total-income", "dependants", "income-levy"))


def pages_of(app):
    """Return the addresses of the pages, without what is taken away as a file."""
    gets = {path for path, one in own_routes(app) if "GET" in one.http_methods}
    files = {"/looked/json", "/looked/csv", "/looked/pdf", "/looked/schema"}
    files |= {"/looked/proof", "/looked/proof-schema"}
    return sorted(
        one for one in gets - files if not one.startswith(("/style/", "/keep/", "/card/"))
    )


async def weight(person, path):
    """Return the bytes of a page and of what it draws in, as they travel."""
    answer = await person.http.get(path, follow_redirects=True)
    whole = len(answer.content)
    for one in set(DRAWN_IN.findall(answer.text)):
        sheet = await person.http.get(one)
        assert sheet.status_code == 200, one
        whole += int(sheet.headers["content-length"])
    return whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_heavy_for_somebody_of_whom_there_is_much(at_portal, language):
    async def story(house):
        house.ledger.records["hanako"] = [record(n, items=MUCH) for n in range(250)]
        house.ledger.notices["hanako"] = [notice_of(n) for n in range(40)]
        house.ledger.holds["hanako"] = {
            "local-tax": [held(income_year=2025, total_income=3_210_000, income_levy=80_000)]
        }
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/mine")
        await hanako.send("/mine", information="local-tax")
        await hanako.open("/looked")
        await press(hanako, "/looked/ask", record=record(3).record)
        await press(hanako, "/language", language=language, back="/looked")
        assert hanako.at == "/looked"
        found = {path: await weight(hanako, path) for path in pages_of(house.room.app)}
        assert len(found) > 10
        assert {path: size for path, size in found.items() if size > WEIGHT_MAX} == {}
        assert found["/looked"] > 30_000  # twenty entries are there: it was weighed with them

    at_portal(story)
