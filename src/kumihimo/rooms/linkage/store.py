"""The core's SQL for domains and acquisitions."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen
class DomainRow:
    """Which key versions of a domain are alive."""

    domain: str
    version: int
    rotating_to: int | None
    previous_until: datetime | None

    def alive(self, at: datetime) -> frozenset[int]:
        """Return the versions that a code of this domain may have at this instant."""
        versions = {self.version}
        if self.rotating_to is not None:
            versions.add(self.rotating_to)
        if self.previous_until is not None and at < self.previous_until:
            versions.add(self.version - 1)
        return frozenset(versions)

    def given(self) -> range:
        """Return every version that a code of this domain ever had."""
        return range(1, (self.rotating_to or self.version) + 1)


@attrs.frozen
class AcquisitionRow:
    """An acquisition number and the blinded point that waits under it."""

    acquisition: str
    domain: str
    point: bytes | None
    state: str
    expires_at: datetime


async def domains(tx: Tx, names: Sequence[str]) -> dict[str, DomainRow]:
    """Return the domains by name; one never seen begins at version 1."""
    await tx.put(
        "INSERT INTO domain (domain) SELECT unnest(%(names)s::text[]) ON CONFLICT DO NOTHING",
        {"names": sorted(names)},
    )
    rows = await tx.rows(
        "SELECT domain, version, rotating_to, previous_until FROM domain"
        " WHERE domain = ANY(%(names)s)",
        {"names": list(names)},
        DomainRow,
    )
    return {row.domain: row for row in rows}


async def begin_rotation(tx: Tx, domain: str) -> DomainRow:
    """Lock a domain and set its next version, once."""
    await tx.put("INSERT INTO domain (domain) VALUES (%(d)s) ON CONFLICT DO NOTHING", {"d": domain})
    return await tx.one(
        "UPDATE domain SET rotating_to = version + 1 WHERE domain = %(d)s"
        " RETURNING domain, version, rotating_to, previous_until",
        {"d": domain},
        DomainRow,
    )


async def finish_rotation(tx: Tx, domain: str, version: int, previous_until: datetime) -> bool:
    """Make the new version the present one; False when it already is or was never begun."""
    row = await tx.row(
        "UPDATE domain SET version = %(v)s, rotating_to = NULL, previous_until = %(until)s"
        " WHERE domain = %(d)s AND rotating_to = %(v)s"
        " RETURNING domain, version, rotating_to, previous_until",
        {"d": domain, "v": version, "until": previous_until},
        DomainRow,
    )
    return row is not None


async def add_acquisitions(
    tx: Tx,
    *,
    acquisitions: Sequence[str],
    domains: Sequence[str],
    points: Sequence[bytes],
    expires_at: datetime,
) -> int:
    """Store blinded points; a number that was ever used is left as it is. Returns the new ones."""
    return await tx.execute(
        "INSERT INTO acquisition (acquisition, domain, point, state, expires_at)"
        " SELECT t, d, p, 'waiting', %(expires)s"
        " FROM unnest(%(ts)s::text[], %(ds)s::text[], %(ps)s::bytea[]) AS new (t, d, p)"
        " ON CONFLICT (acquisition) DO NOTHING",
        {
            "ts": list(acquisitions),
            "ds": list(domains),
            "ps": list(points),
            "expires": expires_at,
        },
    )


async def acquisitions(tx: Tx, numbers: Sequence[str]) -> dict[str, AcquisitionRow]:
    """Return what is known of acquisition numbers."""
    rows = await tx.rows(
        "SELECT acquisition, domain, point, state, expires_at FROM acquisition"
        " WHERE acquisition = ANY(%(numbers)s)",
        {"numbers": list(numbers)},
        AcquisitionRow,
    )
    return {row.acquisition: row for row in rows}


async def spend_expired(tx: Tx, at: datetime) -> int:
    """Drop the numbers whose time is over; returns how many."""
    return await tx.execute("DELETE FROM acquisition WHERE expires_at <= %(at)s", {"at": at})
