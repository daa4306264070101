"""The gateway's SQL of what the agency was told of links in doubt."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.sql import Tx


@attrs.frozen(kw_only=True)
class MislinkRow:
    """One report of a doubt; `affair` is "" in the one that speaks of the whole case."""

    report: str
    suspension: str
    affair: str
    persons: int


async def add(tx: Tx, institution: str, rows: Sequence[MislinkRow]) -> None:
    """Keep reports that go out, in the order of their random ids."""
    for row in sorted(rows, key=lambda one: one.report):
        await tx.put(
            "INSERT INTO mislink (institution, report, suspension, affair, persons)"
            " VALUES (%(institution)s, %(report)s, %(suspension)s, %(affair)s, %(persons)s)",
            attrs.asdict(row) | {"institution": institution},
        )


async def of_suspension(tx: Tx, suspension: str) -> list[MislinkRow]:
    """Return the reports of a doubt, that of the whole case first."""
    return await tx.rows(
        "SELECT report, suspension, affair, persons FROM mislink"
        " WHERE suspension = %(suspension)s ORDER BY affair",
        {"suspension": suspension},
        MislinkRow,
    )


async def count_persons(tx: Tx, report: str, persons: int) -> None:
    """Note of how many persons a report speaks by now."""
    await tx.put(
        "UPDATE mislink SET persons = %(persons)s WHERE report = %(report)s",
        {"report": report, "persons": persons},
    )
