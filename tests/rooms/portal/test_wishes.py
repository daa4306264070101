"""How she is told: each look is a notice unless she wishes otherwise, and mail only says that something waits."""

import re
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.portal import mailing, store_wishes
from kumihimo.rooms.portal.mail import Relay, address_of, relay_at
from kumihimo.rooms.portal.mailing import REST_FIRST, REST_LAST, rest_after
from kumihimo.rooms.portal.wishes import CODE_FOR, CODE_TRIES_MAX, CODES_A_DAY, Wishes, locked
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.delegating import signs
from tests.rooms.portal.ledger import START, record, refused
from tests.rooms.portal.post import Post

ADDRESS = "hanako@mail.example"
NEW = START + timedelta(days=1, hours=1)  # after the account was opened, with the first login


async def press(person, path, **fields):
    token = form_of(person.page, "/language").values["form_token"]
    await person.post(path, {"form_token": token, **fields})


async def looked_at(house, *records, path="/notices"):
    hanako = house.person()
    await hanako.log_in()
    house.ledger.records["hanako"] = list(records)
    await hanako.open(path)
    return hanako


def looks(count):
    return [record(n, requested_at=NEW - timedelta(minutes=n)) for n in range(count)]


def test_each_look_is_a_notice_with_who_when_and_what_for_until_she_read_it(at_portal):
    async def story(house):
        hanako = await looked_at(house, *looks(2), refused(7, requested_at=NEW), record(8))
        assert hanako.page.count("未読") == 3, "a refusal as well; not what was before her account"
        for words in ("東京都港区", "児童手当", "2026-06-01 13:00"):
            assert words in hanako.page, words
        await press(hanako, "/notices/looks", look=record(0).record)
        assert (hanako.at, hanako.page.count("未読"), hanako.page.count("既読")) == (
            "/notices",
            2,
            1,
        )
        await hanako.open("/")
        assert "未読 2件" in hanako.page
        await hanako.open("/notices")
        await press(hanako, "/notices/looks", look="")
        assert (hanako.page.count("未読"), hanako.page.count("既読")) == (0, 3)
        await hanako.open("/")
        assert "あなたの情報が見られました" not in hanako.page
        await press(hanako, "/notices/looks", look="somebody-else's-record")
        assert "not-found" in hanako.page

    at_portal(story)


def test_what_the_ledger_hides_is_no_notice_and_in_no_count(at_portal):
    async def story(house):
        hanako = await looked_at(house, *looks(1), path="/")
        assert "未読 1件" in hanako.page
        house.ledger.records["hanako"] = []
        await hanako.open("/")
        assert "未読" not in hanako.page
        await hanako.open("/notices")
        assert "未読" not in hanako.page

    at_portal(story)


def test_who_wishes_no_such_notices_signs_that_and_gets_none(at_portal):
    async def story(house):
        hanako = await looked_at(house, *looks(1), path="/wishes")
        await press(hanako, "/wishes/looks", looks="off")
        assert "見られるたびのお知らせ" in hanako.page, "the text that the card signs"
        await hanako.open("/notices")
        assert "未読" in hanako.page, "nothing is done before the card signed"
        await hanako.open("/wishes")
        await press(hanako, "/wishes/looks", looks="off")
        await signs(hanako)
        assert hanako.at == "/wishes"
        for path in ("/notices", "/"):
            await hanako.open(path)
            assert "未読" not in hanako.page
        await hanako.open("/looked")
        assert "東京都港区" in hanako.page, "the history is there all the same"

    at_portal(story)


@asynccontextmanager
async def posted(house):
    async with Post() as post:
        house.mailer = Relay(
            host="127.0.0.1",
            port=post.port,
            tls=False,
            sender="portal@kumihimo.example",
            clock=house.clock,
            entropy=house.entropy,
        )
        object.__setattr__(house.portal, "mailer", house.mailer)
        yield post


def code_in(mail):
    found = re.search(r"\d{8}", mail.get_content())
    assert found is not None
    return found[0]


async def asks_for_mail(house, hanako, address=ADDRESS):
    house.clock.advance(timedelta(seconds=1))  # of two proofs of one moment neither is the latest
    await hanako.open("/wishes")
    await press(hanako, "/wishes/address", address=address)
    await signs(hanako)

    await mailing.send_due(house.portal)


async def with_mail(house, post):
    hanako = house.person()
    await hanako.log_in()
    await asks_for_mail(house, hanako)
    await press(hanako, "/wishes/code", code=code_in(post.mails.pop()[1]))
    assert ADDRESS in hanako.page
    return hanako


async def passes(house):
    await mailing.listen(house.portal)
    await mailing.send_due(house.portal)


def test_a_mail_says_that_something_waits_once_until_she_looked_and_nothing_else(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako = await with_mail(house, post)
            await passes(house)
            assert post.mails == [], "nothing waits"
            house.ledger.records["hanako"] = looks(3)
            for _ in range(3):
                house.ledger.ringing.add("hanako")
                await passes(house)
            [(to, mail)] = post.mails
            assert to == ADDRESS
            text = mail.get_content()
            assert "Something waits" in mail["Subject"]
            for words in ("http", "港区", "児童手当", "hanako", "花子", "3"):
                assert words not in text, words
            assert mail["Auto-Submitted"] == "auto-generated"
            await hanako.open("/")
            house.ledger.ringing.add("hanako")
            await passes(house)
            assert len(post.mails) == 2
            assert post.mails[1][1].get_content() == text, "the same for everything"

    at_portal(story)


def test_without_a_confirmed_address_nothing_is_sent_and_after_she_stopped_neither(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako = house.person()
            await hanako.log_in()
            house.ledger.ringing.add("hanako")
            await passes(house)
            assert post.mails == []
            await asks_for_mail(house, hanako)
            await passes(house)
            assert len(post.mails) == 1, "the code alone"
            await press(hanako, "/wishes/code", code=code_in(post.mails.pop()[1]))
            await hanako.open("/wishes")
            await press(hanako, "/wishes/stop")
            assert ADDRESS not in hanako.page
            assert house.ledger.bells == {}
            await passes(house)
            assert post.mails == []

    at_portal(story)


@pytest.mark.parametrize("wrong", ["other", "late", "often"])
def test_an_address_is_good_only_by_its_own_code_in_time_and_not_by_trying(at_portal, wrong):
    async def story(house):
        async with posted(house) as post:
            hanako = house.person()
            await hanako.log_in()
            await asks_for_mail(house, hanako)
            right = code_in(post.mails.pop()[1])
            other = f"{(int(right) + 1) % 10**8:08d}"
            if wrong == "late":
                for _ in range(3):
                    house.clock.advance(CODE_FOR / 3)
                    await hanako.log_in()
                    await hanako.open("/wishes")
            await hanako.open("/wishes")
            for _ in range({"other": 1, "late": 0, "often": CODE_TRIES_MAX}[wrong]):
                await press(hanako, "/wishes/code", code=other)
                assert "mail-code-wrong" in hanako.page
            if wrong == "other":
                typed = form_of(hanako.page, "/wishes/code").values["code"]
                assert typed == [other], "one wrong digit is mended, not eight typed anew"
            await press(hanako, "/wishes/code", code=other if wrong == "other" else right)
            assert "mail-code-wrong" in hanako.page
            assert house.ledger.bells == {}

    at_portal(story)


def test_nobody_is_flooded_with_codes_and_one_bad_address_stops_nobody_else(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako, taro = house.person(), house.person()
            await hanako.log_in()
            post.refuses.add("nobody@mail.example")
            await asks_for_mail(house, hanako, "nobody@mail.example")
            await taro.log_in("Taro")
            await asks_for_mail(house, taro, "taro@mail.example")
            assert [to for to, _ in post.mails] == ["taro@mail.example"]
            assert await house.value("SELECT count(*) FROM wish WHERE due") == 0
            for _ in range(CODES_A_DAY - 1):
                await asks_for_mail(house, hanako)
            house.clock.advance(timedelta(seconds=1))
            await hanako.open("/wishes")
            await press(hanako, "/wishes/address", address=ADDRESS)
            await hanako.sign()
            await hanako.send("/act/finish")
            await mailing.send_due(house.portal)
            assert len(post.mails) == CODES_A_DAY, "one of the day's codes went to nobody"
            assert "mail-codes-spent" in hanako.page

    at_portal(story)


def test_an_address_that_is_postponed_keeps_nobody_elses_mail_and_gets_its_own_later(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako, taro = house.person(), house.person()
            await hanako.log_in()
            post.postpones.add(ADDRESS)
            await asks_for_mail(house, hanako, ADDRESS)
            await taro.log_in("Taro")
            await asks_for_mail(house, taro, "taro@mail.example")
            assert [to for to, _ in post.mails] == ["taro@mail.example"]
            post.postpones.clear()
            assert await mailing.send_due(house.portal) == 0, "the relay is left alone for a while"
            house.clock.advance(REST_FIRST)
            assert await mailing.send_due(house.portal) == 1
            assert [to for to, _ in post.mails] == ["taro@mail.example", ADDRESS]
            assert await mailing.send_due(house.portal) == 0

    at_portal(story)


def test_what_is_postponed_again_and_again_is_tried_less_and_less_often(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako = await with_mail(house, post)
            house.ledger.ringing.add("hanako")
            post.postpones.add(ADDRESS)
            asked = await tried(house, post, timedelta(hours=2))
            assert [asked[n + 1] - asked[n] for n in range(6)] == [1, 2, 4, 8, 16, 32]
            post.postpones.clear()
            assert len(await tried(house, post, timedelta(hours=2))) == 1
            assert len(post.mails) == 1, "it is late, and not lost"
            await hanako.log_in()
            await hanako.open("/")
            house.ledger.ringing.add("hanako")
            post.postpones.add(ADDRESS)
            asked = await tried(house, post, timedelta(minutes=3))
            assert asked[1] - asked[0] == 1, "the next mail begins anew"

    at_portal(story)


async def tried(house, post, span):
    """Let a span go by, minute by minute; return in which minutes the relay was asked."""
    asked = []
    for minute in range(span // timedelta(minutes=1)):
        before = post.asked
        await passes(house)
        asked += [minute] * (post.asked - before)
        house.clock.advance(timedelta(minutes=1))
    return asked


def test_the_rests_grow_to_a_bound():
    assert [rest_after(n) for n in (1, 2, 3)] == [REST_FIRST, REST_FIRST * 2, REST_FIRST * 4]
    assert rest_after(9) == rest_after(10_000) == REST_LAST


def test_a_hundred_that_rest_keep_nobody_elses_mail(at_portal):
    async def story(house):
        async with posted(house) as post:
            await with_mail(house, post)
            others = [f"{n:022d}" for n in range(mailing.AT_ONCE)]
            async with house.portal.database.transaction() as tx:
                for account in others:
                    await tx.put(
                        "INSERT INTO account (account, user_tag, user_locked, opened_on)"
                        " VALUES (%(account)s, %(tag)s, '', '2026-06-01')",
                        {"account": account, "tag": account.encode() + bytes(10)},
                    )
                    wishes = Wishes(address=f"{account}@mail.example", good=True, told=True)
                    await store_wishes.put(tx, locked(house.portal, account, wishes, due=True))
            post.postpones |= {f"{account}@mail.example" for account in others}
            assert await house.value("SELECT min(account) FROM account") == others[0], "its turn"
            await mailing.send_due(house.portal)
            house.ledger.ringing.add("hanako")
            await passes(house)
            assert [to for to, _ in post.mails] == [ADDRESS]

    at_portal(story)


def test_what_the_relay_did_not_take_goes_out_when_it_is_back(at_portal):
    async def story(house):
        async with posted(house) as post:
            hanako = house.person()
            await hanako.log_in()
            port = post.port
            object.__setattr__(house.mailer, "port", 1)
            with pytest.raises(Exception, match="relay"):
                await asks_for_mail(house, hanako)
            object.__setattr__(house.mailer, "port", port)
            await mailing.send_due(house.portal)
            assert len(post.mails) == 1

    at_portal(story)


def test_nothing_of_it_stands_open_in_the_database(at_portal):
    async def story(house):
        async with posted(house) as post:
            await with_mail(house, post)
            [[content, listens, due]] = await house.rows(
                "SELECT content_locked, listens, due FROM wish"
            )
            assert (listens, due) == (True, False)
            assert b"mail.example" not in bytes(content)
            assert len(bytes(content)) % 1024 == 28, "nonce and tag, and whole blocks"

    at_portal(story)


def test_where_the_operator_has_no_relay_no_address_is_asked_for(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in()
        await hanako.open("/wishes")
        assert "/wishes/address" not in hanako.page
        await press(hanako, "/wishes/address", address=ADDRESS)
        assert hanako.status == 422

    at_portal(story)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hanako",
        "a@b",
        "a@b.example\nBcc: c@d.example",
        "a b@c.example",
        f"{'x' * 260}@a.example",
    ],
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(BadInput):
        address_of(typed)
    assert address_of(f" {ADDRESS} ") == ADDRESS


def test_in_the_clear_mail_goes_to_a_relay_on_this_machine_alone():
    assert relay_at("smtps://relay.example:465") == ("relay.example", 465, True)
    assert relay_at("smtp://127.0.0.1:25") == ("127.0.0.1", 25, False)
    for wrong in (
        "smtp://relay.example:25",
        "relay.example:25",
        "smtps://relay.example",
        "http://127.0.0.1:25",
        "smtps://a@b.example:465",
    ):
        assert relay_at(wrong) is None, wrong
