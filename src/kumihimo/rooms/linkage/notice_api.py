"""Notices to persons (お知らせ): what an institution says to the core, and the core to the ledger.

As in `api`, a person and a content appear only as sealed to the ledger.
"""

from datetime import date
from typing import Literal

import msgspec

from kumihimo.rooms.linkage.api import KeyVersion

PORTAL_NOTICES_MAX = 100

NoticeState = Literal["sent", "withdrawn", "removed"]


class PortalNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice to one person, or what became of it; each word is whole, for they come in any order.

    `sealed` is the content, HPKE-sealed to the ledger, b"" when it is removed; `until` is the last
    day on which it is shown. `version` is the key version of who sealed the person, as in an inquiry.
    """

    notice: str
    state: NoticeState
    until: date
    for_ledger: bytes
    version: KeyVersion
    sealed: bytes = b""


class PortalNotices(msgspec.Struct, frozen=True):
    """At most `PORTAL_NOTICES_MAX`. Whose they are the core says to the ledger, by their signature."""

    notices: tuple[PortalNotice, ...]
    institution: str = ""
