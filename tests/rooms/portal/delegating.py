"""Two people at the portal who give, join, read and end delegations."""

import re
from datetime import timedelta

from tests.rooms.cards.forms import form_of
from tests.rooms.portal.ledger import record

RECORDS = {"purpose": "records", "days": "30", "label": "妹"}
CODE = re.compile(r'<p class="kh-digits">([^<]+)</p>')
PARTS = re.compile(r'name="part" value="([^"]+)"')


async def press(person, path, **fields):
    """Press one of many buttons of a page, or send what no page offers."""
    token = form_of(person.page, "/language").values["form_token"]
    await person.post(path, {"form_token": token, **fields})


async def signs(person):
    """Have the card sign what the page asks for."""
    await person.sign()
    if 'action="/act/finish"' in person.page:
        await person.send("/act/finish")


async def opens(person, side="give", **fields):
    """Open a delegation, by card; returns the code."""
    person.house.clock.advance(timedelta(seconds=1))  # of two proofs the later one counts
    await person.open(f"/proxies/{side}")
    await person.send(f"/proxies/{side}", RECORDS | fields)
    await signs(person)
    assert person.at == "/proxies/code", person.page
    found = CODE.search(person.page)
    assert found
    return found[1]


async def joins(person, code, label="姉"):
    await person.open("/proxies/enter")
    await person.send("/proxies/enter", code=code)
    assert person.at == "/proxies/join", person.page
    await person.send("/proxies/join", label=label)
    await signs(person)


async def two(house):
    hanako, taro = house.person(), house.person()
    await hanako.log_in()
    await taro.log_in("Taro")
    return hanako, taro


async def both(house, **fields):
    """Let Hanako give something to Taro; both are there, and it is in force."""
    house.ledger.records["hanako"] = [record(1)]
    hanako, taro = await two(house)
    await joins(taro, await opens(hanako, **fields))
    assert "代理を始めました" in taro.page, taro.page
    return hanako, taro


async def acts(taro):
    await taro.open("/proxies")
    await press(taro, "/acting/begin", part=PARTS.findall(taro.page)[0])


async def acts_refused(taro, words="代理で見る"):
    await taro.open("/proxies")
    assert words not in taro.page.replace("代理で見る</", "")
    assert 'action="/acting/begin"' not in taro.page


async def acts_still(taro):
    await acts(taro)
    assert "照会しました" in taro.page, taro.page
