"""What the gateway's use cases are given: its database, its tenants, the law, the directory."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, Protocol

import attrs

from kumihimo.kernel.clock import Clock, legal_day
from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.grace import Silence
from kumihimo.kernel.keys import Locker, PartyKeys
from kumihimo.kernel.net import Caller, Net
from kumihimo.kernel.sql import Database
from kumihimo.operations.graces import grace_of
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.gateway.domain.chip import NO_AUTHORITY, TextAuthority
from kumihimo.rooms.linkage.api import PARTY
from kumihimo.rooms.oversight.client import DirectoryBook
from kumihimo.statute.positive_list import PositiveList

ROOM: Final = "gateway"
REPORTS: Final = "gateway, reports"
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
class CoreSilence:
    """How the core stands towards one institution: its questions, and its reports of what it did."""

    questions: Silence = attrs.field(factory=lambda: Silence(grace_of(ROOM, PARTY)))
    reports: Silence = attrs.field(factory=lambda: Silence(grace_of(REPORTS, PARTY)))

    @property
    def both(self) -> tuple[Silence, Silence]:
        """Both of them."""
        return self.questions, self.reports


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
    core: Mapping[str, CoreSilence] = attrs.field(factory=lambda: defaultdict(CoreSilence))

    def today(self) -> date:
        """Return the Japanese calendar day."""
        return legal_day(self.clock.now())

    def require_heard(self, tenant: Tenant, *, asking: bool) -> None:
        """Raise `CoreSilent`, `QueueFull` when it waits for too long, or too much, for the core."""
        silence, now = self.core[tenant.institution], self.clock.now()
        silence.reports.require(now)
        if asking:
            silence.questions.require(now)

    def caller(self, tenant: Tenant) -> Caller:
        """Return the tenant's voice towards other parties."""
        return Caller(tenant.keys, self.book, self.net, self.clock, self.entropy)
