"""The portal with a card tray beside it, served on loopback: somebody with thirty entries to read."""

import asyncio
import re
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.rooms.portal import mailing
from kumihimo.rooms.portal.helper.app import Helper
from kumihimo.rooms.portal.helper.portals import Portals
from kumihimo.rooms.portal.helper.tray import Tray
from kumihimo.rooms.register.api import OfficeAsked
from kumihimo.run.loopback import HOST, free_ports, served
from tests.rooms.portal.house import PIN, House, card
from tests.rooms.portal.ledger import START, held, notice_of, record, refused

CARDS = ("花子のカード", "太郎のカード")
NOTICES = (
    notice_of(1),
    notice_of(
        2,
        title="健康診断のご案内",
        category="health",
        affair="b111",
        text="予約してください。",
        deadline=date(2026, 6, 4),
    ),
    notice_of(
        3,
        title="固定資産税の納付",
        category="tax",
        affair="b024",
        text="納めてください。",
        deadline=date(2026, 5, 29),
    ),
    notice_of(4, withdrawn=True, text="", link="", deadline=None),
)


class Letterbox:
    """Keeps what is mailed."""

    def __init__(self):
        self.mails = []

    async def send(self, to, subject, text):
        self.mails.append((to, subject, text))


class Going(HandClock):
    """A clock that goes on whenever somebody looks: of two proofs one is the later."""

    def now(self):
        self.advance(timedelta(milliseconds=1))
        return super().now()


class Place(str):
    """The portal's address, and its `house`."""

    __slots__ = ("house",)

    async def code(self):
        """Return the code that was mailed last, by the portal's own worker or by us."""
        while not self.house.mailer.mails:
            await mailing.send_due(self.house.portal)
            await asyncio.sleep(0.05)
        _, _, text = self.house.mailer.mails[-1]
        return re.findall(r"[0-9]{8}", text)[0]


OFFICES = (
    OfficeAsked(
        office="lg-131032",
        affair="b081",
        on=date(2026, 5, 1),
        answered=True,
        inquiry="inquiry-of-minato-0000",
    ),
    OfficeAsked(office="nenkin", affair="b037", on=date(2026, 4, 1), answered=False),
)


@asynccontextmanager
async def portal(new_room, *, shared=False):
    """Yield the portal's address; Hanako's card lies in the reader."""
    ports = free_ports(2)
    origin, beside = (f"http://{HOST}:{port}" for port in ports)
    clock = Going(datetime(2026, 6, 1, 3, tzinfo=UTC))
    house = House(origin=origin, helper=beside, clock=clock)
    house.mailer = Letterbox()
    house.ledger.records["hanako"] = [
        record(0, requested_at=START + timedelta(hours=23), number=None),
        record(1),
        refused(2, requester="nenkin", affair="b037", number=28),
        record(
            3, affair="self-information", requester="ledger", basis=("self-information",), number=27
        ),
        record(
            4,
            number=26,
            provider="lg-131032",
            provided_at=None,
            outcome="LOOKED",
            basis=(),
            office="福祉課",
            role="受給資格の審査",
        ),
        *(record(n, number=30 - n) for n in range(5, 30)),
    ]
    house.ledger.holds["hanako"] = {
        "local-tax": (
            held("lg-131032", income_year=2025, total_income=3_210_000, dependants=2),
            held("lg-271004"),
        )
    }
    house.holders.offices["hanako"] = OFFICES
    house.ledger.notices["hanako"] = NOTICES
    await house.start(new_room)
    tray = Tray({name: card(n).chip() for n, name in enumerate(CARDS)}, inside=CARDS[0])
    helper = Helper(
        reader=tray,
        portals=Portals([origin]),
        entropy=SystemEntropy(),
        report=house._bug,
        shared=shared,
        tray=tray,
    )
    try:
        async with served(house.room.app, ports[0]), served(helper.application(), ports[1]):
            place = Place(origin)
            place.house = house
            yield place
    finally:
        await house.stop()


async def log_in(page, *, pin=PIN):
    """Come in by the card in the reader."""
    await page.goto("/sign-in")
    await page.get_by_role("button", name="カードリーダーで入る").click()
    await sign(page, pin)


async def sign(page, pin=PIN):
    """Have the card sign what the helper shows, and go back."""
    await page.get_by_label("利用者証明用の暗証番号").fill(pin)
    await page.get_by_role("button", name="署名する").click()
    if await page.get_by_role("button", name="ポータルに戻る").count():
        await page.get_by_role("button", name="ポータルに戻る").click()


async def at_portal(page, place):
    """Go through the portal's pages; yields the name of each that is open."""
    await page.goto("/sign-in")
    yield "portal-sign-in"
    await page.get_by_role("button", name="スマートフォンで入る").click()
    yield "portal-phone"
    link = await page.locator("a.kh-number").get_attribute("href")
    await page.goto(link)
    yield "portal-phone-compare"
    await page.goto("/sign-in")
    await page.get_by_role("button", name="カードリーダーで入る").click()
    yield "portal-card-text"
    await page.get_by_label("利用者証明用の暗証番号").fill("0000")
    await page.get_by_role("button", name="署名する").click()
    yield "portal-card-wrong-pin"
    await page.get_by_label("利用者証明用の暗証番号").fill(PIN)
    await page.get_by_role("button", name="署名する").click()
    yield "portal-card-signed"
    await page.get_by_role("button", name="ポータルに戻る").click()
    yield "portal-home"
    async for name in _signed_in(page, place):
        yield name
    await page.goto("/no-such-page")
    yield "portal-no-page"


async def _wishing(page, place):
    """Go through what somebody sees who changes how she is told."""
    await page.get_by_role("link", name="知らせ方を変える").click()
    yield "portal-wishes"
    await page.get_by_label("メールの宛先").fill("hanako")
    await page.get_by_role("button", name="カードで確かめる").click()
    yield "portal-wishes-problem"
    await page.get_by_label("メールの宛先").fill("hanako@mail.example")
    await page.get_by_role("button", name="カードで確かめる").click()
    await sign(page)
    await page.get_by_role("button", name="進む").click()
    yield "portal-wishes-code"
    await page.get_by_label("確認コード").fill("0000")
    await page.get_by_role("button", name="宛先を確かめる").click()
    yield "portal-wishes-code-problem"
    await page.get_by_label("確認コード").fill(await place.code())
    await page.get_by_role("button", name="宛先を確かめる").click()
    yield "portal-wishes-good"
    await page.get_by_role("button", name="メールをやめ、宛先を消す").click()
    yield "portal-wishes-stopped"
    await page.get_by_role("button", name="お知らせに出さない").click()
    yield "portal-wishes-text"
    await sign(page)
    await page.get_by_role("button", name="進む").click()
    yield "portal-wishes-looks-off"


async def _signed_in(page, place):
    """Go through what somebody sees who is signed in."""
    await page.get_by_role("button", name="ふりがな").click()
    yield "portal-home-furigana"
    await page.get_by_role("button", name="日本語", exact=True).click()
    await page.get_by_role("link", name="お知らせ", exact=True).first.click()
    yield "portal-notices"
    await page.get_by_role("button", name="読む").first.click()
    yield "portal-notice"
    await page.get_by_role("button", name="済みにする").click()
    yield "portal-notices-done"
    async for name in _wishing(page, place):
        yield name
    await page.get_by_role("link", name="私の情報", exact=True).first.click()
    yield "portal-mine-empty"
    await page.get_by_label("住民税（所得など）").check()
    await page.get_by_role("button", name="機関に尋ねる").click()
    yield "portal-mine"
    await page.get_by_role("row", name="合計所得金額").get_by_role("button").click()
    yield "portal-wrong"
    await page.goto("/")
    await page.get_by_role("link", name="だれが私の情報を見たか").click()
    yield "portal-looked"
    for closed in await page.locator("summary").all():
        await closed.click()
    yield "portal-looked-open"
    await page.get_by_label("結果").select_option("LOOKED")
    await page.get_by_role("button", name="しぼり込む").click()
    yield "portal-looked-inside"
    await page.get_by_role("link", name="住基ネットの記録を見る").click()
    yield "portal-offices"
    async for name in _asking(page):
        yield name


async def _asking(page):
    """Go through what somebody sees who asks about an entry."""
    await page.goto("/looked")
    await page.get_by_role("button", name="この記録について尋ねる").first.click()
    yield "portal-ask"
    await page.get_by_role("button", name="カードで署名して送る").click()
    yield "portal-ask-problem"
    await page.get_by_label("照会した機関に質問する").check()
    await page.get_by_label("内容").fill("児童手当の何に使いましたか。")
    await page.get_by_role("button", name="カードで署名して送る").click()
    yield "portal-act-text"
    await page.get_by_role("button", name="入れる：太郎のカード").click()
    await sign(page)
    await page.get_by_role("button", name="進む").click()
    yield "portal-act-problem"
    await page.get_by_role("link", name="書いた内容に戻る").click()
    yield "portal-ask-again"
    await page.get_by_role("button", name="カードで署名して送る").click()
    await page.get_by_role("button", name="入れる：花子のカード").click()
    await sign(page)
    yield "portal-answered"
    await page.get_by_role("button", name="進む").click()
    yield "portal-questions"
    async for name in _at_the_foot(page):
        yield name


async def _at_the_foot(page):
    """Go through what stands below each page, and what somebody can take away."""
    await page.get_by_role("link", name="手元に残す").click()
    yield "portal-keep"
    await page.get_by_role("link", name="困ったときは").click()
    yield "portal-help"
    await page.get_by_role("link", name="この画面について意見を送る").click()
    await page.get_by_role("button", name="送る", exact=True).click()
    yield "portal-feedback-problem"
    await page.get_by_label("分かりにくい").check()
    await page.get_by_label("気づいたこと").fill("電話番号が見つかりません。")
    await page.get_by_role("button", name="送る", exact=True).click()
    yield "portal-feedback-sent"
