"""Where a page ended: the last record's time and id, as one opaque word. It names no person."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

from kumihimo.kernel.ids import is_id
from kumihimo.kernel.refusal import BadInput

_CHARS_MAX: Final = 128


def write(at: datetime, record: str) -> str:
    """Return the cursor of a record."""
    plain = f"{at.astimezone(UTC).isoformat()}|{record}".encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def read(cursor: str) -> tuple[datetime, str]:
    """Return what `write` was given; raises `BadInput` for anything else."""
    if len(cursor) <= _CHARS_MAX and cursor.isascii():
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            at, _, record = base64.urlsafe_b64decode(padded).decode("ascii").partition("|")
            found = datetime.fromisoformat(at)
        except (binascii.Error, ValueError):
            raise BadInput("not a cursor of this ledger", pointer="cursor") from None
        in_utc = found.utcoffset() == timedelta(0)
        if is_id(record) and in_utc and write(found, record) == cursor:
            return found, record
    raise BadInput("not a cursor of this ledger", pointer="cursor")
