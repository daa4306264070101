"""`kumihimo operations prove`: is what stands in a room's database all that it once put there?

The room's own database is read, and the log's keeper is asked by the room's own key. Nobody's rows
are read but the room's own, and nothing is changed.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs

from kumihimo.kernel.clock import JST, Clock
from kumihimo.kernel.completeness import Held, JournalHeld, Lost, What, hold, journal_held
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import PartyKeys, load_master
from kumihimo.kernel.net import Caller
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.kernel.sql import Database
from kumihimo.kernel.tlog.mine import MINE_PATH, AskMine, Mine
from kumihimo.rooms.gateway import store_completeness
from kumihimo.rooms.ledger.checking import Checker
from kumihimo.rooms.ledger.completeness import log_held
from kumihimo.rooms.ledger.context import Ledger
from kumihimo.rooms.linkage.api import EXCHANGES_PATH
from kumihimo.rooms.linkage.api import PARTY as LINKAGE
from kumihimo.rooms.linkage.own_api import AskExchanges, OwnExchanges
from kumihimo.rooms.linkage.store_completeness import records_gone
from kumihimo.rooms.oversight.api import LOG_KEEPER, SEEN_PATH, CheckpointSeen, Nothing
from kumihimo.rooms.oversight.api import PARTY as OVERSIGHT
from kumihimo.rooms.oversight.client import PagesSettings, PartySettings, RoomSettings
from kumihimo.run.check_config_cli import settings_form

LOOK_BACK: Final = timedelta(days=1)  # our choice: a restore loses what came last
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_WHAT: Final[Mapping[What, str]] = {
    "record": "提供等の記録 exchange records",
    "head": "記録簿の頭 heads of the journal",
    "leaf": "その他の葉 other leaves",
}


@attrs.define
class Report:
    """What was found, in words, and whether nothing is missing."""

    lines: list[str] = attrs.field(factory=list[str])
    complete: bool = True

    def right(self, words: str) -> None:
        """Say what is as it should be."""
        self.lines.append(words)

    def wrong(self, words: str) -> None:
        """Say what is missing."""
        self.complete = False
        self.lines.append(words)


async def prove(room: str, config: Path, since: int, *, clock: Clock, entropy: Entropy) -> Report:
    """Hold a room's database against the log; raises `BadInput`, `Unavailable`, `Refused`."""
    settings, report = load(config, settings_form(room)), Report()
    assert isinstance(settings, (RoomSettings, PagesSettings)), "every room has a database"
    federation = settings if isinstance(settings, RoomSettings) else settings.federation()
    if federation is None:
        words = f"peers: {room} knows no way to the log, so it put nothing there"
        raise BadSettings(words, pointer="peers")
    keys = keys_of(room, settings, config)
    database = settings.open_later(*keys, beside=config)
    await database.open()
    try:
        async with _voices(federation, keys, database, clock, entropy) as voices:
            await tell_room(report, room, database, voices, clock=clock, since=since)
    finally:
        await database.close()
    return report


async def tell_room(
    report: Report,
    room: str,
    database: Database,
    voices: Sequence[Caller],
    *,
    clock: Clock,
    since: int = 0,
) -> None:
    """Hold all that is in a room's database against itself and against the log."""
    tell_journal(report, await journal_held(database))
    if room == LINKAGE:
        await tell_records(report, database, clock)
    if room == LOG_KEEPER:
        await tell_log(report, database, voices[0])
        return
    for voice in voices:
        await tell_leaves(report, database, voice, since, shared=len(voices) > 1)
        if room == "gateway":
            await tell_exchanges(report, database, voice)


def keys_of(room: str, settings: RoomSettings | PagesSettings, config: Path) -> list[PartyKeys]:
    """Return the keys of the parties that a room speaks for; raises `KeyFileUnsafe`."""
    named: Mapping[str, str] = getattr(settings, "tenants", None) or {
        getattr(settings, "party", "") or room: getattr(settings, "key", "")
    }
    return [PartyKeys(party, load_master(config.parent / file)) for party, file in named.items()]


@asynccontextmanager
async def _voices(
    settings: PartySettings,
    keys: Sequence[PartyKeys],
    database: Database,
    clock: Clock,
    entropy: Entropy,
) -> AsyncGenerator[list[Caller]]:
    book, net = settings.book(), settings.net()
    follower = settings.follower(book, database)
    try:
        await follower.start()
        yield [Caller(one, book, net, clock, entropy) for one in keys]
    finally:
        await follower.close()
        await net.close()


async def tell_leaves(
    report: Report, database: Database, voice: Caller, since: int, *, shared: bool = False
) -> None:
    """Hold what the log has of a party against its database."""

    async def ask(asked: AskMine) -> Mine:
        told, _ = await voice.call(LOG_KEEPER, MINE_PATH, asked, Mine)
        return told

    held = await hold(database, voice.keys, ask, since=since, shared=shared)
    log = f"公開ログ{held.size:,}件 the log of {held.size:,} entries"
    if held.complete():
        newest = f"、{_when(held.newest_at)}" if held.newest_at else ""
        report.right(
            f"{held.party}: {log}: この機関の葉{held.leaves:,}枚はすべてここにもあります{newest}。"
            f" All {held.leaves:,} leaves of it are here, too."
        )
        return
    for lost in held.lost:
        report.wrong(f"{held.party}: {log}: {_lost(lost)}")
    if held.moved:
        report.wrong(
            f"{held.party}: {log}: 別の場所か別の長さの提出{held.moved:,}件。"
            f" {held.moved:,} submissions stand elsewhere, or are of another length."
        )
    if held.forgotten:
        report.wrong(_forgotten(held, log))


async def tell_exchanges(report: Report, database: Database, voice: Caller) -> None:
    """Hold what the core knows of an institution's exchanges against its gateway's database.

    An inquiry is known here before the core hears of it. A provider's last word has a line in the
    journal of the same instant, so one that is later than the whole journal is not here.
    """
    institution = voice.keys.party
    async with database.transaction(institution=institution) as tx:
        newest = await store_completeness.newest(tx) or _EPOCH
    asked, said = AskExchanges(since=newest - LOOK_BACK), list[datetime]()
    while True:
        told, _ = await voice.call(LINKAGE, EXCHANGES_PATH, asked, OwnExchanges)
        if not told.exchanges:
            break
        names = [one.inquiry for one in told.exchanges if one.inquiry]
        async with database.transaction(institution=institution) as tx:
            known = await store_completeness.known(tx, names)
            # A gateway that serves has gone on before the core heard of it.
            newest = await store_completeness.newest(tx) or _EPOCH
        said += [
            one.requested_at if one.inquiry else one.provided_at or one.requested_at
            for one in told.exchanges
            if (one.inquiry and one.inquiry not in known)
            or (one.provided_at is not None and one.provided_at > newest)
        ]
        last = told.exchanges[-1]
        asked = AskExchanges(since=last.requested_at, after=last.record)
    if said:
        report.wrong(
            f"{institution}: 中核が知る情報連携 exchanges that the core knows:"
            f" ここに無いもの MISSING HERE: {len(said):,}, {_when(min(said))} - {_when(max(said))}"
        )
    else:
        report.right(
            f"{institution}: 中核が知る情報連携はすべてここにもあります。"
            " All exchanges that the core knows of are here, too."
        )


async def tell_log(report: Report, database: Database, voice: Caller) -> None:
    """Hold the ledger's log against what oversight saw of it, and its rows against its log."""
    ledger = Ledger(database=database, keys=voice.keys, clock=voice.clock, entropy=voice.entropy)
    seen, _ = await voice.call(OVERSIGHT, SEEN_PATH, Nothing(), CheckpointSeen)
    held = await log_held(ledger, seen.note)
    log = f"公開ログ the log: {held.size:,}件 entries"
    if held.continues:
        report.right(f"{log}: 監督機関が見た All {held.seen:,} that oversight saw are here.")
    elif held.size < held.seen:
        report.wrong(
            f"{log}: ここに無いもの MISSING HERE: {held.seen - held.size:,} x 項目 entries"
            f" {held.size:,}-{held.seen - 1:,}, which oversight has cosigned: this log cannot go on"
        )
    else:
        report.wrong(
            f"{log}: 別の履歴 ANOTHER HISTORY than the {held.seen:,} entries that oversight cosigned"
        )
    found = Counter(one.what for one in await Checker(ledger).round())
    for what, count in found.items():
        report.wrong(f"台帳の行 rows of the ledger: {what}: {count:,}")
    if not found:
        report.right("台帳の行はログと合います。 The ledger's rows are what its log says.")


def _lost(lost: Lost) -> str:
    places = f"{lost.first:,}-{lost.last:,}"
    times = f"{_when(lost.since)} - {_when(lost.until)}"
    return (
        f"ここに無いもの MISSING HERE: {lost.leaves:,} x {_WHAT[lost.what]},"
        f" 項目 entries {places}, {times}"
    )


def _forgotten(held: Held, log: str) -> str:
    return (
        f"{held.party}: {log}: ログに無いもの MISSING IN THE LOG: 提出{held.forgotten:,}件、"
        f"項目{held.believed:,}まであったはず。 {held.forgotten:,} submissions that the log once had,"
        f" up to entry {held.believed:,}: the ledger is to be proven."
    )


def tell_journal(report: Report, held: JournalHeld) -> None:
    """Say how the journal is."""
    newest = f"、{_when(held.newest_at)}" if held.newest_at else ""
    if not held.wrong:
        report.right(
            f"記録簿 journal: 1-{held.lines:,}行、欠けも書き換えもありません{newest}。"
            f" Lines 1 to {held.lines:,} are one chain; anchored up to {held.anchored:,}."
        )
    for what, line in held.wrong:
        report.wrong(f"記録簿 journal: {line:,}行目 line {line:,}: {what}")


async def tell_records(report: Report, database: Database, clock: Clock) -> None:
    """Say whether the core has a record for each leaf of one."""
    gone = await records_gone(database, clock.now())
    if gone.records and gone.since and gone.until:
        report.wrong(
            f"葉はあるのに記録が無いもの MISSING HERE: {gone.records:,} x {_WHAT['record']}"
            f" (their leaves are here), {_when(gone.since)} - {_when(gone.until)}"
        )


def _when(at: datetime) -> str:
    return f"{at.astimezone(JST):%Y-%m-%d %H:%M:%S}（日本時間 Japan）"
