"""The operators' door of a room: `/health` for programs and people, `/metrics` for Prometheus.

It listens at an address of its own (`operators` in the settings), so that no crowd at the room's
doors shuts operators out, and none of the room's callers gets in. Nothing here is about a person.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from html import escape
from typing import Final

import msgspec

from kumihimo.kernel.door import Reporter
from kumihimo.kernel.health import Health, Watch
from kumihimo.kernel.plain_http import NOT_FOUND, Answer, Answerer, Question, listening
from kumihimo.kernel.refusal import BadInput
from kumihimo.operations.metrics import CONTENT_TYPE, exposition

HEALTH_PATH: Final = b"/health"
METRICS_PATH: Final = b"/metrics"
_OK: Final = b"200 OK"
_NOT_WELL: Final = b"503 Service Unavailable"
STATES: Final = {
    "ok": ("正常", "All is well"),
    "grace": ("猶予中", "A grace runs"),
    "alarm": ("警報", "Somebody has to look"),
    "damaged": ("改竄の疑い", "Something in the database is not as the room left it"),
    "refusing": ("拒否中", "Refusing: a grace is over"),
    "no-database": (
        "データベース応答なし・書込不可",
        "The database does not answer, or takes nothing",
    ),
}


def answerer(watch: Watch, report: Reporter) -> Answerer:
    """Return what answers at the operators' address of a room."""

    async def answer(question: Question) -> Answer:
        tell = telling.get(question.path.partition(b"?")[0])
        if tell is None or question.method != b"GET":
            return NOT_FOUND
        try:
            return tell(await watch.health(), question)
        except Exception as error:  # noqa: BLE001 - the door outlives its bugs, and tells of them
            report("health", error)
            return Answer(b"500 Internal Server Error", b"text/plain", b"")

    def tell_health(health: Health, question: Question) -> Answer:
        status = _OK if health.serves else _NOT_WELL
        if b"text/html" in question.headers.get(b"accept", b""):
            return Answer(status, b"text/html; charset=utf-8", page(health).encode())
        return Answer(status, b"application/json", msgspec.json.encode(health))

    def tell_metrics(health: Health, _: Question) -> Answer:
        # Also of a room that refuses: what Prometheus cannot read, it cannot tell of.
        crowd = watch.crowd() if watch.crowd is not None else None
        return Answer(_OK, CONTENT_TYPE.encode(), exposition(health, watch.meter, crowd))

    telling = {HEALTH_PATH: tell_health, METRICS_PATH: tell_metrics}
    return answer


@asynccontextmanager
async def open_to_operators(
    watch: Watch, address: tuple[str, int], report: Reporter, *, share_port: bool = False
) -> AsyncGenerator[None]:
    """Listen at the operators' address while the block runs; raises `BadInput` when it is taken."""
    async with AsyncExitStack() as stack:
        door = listening(answerer(watch, report), *address, share_port=share_port)
        try:
            await stack.enter_async_context(door)
        except OSError as error:
            raise BadInput(f"operators: {error.strerror}", pointer="operators") from None
        await watch.database.open(wait=False)
        stack.push_async_callback(watch.database.close)
        yield


def page(health: Health) -> str:
    """Return the page of a room: plain HTML, no script, nothing from elsewhere."""
    title = escape(f"{health.room}: {' '.join(STATES[health.state])}")
    parts = [
        f"<!doctype html><html lang=ja><head><meta charset=utf-8><title>{title}</title>",
        "<meta name=viewport content='width=device-width'></head>",
        f"<body><main><h1>{title}</h1><p>{health.at:%Y-%m-%d %H:%M:%S} UTC</p>",
        *_table(
            "警報 Alarms",
            ("対象 of", "宛先 for", "経過（秒） age, s", "上限（秒） limit, s"),
            [(one.of, one.party or "—", one.age_s, one.limit_s) for one in health.alarms],
        ),
        *_table(
            "データベースの異常 Not as the room left it",
            ("対象 what", "発見から（秒） found, s ago"),
            [(one.what, one.age_s or 0) for one in health.broken],
        ),
        *_table(
            "猶予 Graces that run",
            ("応答なし missing", "沈黙（秒） silent, s", "残り（秒） left, s", "拒否 refusal"),
            [(one.missing, one.silent_s, one.left_s, one.then) for one in health.graces],
        ),
        *_table(
            "待ち行列 Queues",
            ("種類 kind", "宛先 for", "件数 waiting", "最古（秒） oldest, s"),
            [(one.queue, one.party, one.count, one.oldest_s) for one in health.queues],
        ),
        *_table(
            "経過時間 Ages",
            ("対象 of", "秒 s"),
            [(one.what, "—" if one.age_s is None else one.age_s) for one in health.ages],
        ),
        "</main></body></html>",
    ]
    return "".join(parts)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str | int]]) -> Iterator[str]:
    yield f"<h2>{title}</h2>"
    if not rows:
        yield "<p>なし None</p>"
        return
    yield "<table><thead><tr>"
    yield from (f"<th scope=col>{escape(head)}</th>" for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>"
        yield from (f"<td>{escape(str(cell))}</td>" for cell in row)
        yield "</tr>"
    yield "</tbody></table>"
