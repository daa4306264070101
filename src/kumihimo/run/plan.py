"""What a federation consists of: which institutions, and which gateway hosts each."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import attrs

from kumihimo.kernel.keys import PartyKeys
from kumihimo.rooms.oversight.api import Entry, Kind
from kumihimo.rooms.oversight.service import OPERATOR
from kumihimo.statute.law import Institution

CENTRE: Final[dict[str, Kind]] = {
    "oversight": "oversight",
    "register": "register",
    "linkage": "linkage",
    "ledger": "ledger",
    "jpki": "jpki",
    "cards": "cards",
}


@attrs.frozen(kw_only=True)
class Plan:
    """A federation before it runs.

    `gateways` maps a gateway's name to the institutions that it hosts. `assessed` are the days on
    which institutions, and the ledger, published their PIA (特定個人情報保護評価); one that is not in
    it has none.
    `more` are institutions that `statute` does not know.
    """

    gateways: Mapping[str, Sequence[str]]
    assessed: Mapping[str, date]
    more: Sequence[Institution] = ()
    inquiries_per_minute: int = 1_000_000
    inquiries_per_day: int = 100_000_000

    @property
    def institutions(self) -> list[str]:
        """Every institution, in the order of the gateways."""
        return [name for hosted in self.gateways.values() for name in hosted]

    def gateway_of(self, institution: str) -> str:
        """Return the gateway that hosts an institution."""
        return next(name for name, hosted in self.gateways.items() if institution in hosted)

    def pia_published_on(self, institution: str) -> date | None:
        """Return when an institution published its PIA."""
        return self.assessed.get(institution)


def entries_of(plan: Plan, keys: Mapping[str, PartyKeys]) -> list[Entry]:
    """Return what oversight lists: its operator, the other rooms, every institution."""
    operator = Entry(
        party=OPERATOR, kind="oversight", standing="active", keys=keys[OPERATOR].public
    )
    centre = [
        Entry(
            party=name,
            kind=kind,
            standing="active",
            keys=keys[name].public,
            pia_published_on=plan.pia_published_on(name),
        )
        for name, kind in CENTRE.items()
        if name != "oversight"
    ]
    institutions = [
        Entry(
            party=name,
            kind="institution",
            standing="active",
            keys=keys[name].public,
            pia_published_on=plan.pia_published_on(name),
        )
        for name in plan.institutions
    ]
    return [operator, *centre, *institutions]
