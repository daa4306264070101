"""A card that is stopped stops delegations, of its holder and to her; only the one who gave lets them go on."""

import re
from datetime import timedelta

import pytest

from kumihimo.rooms.portal import proxies_checking
from kumihimo.rooms.portal.domain.delegations import CHECK_EVERY, GOOD_FOR
from tests.rooms.portal.delegating import (
    PARTS,
    acts,
    acts_refused,
    acts_still,
    both,
    press,
    signs,
    two,
)


async def certificate_of(house, who):
    """Return the portal's name of the certificate that somebody signed with."""
    label = b"proxy part "
    for part, account, locked in await house.rows(
        "SELECT p.part, p.account, p.content_locked FROM proxy_part p"
    ):
        plain = house.portal.locker.unlock(bytes(locked), label=label + part.encode())
        tag = house.portal.locker.tag(who.encode(), label=b"user")
        if await house.value("SELECT user_tag FROM account WHERE account = %s", account) == tag:
            [name] = re.findall(rb'"label":"[^"]*","certificate":"([^"]+)"', plain)
            return name.decode()
    raise AssertionError(who)


async def turns_pass(house):
    """Let every certificate have its turn."""
    for _ in range(2):
        house.clock.advance(CHECK_EVERY)
        await proxies_checking.look_after(house.portal)


async def restores(person, *, signed=True):
    person.house.clock.advance(timedelta(seconds=1))
    await person.open("/proxies")
    await press(person, "/proxies/restore", part=PARTS.findall(person.page)[0])
    if signed:
        await signs(person)


@pytest.mark.parametrize("whose", ["hanako", "taro"])
def test_when_the_card_of_either_stops_it_waits_and_she_alone_lets_it_go_on(at_portal, whose):
    async def story(house):
        hanako, taro = await both(house)
        house.holders.over.add(await certificate_of(house, whose))
        await turns_pass(house)
        hanako, taro = await two(house)
        for one in (hanako, taro):
            await one.open("/proxies")
            assert "カードが止まったので、代理を中断しました" in one.page
        await acts_refused(taro)
        assert 'action="/proxies/restore"' not in taro.page
        await restores(taro, signed=False)
        assert "not-found" in taro.page
        assert await house.value("SELECT state FROM proxy_delegation") == "suspended"
        await restores(hanako)
        if whose == "taro":
            assert "card-still-stopped" in hanako.page
            house.holders.newer[await certificate_of(house, "taro")] = "n" * 22
            await restores(hanako)
        else:
            house.holders.over.clear()
        assert "代理を再開しました" in hanako.page, hanako.page
        await acts_still(taro)
        await turns_pass(house)
        hanako, taro = await two(house)
        await acts_still(taro)

    at_portal(story)


def test_while_no_certificate_could_be_looked_at_nobody_acts(at_portal):
    async def story(house):
        await both(house)
        house.holders.silent = True
        house.clock.advance(GOOD_FOR)
        await proxies_checking.look_after(house.portal)
        _, taro = await two(house)
        await acts(taro)
        assert taro.status == 503
        assert "照会しました" not in taro.page
        assert house.ledger.delegations.acts == []
        house.holders.silent = False
        await turns_pass(house)
        _, taro = await two(house)
        await acts_still(taro)

    at_portal(story)


def test_no_act_makes_the_portal_ask_jpki_and_the_two_are_not_asked_for_in_step(at_portal):
    """jpki knows who holds what: asked for two at one moment, it would learn that they belong together."""

    async def story(house):
        _, taro = await both(house)
        for _ in range(3):
            await acts(taro)
        assert house.holders.looked_at == []
        apart = await house.value("SELECT count(DISTINCT check_at) FROM proxy_part")
        assert apart == 2
        await turns_pass(house)
        assert len(set(house.holders.looked_at)) == 2

    at_portal(story)
