"""A desk with its database, officers, browsers without script, and a gateway that keeps its rules."""

from datetime import UTC, datetime
from typing import Any

import httpx2

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.sql import Database
from kumihimo.kernel.withheld import Withheld
from kumihimo.pages.officers import Officers, Passcode
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber
from kumihimo.rooms.review.app import build
from kumihimo.rooms.review.asking import ask
from kumihimo.rooms.review.context import Desk
from kumihimo.rooms.review.loading import Audit, Finding, load
from kumihimo.rooms.review.sides import Proposal, Sides
from kumihimo.rooms.review.store_loading import LineRow
from tests.rooms.cards.forms import form_of

CODE = "correct horse"
ROLES = {"ito": "reviewer", "kato": "reviewer", "mori": "reviewer", "ueda": "supervisor"}
LEVELS = '{"name": "given", "kana": "given", "birth": "equal", "sex": "equal", "address": "equal"}'
WEIGHTS = '{"name": -8.5, "kana": -7.0, "birth": 6.0, "sex": 1.0, "address": null}'
LINE = LineRow(
    pattern=1,
    verdict="mislink",
    mechanism="household",
    rows_found=12,
    levels=LEVELS,
    weights=WEIGHTS,
    reason_ja="姓と住所が同じで、名が違います。",
    reason_en="Same surname and address, another given name.",
)


def number(n):
    return IndividualNumber.generate(f"{n:011d}", space=NumberSpace.TEST).reveal()


def finding(n, **changes):
    """Return a finding about record `n`, a family member's number unless told otherwise."""
    own = {"name": f"髙橋 花子{n}", "kana": "タカハシ ハナコ", "birth": "1990-04-01", "sex": "2",
           "address": "港区芝1-1"}  # fmt: skip
    other = own | {"name": f"高橋 太郎{n}", "kana": "タカハシ タロウ"}
    whole: dict[str, Any] = {
        "row": n,
        "record_id": f"r{n}",
        "affair": "b081",
        "pattern": 1,
        "verdict": "mislink",
        "mechanism": "household",
        "odds": 1.0 - n / 1000,
        "minutes": 2.0,
        "reason": "",
        "shift_run": None,
        "sides": Sides(own=own, other=other, number=number(n)),
        "proposal": None,
    }
    return Finding(**(whole | changes))


def proposal(n, ground="household"):
    return Proposal(number=number(n), ground=ground)


def audit(*findings, run="a", affairs=("b081",), lines=(LINE,)):
    return Audit(run=run * 32, affairs=affairs, lines=lines, findings=findings)


class Browser:
    """One person's browser."""

    def __init__(self, app):
        transport: Any = httpx2.ASGITransport(app)
        self.http = httpx2.AsyncClient(
            transport=transport, base_url="http://desk", follow_redirects=True
        )
        self.page = ""
        self.addresses = []

    async def open(self, path):
        return self._see(await self.http.get(path))

    async def send(self, path, fields=None, **more):
        """Fill in a form of the page that is open, and send it."""
        data = form_of(self.page, path).filled((fields or {}) | more)
        return await self.post(path, data)

    async def post(self, path, data):
        """Send whatever, as no page of ours would."""
        return self._see(await self.http.post(path, data=data))

    async def answer(self, answer, **more):
        return await self.send("/item", {"answer": answer, "then": "next"} | more)

    async def wrong(self, right="unknown", **more):
        return await self.answer("wrong", mechanism="household", right=right, **more)

    async def sign_in(self, officer, code=CODE):
        await self.open("/sign-in")
        return await self.send("/sign-in", officer=officer, passcode=code)

    async def take(self, **more):
        await self.open("/")
        return await self.send("/take", **more)

    def _see(self, answer):
        self.answer_, self.page = answer, answer.text
        self.addresses += [str(one.url) for one in (*answer.history, answer)]
        return answer

    def at_process(self, room):
        """Return this browser, its cookies and its page, where another process answers."""
        other = Browser(room.app)
        other.http.cookies, other.page = self.http.cookies, self.page
        return other

    @property
    def at(self):
        return self.addresses[-1].removeprefix("http://desk")


class House:
    def __init__(self, gateway, **changes):
        self.clock = HandClock(datetime(2026, 6, 1, 3, tzinfo=UTC))
        self.entropy = SeededEntropy("desk")
        self.gateway = gateway
        self.changes = changes
        self.bugs = []

    async def start(self, new_room):
        self.name, self.reached = new_room("review")
        self.database = Database(self.reached.runtime, pool_max=4)
        await self.database.open()
        keys = PartyKeys("review", Withheld(b"m" * 32))
        given: dict[str, Any] = {
            "database": self.database,
            "locker": Locker.of(keys.secret("columns"), self.entropy),
            "clock": self.clock,
            "entropy": self.entropy,
            "space": NumberSpace.TEST,
        }
        self.desk = Desk(**(given | self.changes))
        self.room = self.process()

    def process(self, roles=ROLES, code=CODE):
        """Return one more process of this desk, on the same database."""
        officers = Officers(dict.fromkeys(roles, Passcode.of(code, b"salt")), roles)
        return build(self.desk, officers, self.gateway, https=False, report=self._bug)

    async def stop(self):
        await self.database.close()

    def _bug(self, where, error):
        self.bugs.append((where, error))
        raise AssertionError(where) from error

    def browser(self):
        return Browser(self.room.app)

    async def signed_in(self, officer):
        browser = self.browser()
        await browser.sign_in(officer)
        return browser

    async def load(self, *findings, **more):
        heard = []
        return await load(self.desk, audit(*findings, **more), tell=heard.append)

    async def deliver(self):
        while await self.room.outbox.run_once():
            pass

    async def ask(self):
        """Ask the gateway what its check found."""
        return await ask(self.desk, self.gateway)

    async def rows(self, query, *params):
        """Ask the database as its owner."""
        async with self.database.transaction() as tx:
            cursor = await tx.connection.execute(query, params)
            return await cursor.fetchall()

    async def value(self, query, *params):
        [[found]] = await self.rows(query, *params)
        return found
