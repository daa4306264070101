"""`kumihimo oversight`: what oversight's operator does by hand."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
from cyclopts import App

from kumihimo.kernel.clock import JST, SystemClock
from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.files import open_regular
from kumihimo.kernel.ids import is_id
from kumihimo.kernel.keys import KeyFileUnsafe, PartyKeys, load_master
from kumihimo.kernel.net import Caller, HttpNet
from kumihimo.kernel.refusal import BadInput, NotFound
from kumihimo.kernel.settings import BadSettings, load
from kumihimo.kernel.wire import decode_strictly
from kumihimo.rooms.oversight import claims, leaks, service
from kumihimo.rooms.oversight.api import (
    ENROL_PATH,
    PARTY,
    ClaimDecision,
    Enrol,
    Entry,
    LeakReported,
    SignedDirectory,
    witness_key,
)
from kumihimo.rooms.oversight.client import DirectoryFollower, classify
from kumihimo.rooms.oversight.service import OPERATOR, Oversight
from kumihimo.rooms.oversight.settings import Settings

T = TypeVar("T")

DECISIONS: tuple[ClaimDecision, ...] = ("corrected", "kept", "answered")
ANSWER_BYTES_MAX = 16 * 1024  # 2,000 characters take 6,000 bytes in Japanese
ENTRY_BYTES_MAX = 16 * 1024  # our choice: an entry takes some 300

app = App(
    name="oversight",
    help="監督機関の運用。 What oversight's operator does by hand.",
)


@app.command
def found(*entries: Path, config: Path) -> None:
    """最初の名簿を公表する。 Publish the first directory of parties; afterwards it is left alone.

    Parameters
    ----------
    entries
        登録内容のファイル（`keys entry` の出力）。 Files that `keys entry` printed. One of them
        must be oversight-operator, who enrols everybody else.
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    load(config, Settings)
    given = [_entry(path) for path in entries]
    if OPERATOR not in {one.party for one in given}:
        raise BadInput(f"no entry is {OPERATOR}, who enrols everybody else", pointer="entries")

    async def publish(oversight: Oversight) -> SignedDirectory:
        return await service.found(oversight, given)

    asyncio.run(_within(config, publish))
    _tell(config)


@app.command
def enrol(*entries: Path, operator: Path, config: Path) -> None:
    """機関を登録・変更する。 Enrol parties or change them; oversight must be serving.

    Parameters
    ----------
    entries
        登録内容のファイル。 Files that `keys entry` printed; edit `standing` to suspend a party.
    operator
        運用者の鍵ファイル。 The key file of oversight-operator.
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    settings = load(config, Settings)
    try:
        keys = PartyKeys(OPERATOR, load_master(operator))
    except KeyFileUnsafe as error:
        raise BadInput(str(error), pointer="operator") from None
    given = [_entry(path) for path in entries]
    if not given:
        raise BadInput("name at least one entry", pointer="entries")
    asyncio.run(_enrol(given, keys, settings))
    _tell(config)


@app.command
def parties(*, config: Path) -> None:
    """名簿を表示する。 Show the directory as it was last signed.

    Parameters
    ----------
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    _tell(config)


@app.command(name="witness-key")
def show_witness_key(*, config: Path) -> None:
    """ログに連署する公開鍵を印字する。 Print the public key (vkey) of oversight's cosignatures on the log.

    Parameters
    ----------
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    settings = load(config, Settings)
    try:
        oversight = settings.oversight(beside=config, book=settings.book(), clock=SystemClock())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    print(witness_key(oversight.keys.public.signing).vkey())


@app.command
def alarms(*, config: Path) -> None:
    """警報を表示する。 Show the latest alarms.

    Parameters
    ----------
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    for row in asyncio.run(_within(config, service.alarms)):
        at = row.noticed_at.astimezone(JST)
        bodies = " → ".join(body for body in (row.requester, row.provider) if body)
        print(f"{at:%Y-%m-%d %H:%M}\t{row.kind}\t{bodies}\t{row.permit}")


@app.command(name="leaks")
def list_leaks(*, config: Path) -> None:
    """漏えい等報告の一覧。 Show the latest 100 reports of leaks, with the last days of each.

    Parameters
    ----------
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    for row in asyncio.run(_within(config, leaks.reports)):
        report = msgspec.json.decode(bytes(row.body), type=LeakReported)
        found = classify(report.event)
        types = ",".join(found.types)
        print(
            f"{row.institution}\t{row.stage}\t{types}\t{report.event.persons} 人 persons"
            f"\t速報 {found.preliminary_due}\t確報 {found.final_due}\t{row.leak}"
        )


@app.command
def objections(*, config: Path) -> None:
    """本人からの異議の申出で、答えていないもの。 Show what persons object to and waits for an answer.

    Parameters
    ----------
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    for one in asyncio.run(_within(config, claims.waiting)):
        words = " ".join(one.content.text.split())
        about = one.permit or one.content.reference
        print(f"{one.due_on}\t{one.requester} → {one.provider}\t{about}\t{one.claim}\t{words}")


@app.command
def answer_objection(claim: str, *, text: Path, config: Path, decision: str = "answered") -> None:
    """異議の申出に答える。 Answer what a person objected to; she reads it at the portal.

    Parameters
    ----------
    claim
        申出の番号（`objections` の表示）。 Its id, as `objections` shows it.
    text
        答えの文章のファイル（UTF-8、2,000文字まで）。 A file with the answer, up to 2,000 characters.
    decision
        answered（答え）、corrected（訂正させた）、kept（訂正しない）。 What came of it.
    config
        監督機関の設定ファイル。 Oversight's settings file.
    """
    load(config, Settings)
    chosen: list[ClaimDecision] = [one for one in DECISIONS if one == decision]
    if not chosen:
        raise BadInput("answered, corrected or kept", pointer="decision")
    try:
        with open_regular(text) as file:
            words = file.read(ANSWER_BYTES_MAX).decode("utf-8").strip()
    except OSError as error:
        raise BadInput(f"{text}: {error.strerror}", pointer="text") from error
    except UnicodeDecodeError:
        raise BadInput(f"{text}: not UTF-8", pointer="text") from None
    if not words or "\0" in words:
        raise BadInput(f"{text}: no text of an answer", pointer="text")
    if not is_id(claim):
        raise BadInput(f"{text}: the answer to what? ids are 22 characters", pointer="claim")

    async def answer(oversight: Oversight) -> None:
        await service.take_up(oversight)
        await claims.answer(oversight, claim, chosen[0], words)

    asyncio.run(_within(config, answer))


def _entry(path: Path) -> Entry:
    try:
        with open_regular(path) as file:
            content = file.read(ENTRY_BYTES_MAX)
        return decode_strictly(content, Entry)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", pointer="entries") from error
    except BadInput as error:
        raise BadInput(f"{path}: not an entry: {error.detail}", pointer="entries") from None


async def _enrol(entries: Sequence[Entry], keys: PartyKeys, settings: Settings) -> None:
    host, port = settings.address()
    address = f"http://{host}:{port}"
    book = settings.book()
    follower, net = DirectoryFollower(book, address), HttpNet({PARTY: address})
    caller = Caller(keys, book, net, SystemClock(), SystemEntropy())
    try:
        await follower.fetch()
        for one in entries:
            await caller.call(PARTY, ENROL_PATH, Enrol(entry=one), SignedDirectory)
    finally:
        await follower.close()
        await net.close()


async def _within(config: Path, act: Callable[[Oversight], Awaitable[T]]) -> T:
    settings = load(config, Settings)
    try:
        oversight = settings.oversight(beside=config, book=settings.book(), clock=SystemClock())
    except KeyFileUnsafe as error:
        raise BadSettings(str(error)) from None
    await oversight.database.open()
    try:
        return await act(oversight)
    finally:
        await oversight.database.close()


def _tell(config: Path) -> None:
    async def latest(oversight: Oversight) -> Sequence[Entry]:
        await service.take_up(oversight)
        return list(oversight.book.current().entries.values())

    try:
        listed = asyncio.run(_within(config, latest))
    except NotFound:
        raise NotFound("no directory yet; `kumihimo oversight found` publishes the first") from None
    for one in sorted(listed, key=lambda entry: entry.party):
        assessed = one.pia_published_on or "-"
        print(f"{one.party}\t{one.kind}\t{one.standing}\t{assessed}")
