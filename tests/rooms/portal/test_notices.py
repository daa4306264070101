"""Notices: what institutions tell her, what is due, what she read and is done with, and who knows of it."""

from datetime import date, timedelta

from kumihimo.rooms.portal.app import tidy
from tests.rooms.cards.forms import form_of
from tests.rooms.portal.ledger import notice_of, record

TODAY = date(2026, 6, 1)


async def reads(house, *told, path="/notices", **how):
    house.ledger.notices["hanako"] = told
    hanako = house.person(**how)
    await hanako.log_in()
    await hanako.open(path)
    return hanako


async def press(person, path, **fields):
    """Press one of many buttons of a page, or send what no page offers."""
    token = form_of(person.page, "/language").values["form_token"]
    await person.post(path, {"form_token": token, **fields})


async def opens(house, *told, n=1):
    hanako = await reads(house, *told)
    await press(hanako, "/notices", notice=notice_of(n).notice)
    return hanako


def test_she_reads_who_tells_her_what_and_until_when_in_three_kinds_of_words(at_portal):
    async def story(house):
        hanako = await opens(house, notice_of(1))
        assert (hanako.at, hanako.status) == ("/notice", 200)
        for words in (
            "児童手当の現況届（1）",
            "<p>世帯の状況を確かめます。</p>",
            "東京都港区",
            "<time>2026-06-30</time>",
            "あと29日",
            'href="https://www.city.example.jp/todoke"',
            "2026-08-31",
            "子ども",
        ):
            assert words in hanako.page, words
        await hanako.send("/language", language="en")
        assert "29 days left" in hanako.page
        assert "children" in hanako.page
        await hanako.send("/language", language="easy")
        assert "あと 29にち" in hanako.page

    at_portal(story)


def test_days_to_a_deadline_are_plain_to_its_end_and_past_it(at_portal):
    async def story(house):
        days = (-1, 0, 1)
        told = [notice_of(n, deadline=TODAY + timedelta(days=d)) for n, d in enumerate(days)]
        hanako = await reads(house, *told)
        for words in ("期限を過ぎました", "今日まで", "あと1日"):
            assert hanako.page.count(words) == 1, words
        await hanako.send("/language", language="en")
        assert "1 day left" in hanako.page

    at_portal(story)


def test_a_notice_that_she_opened_is_read_and_one_that_she_is_done_with_waits_no_more(at_portal):
    async def story(house):
        hanako = await opens(house, notice_of(1), notice_of(2))
        await hanako.open("/notices")
        assert (hanako.page.count("未読"), hanako.page.count("既読")) == (1, 1)
        await hanako.open("/notice")
        await hanako.send("/notice", mark="done")
        assert hanako.at == "/notices"
        assert (hanako.page.count("未読"), hanako.page.count("済み")) == (1, 1)
        assert hanako.page.count("あと29日") == 1, "nobody is pressed to what she is done with"
        assert hanako.page.index("（2）") < hanako.page.index("（1）"), "what waits comes first"
        await press(hanako, "/notices", notice=notice_of(1).notice)
        await hanako.send("/notice", mark="read")
        assert "既読" in hanako.page

    at_portal(story)


def test_what_she_made_of_a_notice_is_there_after_the_next_login_and_not_for_another_person(
    at_portal,
):
    async def story(house):
        await opens(house, notice_of(1))
        again = await reads(house, notice_of(1))
        assert "既読" in again.page
        house.ledger.notices["taro"] = (notice_of(1),)
        taro = house.person()
        await taro.log_in("Taro")
        await taro.open("/notices")
        assert "未読" in taro.page
        await press(taro, "/notices", notice=notice_of(1).notice)
        assert await house.rows("SELECT count(DISTINCT notice_tag) FROM notice_mark") == [(2,)]

    at_portal(story)


def test_a_notice_that_was_withdrawn_says_so_and_leaves_nothing_to_do(at_portal):
    async def story(house):
        gone = notice_of(1, withdrawn=True, text="", link="", deadline=None)
        hanako = await reads(house, gone, notice_of(2))
        assert "取り消されました" in hanako.page
        assert hanako.page.index("（2）") < hanako.page.index("（1）")
        house.ledger.notices["hanako"] = (notice_of(2),)
        await press(hanako, "/notices", notice=notice_of(2).notice)
        house.ledger.notices["hanako"] = (notice_of(2, withdrawn=True, text="", link=""),)
        await hanako.open("/notice")
        assert "取り消されたお知らせです" in hanako.page
        assert "済みにする" not in hanako.page

    at_portal(story)


def test_a_notice_that_is_hidden_meanwhile_is_as_if_it_had_never_been(at_portal):
    async def story(house):
        hanako = await opens(house, notice_of(1))
        house.ledger.notices["hanako"] = ()
        await hanako.open("/notice")
        assert hanako.at == "/notices"
        assert "お知らせはありません" in hanako.page
        assert "（1）" not in hanako.page

    at_portal(story)


def test_nobody_opens_or_marks_what_was_not_told_to_her(at_portal):
    async def story(house):
        house.ledger.notices["taro"] = (notice_of(9),)
        hanako = await reads(house, notice_of(1))
        for name in (notice_of(9).notice, "", "x" * 5_000):
            await press(hanako, "/notices", notice=name)
            assert hanako.status == 422, name
            assert "見つかりません" in hanako.page
            await hanako.open("/notices")
        await press(hanako, "/notices", notice=notice_of(1).notice)
        await press(hanako, "/notice", mark="other")
        assert hanako.status == 422
        assert await house.rows("SELECT count(*) FROM notice_mark") == [(1,)]

    at_portal(story)


def test_what_an_institution_writes_is_text_and_nothing_else(at_portal):
    async def story(house):
        bad = "<script>alert(1)</script>"
        hanako = await opens(house, notice_of(1, title=bad, text=bad))
        assert bad not in hanako.page
        assert "&lt;script&gt;" in hanako.page

    at_portal(story)


def test_no_notice_and_no_sender_stands_in_the_portals_database_and_a_mark_goes_with_its_notice(
    at_portal, postgres
):
    async def story(house):
        await opens(house, notice_of(1))
        dump = postgres.dump(house.name)
        for words in ("児童手当の現況届", "世帯の状況", notice_of(1).notice, "lg-131032"):
            assert words.encode() not in dump, words
        assert await house.rows("SELECT forget_on FROM notice_mark") == [(date(2026, 10, 1),)]
        for days, left in ((121, 1), (1, 0)):
            house.clock.advance(timedelta(days=days))
            await tidy(house.portal)
            assert await house.rows("SELECT count(*) FROM notice_mark") == [(left,)], days

    at_portal(story)


def test_what_somebody_asked_is_forgotten_after_three_years_and_not_a_day_sooner(at_portal):
    async def story(house):
        house.ledger.records["hanako"] = [record(1)]
        hanako = house.person()
        await hanako.log_in()
        await house.rows(
            "INSERT INTO question (question, account, kind, addressee, content_locked,"
            " evidence_locked, asked_on, due_on, state) SELECT lpad(n::text, 22, '0'), account,"
            " 'question', 'nenkin', '', '', %s::date - n, %s::date - n + 30, 'asked'"
            " FROM account, generate_series(0, 1) AS n RETURNING question",
            date(2023, 6, 1),
            date(2023, 6, 1),
        )
        await tidy(house.portal)
        assert await house.rows("SELECT asked_on FROM question") == [(date(2023, 6, 1),)]

    at_portal(story)


def test_while_the_ledger_is_silent_the_page_says_so(at_portal):
    async def story(house):
        house.ledger.waits = 99
        hanako = await reads(house, notice_of(1))
        assert hanako.status == 503
        assert "いま答えられない機関があります" in hanako.page

    at_portal(story)
