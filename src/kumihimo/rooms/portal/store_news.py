"""The portal's SQL for what somebody had seen before."""

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(repr=False)
class LookRow:
    """What somebody had seen, locked."""

    account: str
    content_locked: bytes


def put(tx: Tx, row: LookRow) -> None:
    """Write down what somebody has seen now, together with the commit."""
    tx.last(
        "INSERT INTO last_look (account, content_locked) VALUES (%(account)s, %(content_locked)s)"
        " ON CONFLICT (account) DO UPDATE SET content_locked = excluded.content_locked",
        attrs.asdict(row),
    )
