"""Permit sheets: one for each provider of a batch, signed by the core, good for an hour."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from kumihimo.kernel.keys import PartyKeys
from kumihimo.kernel.message import key_id_of
from kumihimo.rooms.linkage.api import PermitSheet, SignedSheet, sheet_signed_bytes

# Our choice: long enough to outlast a provider's short outage, short enough that a stolen sheet
# is soon worthless. The real system's figure is not public.
PERMIT_LIFETIME = timedelta(hours=1)


def sign_sheets(sheets: Iterable[PermitSheet], keys: PartyKeys) -> tuple[SignedSheet, ...]:
    """Sign each sheet with the core's key."""
    key_id = key_id_of(keys.party, keys.public.signing)
    signed: list[SignedSheet] = []
    for sheet in sheets:
        body = msgspec.json.encode(sheet)
        signature = keys.signing.sign(sheet_signed_bytes(body))
        signed.append(
            SignedSheet(provider=sheet.provider, body=body, key_id=key_id, signature=signature)
        )
    return tuple(signed)
