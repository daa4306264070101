"""The portal's SQL for visits, proofs by card, accounts and attempts."""

from datetime import date, datetime
from typing import Literal

import attrs

from kumihimo.kernel.sql import Tx
from kumihimo.rooms.portal.domain.proofs import Proof

Tried = Literal["open", "fail"]


async def add_proof(tx: Tx, row: Proof) -> None:
    """Ask for a proof; one that the same browser asked for before is over."""
    await tx.put(
        "UPDATE card_proof SET state = 'failed' WHERE session = %(session)s"
        " AND state IN ('open', 'compared')",
        {"session": row.session},
    )
    await tx.put(
        "INSERT INTO card_proof (proof, session, purpose, channel, state, content_locked,"
        " opened_at, expires_at) VALUES (%(proof)s, %(session)s, %(purpose)s, %(channel)s,"
        " %(state)s, %(content_locked)s, %(opened_at)s, %(expires_at)s)",
        attrs.asdict(row),
    )


async def proof(tx: Tx, name: str, at: datetime) -> Proof | None:
    """Return a proof whose time is not over, alone with it until the transaction ends."""
    return await tx.row(
        "SELECT proof, session, purpose, channel, state, content_locked, opened_at, expires_at,"
        " receipt_hash, answer_locked FROM card_proof"
        " WHERE proof = %(proof)s AND expires_at > %(at)s FOR UPDATE",
        {"proof": name, "at": at},
        Proof,
    )


async def latest_proof(tx: Tx, session: bytes, at: datetime) -> Proof | None:
    """Return what a browser asked for last, alone with it until the transaction ends."""
    return await tx.row(
        "SELECT proof, session, purpose, channel, state, content_locked, opened_at, expires_at,"
        " receipt_hash, answer_locked FROM card_proof"
        " WHERE session = %(session)s AND expires_at > %(at)s"
        " ORDER BY opened_at DESC, proof LIMIT 1 FOR UPDATE",
        {"session": session, "at": at},
        Proof,
    )


async def save_proof(tx: Tx, row: Proof) -> None:
    """Write down what came of a proof."""
    await tx.put(
        "UPDATE card_proof SET state = %(state)s, receipt_hash = %(receipt_hash)s,"
        " answer_locked = %(answer_locked)s WHERE proof = %(proof)s",
        {
            "state": row.state,
            "receipt_hash": row.receipt_hash,
            "answer_locked": row.answer_locked,
            "proof": row.proof,
        },
    )


@attrs.frozen(kw_only=True, repr=False)
class AccountRow:
    """An account."""

    account: str
    user_tag: bytes
    user_locked: bytes
    opened_on: date


async def account_of(tx: Tx, user_tag: bytes) -> AccountRow | None:
    """Return the account of one of jpki's users."""
    return await tx.row(
        "SELECT account, user_tag, user_locked, opened_on FROM account"
        " WHERE user_tag = %(user_tag)s",
        {"user_tag": user_tag},
        AccountRow,
    )


async def add_account(tx: Tx, row: AccountRow) -> AccountRow:
    """Open an account; returns the one that another request has just opened, where one has."""
    await tx.put(
        "INSERT INTO account (account, user_tag, user_locked, opened_on) VALUES (%(account)s,"
        " %(user_tag)s, %(user_locked)s, %(opened_on)s) ON CONFLICT (user_tag) DO NOTHING",
        attrs.asdict(row),
    )
    found = await account_of(tx, row.user_tag)
    assert found is not None, "it was there, or is now"
    return found


async def used_certificate(tx: Tx, account: str, tag: bytes, on: date) -> None:
    """Write down that an account was entered by a certificate."""
    await tx.put(
        "INSERT INTO account_certificate (account, certificate_tag, first_on, last_on)"
        " VALUES (%(account)s, %(tag)s, %(on)s, %(on)s) ON CONFLICT (account, certificate_tag)"
        " DO UPDATE SET last_on = excluded.last_on",
        {"account": account, "tag": tag, "on": on},
    )


async def count_try(tx: Tx, what: Tried, source_tag: bytes, minute: datetime) -> int:
    """Count one more try from a place in this minute; returns how many there were."""
    return await tx.value(
        "INSERT INTO attempt (what, source_tag, minute, tries)"
        " VALUES (%(what)s, %(source)s, %(minute)s, 1)"
        " ON CONFLICT (what, source_tag, minute) DO UPDATE SET tries = attempt.tries + 1"
        " RETURNING tries",
        {"what": what, "source": source_tag, "minute": minute},
    )


async def tries(tx: Tx, what: Tried, source_tag: bytes, minute: datetime) -> int:
    """Return how many tries there were from a place in this minute."""
    return await tx.value(
        "SELECT coalesce(max(tries), 0) FROM attempt WHERE what = %(what)s"
        " AND source_tag = %(source)s AND minute = %(minute)s",
        {"what": what, "source": source_tag, "minute": minute},
    )


async def forget(tx: Tx, at: datetime, attempts_before: datetime) -> int:
    """Drop visits, proofs and attempts that are over; returns how many rows."""
    gone = await tx.execute(
        "DELETE FROM visit WHERE until <= %(at)s OR lease_until <= %(at)s", {"at": at}
    )
    gone += await tx.execute("DELETE FROM card_proof WHERE expires_at <= %(at)s", {"at": at})
    gone += await tx.execute(
        "DELETE FROM attempt WHERE minute < %(before)s", {"before": attempts_before}
    )
    return gone
