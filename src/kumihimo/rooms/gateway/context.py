"""What the gateway's use cases are given: its database, its tenants, the law, the directory."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol

import attrs

from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.sql import Database
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.domain.chip import NO_AUTHORITY, TextAuthority
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.statute.positive_list import PositiveList

RESULT_LIFETIME = timedelta(days=14)  # our choice; the real period is not public


class LawCell(Protocol):
    """Holds the gateway's own copy of the positive list in force."""

    def current(self) -> PositiveList:
        """Return it."""
        ...


class TextAuthorityCell(Protocol):
    """Holds the key that stands over the issuers of the card's text."""

    def current(self) -> TextAuthority | None:
        """Return it, or None where this deployment reads no chips."""
        ...


@attrs.frozen
class Tenant:
    """One institution that the gateway hosts: its name, its keys, and what locks its columns."""

    institution: str
    keys: PartyKeys
    locker: Locker


@attrs.frozen
class Gateway:
    """Shared by all tenants; nothing in it belongs to one institution alone."""

    database: Database
    book: DirectoryBook
    law: LawCell
    net: Net
    clock: Clock
    entropy: Entropy
    result_lifetime: timedelta = RESULT_LIFETIME
    space: NumberSpace = NumberSpace.TEST
    text_authority: TextAuthorityCell = NO_AUTHORITY
    checks: Mapping[str, str] = attrs.field(factory=dict[str, str])  # affair, by institution

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    def caller(self, tenant: Tenant) -> Caller:
        """Return the tenant's voice towards other parties."""
        return Caller(tenant.keys, self.book, self.net, self.clock, self.entropy)
