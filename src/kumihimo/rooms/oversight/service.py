"""Oversight's use cases: sign the directory of parties, take alarms.

It never sees a person, a code or a payload: parties, keys, dates of assessments, and which bodies'
exchange raised an alarm.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

import attrs
import msgspec

from kumihimo.kernel import journal, leaves
from kumihimo.kernel.anchoring import What
from kumihimo.kernel.clock import Clock
from kumihimo.kernel.group import NotInGroup
from kumihimo.kernel.ids import id_of, is_id
from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import Verified
from kumihimo.kernel.refusal import BadInput, NotAllowed, NotFound
from kumihimo.kernel.sql import Database, Tx
from kumihimo.kernel.tlog.leaf import Places, Submission, Submitted
from kumihimo.rooms.oversight import logged, store
from kumihimo.rooms.oversight.api import (
    LOG_KEEPER,
    PARTY,
    Alarm,
    Enrol,
    Entry,
    HeadBody,
    Received,
    SignedDirectory,
    SignedHead,
    head_signed_bytes,
    new_body,
    signed_bytes,
)
from kumihimo.rooms.oversight.client import DirectoryBook, own_alarm

OPERATOR = "oversight-operator"
REPORTERS = ("ledger", "linkage")
# An answer may be owed on an inquiry at register, or on what a proxy read: neither has a permit.
ABOUT_NO_EXCHANGE = ("log-damaged", "record-missing", "chain-broken", "answer-overdue")
ABOUT_ONESELF = ("journal-broken", "rows-touched")
_KEY_BYTES = 32


@attrs.frozen
class Oversight:
    """What every use case of oversight needs. `book` is its own view of what it published."""

    database: Database
    keys: PartyKeys
    book: DirectoryBook
    clock: Clock


async def found(oversight: Oversight, entries: Sequence[Entry]) -> SignedDirectory:
    """Publish the first directory; on a room that has one, take up the latest instead.

    Oversight enters itself; `entries` should hold the operator, who enrols everybody else.
    """
    async with oversight.database.transaction() as tx:
        await store.lock(tx)
        row = await store.latest(tx)
        if row is not None:
            signed = row.signed()
        else:
            own = Entry(
                party=PARTY, kind="oversight", standing="active", keys=oversight.keys.public
            )
            for entry in (own, *entries):
                _check(entry)
                await store.put_entry(tx, entry)
            signed = await _publish(oversight, tx, "directory-founded", PARTY)
    oversight.book.update(signed)
    return signed


async def take_up(oversight: Oversight) -> SignedDirectory:
    """Take up the latest directory at start; raises `NotFound` before `found` published one."""
    signed = await directory(oversight)
    oversight.book.update(signed)
    return signed


async def enrol(oversight: Oversight, sender: Verified, act: Enrol) -> SignedDirectory:
    """Enrol a party or change its keys, standing or PIA date; a new directory is signed at once.

    A signing key that is replaced stays for the check of old messages (`retired_signing`), unless
    the new entry leaves it out on purpose: then nothing that it signed is believed any more.
    """
    if sender.sender != OPERATOR:
        raise NotAllowed("only oversight's operator changes the directory")
    _check(act.entry)
    async with oversight.database.transaction() as tx:
        await store.lock(tx)
        await store.put_entry(tx, act.entry)
        signed = await _publish(oversight, tx, "party-enrolled", act.entry.party)
    oversight.book.update(signed)
    return signed


def _check(entry: Entry) -> None:
    signing = (entry.keys.signing, *entry.retired_signing)
    if any(len(key) != _KEY_BYTES for key in (*signing, entry.keys.payload)):
        raise BadInput("a public key is 32 bytes", pointer="entry.keys")
    try:
        entry.keys.receiving_point()
    except NotInGroup as error:
        raise BadInput("not a point of the group", pointer="entry.keys.receiving") from error
    if "#" in entry.party or not entry.party.isascii() or not entry.party.isprintable():
        raise BadInput("a party is named in printable ASCII without '#'", pointer="entry.party")


async def _publish(oversight: Oversight, tx: Tx, act: str, actor: str) -> SignedDirectory:
    now = oversight.clock.now()
    row = await store.latest(tx)
    version = row.version + 1 if row is not None else 1
    _, body = new_body(version, now, await store.entries(tx))
    signed = SignedDirectory(body, oversight.keys.signing.sign(signed_bytes(body)))
    await store.add_directory(tx, version, now, signed)
    name = logged.directory_submission(oversight.keys, version)
    await leaves.put(tx, Submission(name, logged.directory_leaf(version, body)), now)
    line = journal.JournalLine(act=act, actor=actor, detail={"version": version})
    await journal.write(tx, line, at=now)
    return signed


async def directory(oversight: Oversight) -> SignedDirectory:
    """Return the latest directory; `NotFound` before the first."""
    async with oversight.database.transaction() as tx:
        row = await store.latest(tx)
    if row is None:
        raise NotFound("no directory has been published yet")
    return row.signed()


async def head(oversight: Oversight) -> SignedHead:
    """Say which directory is the latest now; `NotFound` before the first."""
    async with oversight.database.transaction() as tx:
        row = await store.latest(tx)
    if row is None:
        raise NotFound("no directory has been published yet")
    digest = hashlib.sha256(bytes(row.body)).digest()
    body = msgspec.json.encode(
        HeadBody(version=row.version, digest=digest, at=oversight.clock.now())
    )
    return SignedHead(body, oversight.keys.signing.sign(head_signed_bytes(body)))


async def take_alarm(oversight: Oversight, sender: Verified, alarm: Alarm) -> Received:
    """Take an alarm from the ledger or the core; a repeat changes nothing.

    Of its own journal and rows any party may say that they are not as it left them.
    """
    own = alarm.kind in ABOUT_ONESELF and alarm.requester == sender.sender
    if sender.sender not in REPORTERS and not own:
        raise NotAllowed("only the ledger and the core report alarms of others here")
    about_none = (alarm.kind in ABOUT_NO_EXCHANGE or own) and not alarm.permit
    if not is_id(alarm.alarm) or not (about_none or is_id(alarm.permit)):
        raise BadInput("ids are 22 characters of base64url", pointer="alarm")
    async with oversight.database.transaction() as tx:
        new = await store.add_alarm(tx, sender.sender, alarm)
        if new:
            line = journal.JournalLine(
                act="alarm-taken", actor=sender.sender, detail={"kind": alarm.kind}
            )
            await journal.write(tx, line, at=oversight.clock.now())
    return Received(new)


async def waiting_leaves(oversight: Oversight, sender: Verified, told: Places) -> Submitted:
    """Take from the ledger where leaves stand that it fetched, and hand out those that wait."""
    if sender.sender != LOG_KEEPER:
        raise NotAllowed("only the ledger fetches leaves here")
    async with oversight.database.transaction() as tx:
        wrong = await logged.take(tx, told.places)
        waiting = await logged.waiting(tx)
    for one in wrong:
        secret = leaves.salts(oversight.keys)
        await tell_oneself(oversight, id_of(leaves.salt_of(secret, f"leaf|{one}")))
    return Submitted(tuple(waiting))


async def tell_oneself(
    oversight: Oversight,
    alarm: str,
    kind: What | Literal["state-changed"] = "journal-broken",
) -> None:
    """Raise an alarm about oversight's own journal, rows or state; a repeat changes nothing."""
    told = own_alarm(alarm, kind, PARTY, oversight.clock.now())
    async with oversight.database.transaction() as tx:
        await store.add_alarm(tx, PARTY, told)


async def alarms(oversight: Oversight, limit: int = 100) -> list[store.AlarmRow]:
    """Return the latest alarms."""
    async with oversight.database.transaction() as tx:
        return await store.alarms(tx, limit)
