"""What a use of a person's data is called: in the law's words, by whom, and what came of it."""

from datetime import UTC, datetime
from functools import cache
from typing import Final

from kumihimo.kernel.tracker import Usage
from kumihimo.statute.law import affairs, institutions

# Which of its systems a body asked with is not on record: only that it asked over this network.
SYSTEM: Final = "情報提供ネットワークシステム"
INSIDE: Final = "機関の中の閲覧"
LOOKED: Final = "LOOKED"


def usage(*, requested_at: datetime, affair: str, outcome: str, receiver: str) -> Usage:
    """Return a use as the data tracker tells it; where nothing was given, it says so."""
    words, inside = _affairs().get(affair, affair), outcome == LOOKED
    if inside:
        words = f"{words or '手続の記載なし'}（職員の閲覧）"
    return Usage(
        logtime=requested_at.astimezone(UTC),
        action=words if inside or outcome == "OK" else f"{words}（提供なし：{outcome}）",
        receiver_code=receiver,
        receiver_name=_bodies().get(receiver, receiver),
        receiver_system=INSIDE if inside else SYSTEM,
    )


@cache
def _bodies() -> dict[str, str]:
    return {one.institution: one.name for one in institutions()}


@cache
def _affairs() -> dict[str, str]:
    return {one.affair: f"{one.text}（{one.basis}）" for one in affairs()}
