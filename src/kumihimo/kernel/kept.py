"""What a room knows again after a restart: the newest of each statement that another signed.

A newer statement replaces an older one and never the other way round, and the database refuses it
too. So an old statement that is shown to a room after its restart is shown in vain.
"""

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen
class KeptStatement:
    """Signed bytes with their version. The signature is not checked here, in neither direction."""

    version: int
    body: bytes
    signature: bytes


async def keep(tx: Tx, statement: KeptStatement, *, what: str, signer: bytes) -> bool:
    """Keep a statement if it is newer than the one kept; False when it is not.

    `signer` is the Ed25519 key that the reader believes: under another key all begins anew.
    """
    changed = await tx.execute(
        "INSERT INTO kept_statement (what, signer, version, body, signature)"
        " VALUES (%(what)s, %(signer)s, %(version)s, %(body)s, %(signature)s)"
        " ON CONFLICT (what, signer) DO UPDATE SET version = excluded.version,"
        " body = excluded.body, signature = excluded.signature"
        " WHERE kept_statement.version < excluded.version",
        {
            "what": what,
            "signer": signer,
            "version": statement.version,
            "body": statement.body,
            "signature": statement.signature,
        },
    )
    return changed == 1


async def kept(tx: Tx, *, what: str, signer: bytes) -> KeptStatement | None:
    """Return the statement that is kept, or None."""
    return await tx.row(
        "SELECT version, body, signature FROM kept_statement"
        " WHERE what = %(what)s AND signer = %(signer)s",
        {"what": what, "signer": signer},
        KeptStatement,
    )
