"""Oversight's SQL."""

from datetime import datetime

import attrs
import msgspec

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.oversight.api import Alarm, Entry, SignedDirectory


@attrs.frozen
class PartyRow:
    """A party's present entry, as JSON of `Entry`."""

    party: str
    entry: bytes


@attrs.frozen
class DirectoryRow:
    """A directory as it was signed."""

    version: int
    body: bytes
    signature: bytes

    def signed(self) -> SignedDirectory:
        """Return it as it is handed out."""
        return SignedDirectory(bytes(self.body), bytes(self.signature))


async def lock(tx: Tx) -> None:
    """Let one change of the directory happen at a time."""
    await tx.put("LOCK TABLE party IN SHARE ROW EXCLUSIVE MODE")


async def put_entry(tx: Tx, entry: Entry) -> None:
    """Set a party's entry."""
    await tx.put(
        "INSERT INTO party (party, entry) VALUES (%(party)s, %(entry)s)"
        " ON CONFLICT (party) DO UPDATE SET entry = excluded.entry",
        {"party": entry.party, "entry": msgspec.json.encode(entry)},
    )


async def entries(tx: Tx) -> dict[str, Entry]:
    """Return every party's entry."""
    rows = await tx.rows("SELECT party, entry FROM party", {}, PartyRow)
    return {row.party: msgspec.json.decode(bytes(row.entry), type=Entry) for row in rows}


async def latest(tx: Tx) -> DirectoryRow | None:
    """Return the latest directory."""
    return await tx.row(
        "SELECT version, body, signature FROM directory_version ORDER BY version DESC LIMIT 1",
        {},
        DirectoryRow,
    )


@attrs.frozen
class IssuedRow(DirectoryRow):
    """A directory as it was signed, and when."""

    issued_at: datetime


async def issued(tx: Tx, after: int, most: int) -> list[IssuedRow]:
    """Return directories behind a version, in order."""
    return await tx.rows(
        "SELECT version, body, signature, issued_at FROM directory_version"
        " WHERE version > %(after)s ORDER BY version LIMIT %(most)s",
        {"after": after, "most": most},
        IssuedRow,
    )


async def add_directory(tx: Tx, version: int, issued_at: datetime, signed: SignedDirectory) -> None:
    """Store a signed directory for ever."""
    await tx.put(
        "INSERT INTO directory_version (version, issued_at, body, signature)"
        " VALUES (%(version)s, %(issued_at)s, %(body)s, %(signature)s)",
        {
            "version": version,
            "issued_at": issued_at,
            "body": signed.body,
            "signature": signed.signature,
        },
    )


@attrs.frozen(kw_only=True)
class AlarmRow:
    """An alarm as it is stored."""

    alarm: str
    reporter: str
    kind: str
    permit: str
    requester: str
    provider: str
    noticed_at: datetime


async def add_alarm(tx: Tx, reporter: str, alarm: Alarm) -> int:
    """Store an alarm; a repeat changes nothing."""
    return await tx.execute(
        "INSERT INTO alarm (alarm, reporter, kind, permit, requester, provider, noticed_at)"
        " VALUES (%(alarm)s, %(reporter)s, %(kind)s, %(permit)s, %(requester)s, %(provider)s,"
        " %(noticed_at)s) ON CONFLICT DO NOTHING",
        {
            "alarm": alarm.alarm,
            "reporter": reporter,
            "kind": alarm.kind,
            "permit": alarm.permit,
            "requester": alarm.requester,
            "provider": alarm.provider,
            "noticed_at": alarm.noticed_at,
        },
    )


async def alarms(tx: Tx, limit: int) -> list[AlarmRow]:
    """Return the latest alarms."""
    return await tx.rows(
        "SELECT alarm, reporter, kind, permit, requester, provider, noticed_at FROM alarm"
        " ORDER BY noticed_at DESC, alarm LIMIT %(limit)s",
        {"limit": limit},
        AlarmRow,
    )
