"""One page for operators with the state of all rooms, read at each room's own operators' door.

It stores nothing and stands in nobody's way: a room whose door it cannot read is shown as silent.
What is shown of two rooms joins nobody, because no room's door tells anything of a person.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import httpx2
import msgspec
from litestar import Litestar, Request, Response

from kumihimo.kernel.clock import JST, Clock
from kumihimo.kernel.door import Reporter, lawful, room_app
from kumihimo.kernel.health import Health
from kumihimo.kernel.metrics import Meter
from kumihimo.kernel.refusal import NotFound
from kumihimo.kernel.routes import get
from kumihimo.kernel.settings import BadSettings, SecretFile
from kumihimo.kernel.withheld import Withheld
from kumihimo.kernel.worker import Job, working
from kumihimo.operations.canary import NAME as CANARY
from kumihimo.operations.canary import SLOW, Canary
from kumihimo.operations.metrics import CONTENT_TYPE, exposition
from kumihimo.pages.engine import Language, Pages, style_routes
from kumihimo.pages.front import HEADERS
from kumihimo.rooms.gateway.client import BusinessClient
from kumihimo.rooms.oversight.client import is_address, listening_at
from kumihimo.run.operators_door import STATES

LOOK_TIMEOUT_S: Final = 5.0  # a room answers within two seconds, also of a database that does not
LOOK_AGAIN: Final = timedelta(seconds=2)  # whoever reloads faster is shown what was seen last
REFRESH_S: Final = 30
UNSEEN: Final = {
    "silent": ("応答なし", "Does not answer"),
    "unreadable": ("読めない応答", "Answers what cannot be read"),
}
KINDS: Final = {"ok": "good", "grace": "care", "alarm": "care"}
WORDS: Final = {
    "outbox": ("送信待ち", "letters to send"),
    "refused": ("拒否された送信", "letters that were refused"),
    "leaves": ("ログへの記入待ち", "leaves for the log"),
    "cosignature": ("連署待ち", "checkpoints to cosign"),
    "core": ("中核の回答待ち", "questions at the core"),
    "provider": ("提供機関の回答待ち", "questions at a provider"),
    "officer": ("担当者の判断待ち", "decisions of an officer"),
    "notice": ("本人への通知", "letters owed to persons"),
    "directory": ("名簿", "directory"),
    "list sign": ("失効リスト（署名用）", "revocation list (signing)"),
    "list auth": ("失効リスト（利用者証明用）", "revocation list (authentication)"),
    "journal-checked": ("記録簿の全点検", "check of the whole journal"),
    "writers-seen": ("誰が書き込んだかの点検", "look at who wrote"),
    CANARY: ("カナリア照会の回答", "answer to a canary inquiry"),
    SLOW: ("カナリア照会の所要時間", "time of a canary inquiry"),
    "checkpoint": ("ログのチェックポイント", "checkpoint of the log"),
}


class CanarySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the canary asks, as a business system at a gateway, and how often.

    `token` names the file with its token there. `addressee` is a synthetic resident with an open
    case of the affair. A round every `every_s` seconds; an answer that takes `slow_s` is an alarm.
    """

    gateway: str
    token: SecretFile
    addressee: str
    affair: str
    provider: str
    items: tuple[str, ...]
    layout: str
    every_s: int = 60
    slow_s: int = 10

    def client(self, *, beside: Path) -> BusinessClient:
        """Return the way to the gateway; raises `BadSettings`."""
        if not is_address(self.gateway):
            raise BadSettings(
                "canary.gateway: an address is http:// or https://, a host and maybe a port",
                pointer="canary",
            )
        if self.every_s < 1 or self.slow_s < 1:
            raise BadSettings("canary: every_s and slow_s are at least 1", pointer="canary")
        token = self.token.read(beside=beside)
        try:
            return BusinessClient(self.gateway, Withheld(token.reveal().decode("ascii")))
        except UnicodeDecodeError:
            raise BadSettings("canary.token: no token", pointer="canary") from None

    def canary(self, client: BusinessClient, clock: Clock, meter: Meter) -> Canary:
        """Return the canary that asks by this client."""

        def ask() -> str:
            return client.ask_one(
                self.addressee,
                affair=self.affair,
                provider=self.provider,
                items=self.items,
                layout=self.layout,
            ).outcome

        return Canary(
            ask=partial(asyncio.to_thread, ask),
            clock=clock,
            meter=meter,
            every=timedelta(seconds=self.every_s),
            slow=timedelta(seconds=self.slow_s),
        )


class DashboardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The page's settings file: the operators' address of each room, and where the page is.

    `canary`: what is asked through the whole system again and again; without it nothing is.
    """

    rooms: dict[str, str]
    listen: str = "127.0.0.1:9400"
    canary: CanarySettings | None = None

    def address(self) -> tuple[str, int]:
        """Return host and port to listen on; raises `BadSettings`."""
        return listening_at(self.listen, key="listen")

    def doors(self) -> Mapping[str, str]:
        """Return the operators' doors by room; raises `BadSettings`."""
        if not self.rooms:
            raise BadSettings("rooms: the operators' address of one room at least", pointer="rooms")
        for room, address in self.rooms.items():
            if not is_address(address):
                raise BadSettings(
                    f"rooms.{room}: an address is http:// or https://, a host and maybe a port",
                    pointer="rooms",
                )
        return self.rooms


@attrs.frozen
class Seen:
    """A room as it was seen: its health, or why there is none."""

    room: str
    health: Health | None
    unseen: Literal["", "silent", "unreadable"] = ""

    @property
    def state(self) -> str:
        """The room's own word for how it does, or why it has none."""
        return self.unseen if self.health is None else self.health.state

    @property
    def well(self) -> bool:
        """Whether nobody has to look."""
        return self.state == "ok"


@attrs.define
class Dashboard:
    """What was seen last, and how to look again."""

    doors: Mapping[str, str]
    clock: Clock
    canary: Canary | None = None
    _seen: tuple[Seen, ...] = ()
    _at: datetime | None = None
    _looking: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def look(self) -> tuple[datetime, tuple[Seen, ...]]:
        """Return every room in the order of the settings, and when that was seen."""
        async with self._looking:
            now = self.clock.now()
            if self._at is None or now - self._at >= LOOK_AGAIN:
                async with httpx2.AsyncClient(timeout=LOOK_TIMEOUT_S, trust_env=False) as http:
                    looks = [_look(http, room, door) for room, door in self.doors.items()]
                    self._seen, self._at = tuple(await asyncio.gather(*looks)), now
            if self.canary is None:
                return self._at, self._seen
            return self._at, (*self._seen, Seen(CANARY, self.canary.health()))


async def _look(http: httpx2.AsyncClient, room: str, door: str) -> Seen:
    try:
        answer = await http.get(
            f"{door.rstrip('/')}/health", headers={"accept": "application/json"}
        )
        return Seen(room, msgspec.json.decode(answer.content, type=Health))
    except httpx2.HTTPError:
        return Seen(room, None, "silent")
    except msgspec.DecodeError:
        return Seen(room, None, "unreadable")


def application(dashboard: Dashboard, report: Reporter) -> Litestar:
    """Return the page with its style; `/` in Japanese, with `?language=en` in English.

    While it runs, its canary does; at `/metrics` programs read how that one does.
    """
    pages = Pages.of("kumihimo.run")
    law = lawful(authority="operations: the state of all rooms", callers=("operator",))
    canary = dashboard.canary
    jobs = [] if canary is None else [Job(CANARY, canary.sing, canary.every.total_seconds())]

    @get("/metrics", opt=law)
    async def metrics() -> Response[bytes]:
        """Tell programs how the canary does."""
        if canary is None:
            raise NotFound
        told = exposition(canary.health(), canary.meter, None)
        return Response(told, headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})

    @get("/", opt=law)
    async def every_room(request: Request[Any, Any, Any]) -> Response[str]:
        """Show the state of all rooms."""
        language: Language = "en" if request.query_params.get("language") == "en" else "ja"
        again = "refresh" in request.query_params
        at, seen = await dashboard.look()
        answer = pages.render(
            "rooms.html",
            language=language,
            at=f"{at.astimezone(JST):%Y-%m-%d %H:%M:%S}",
            seen=seen,
            unwell=[one for one in seen if not one.well],
            again=again,
            refresh_s=REFRESH_S,
            state=partial(_named, {**STATES, **UNSEEN}, language),
            kinds=KINDS,
            of=partial(_named, WORDS, language),
            lasting=partial(lasting, language=language),
        )
        answer.headers = HEADERS | ({"refresh": str(REFRESH_S)} if again else {})
        return answer

    return room_app(
        "Kumihimo operations",
        [every_room, metrics, *style_routes()],
        report=report,
        lifespan=[working(jobs, report)],
    )


def _named(words: Mapping[str, tuple[str, str]], language: Language, one: str) -> str:
    """Return the words for something; what a newer program calls it, where there are none yet."""
    return _say(words.get(one, (one, one)), language)


def _say(words: tuple[str, str], language: Language) -> str:
    return words[language == "en"]


def lasting(seconds: int, language: Language) -> str:
    """Return a length of time in its two largest units: 2時間5分, 2 h 5 min."""
    units = ((86_400, "日", "d"), (3_600, "時間", "h"), (60, "分", "min"), (1, "秒", "s"))
    parts: list[str] = []
    for length, japanese, english in units:
        count, seconds = divmod(seconds, length)
        if count and len(parts) < 2:  # noqa: PLR2004 - two units, as told above
            parts.append(f"{count} {english}" if language == "en" else f"{count}{japanese}")
        elif parts:
            break
    return (" " if language == "en" else "").join(parts) or _say(("0秒", "0 s"), language)
