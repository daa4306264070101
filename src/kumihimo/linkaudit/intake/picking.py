"""Which of their columns are ours: each column of ours as an expression over theirs."""

from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.linkaudit.intake.cells import joined
from kumihimo.linkaudit.intake.mapping import COLUMNS, NEEDED, Layout, Mapping, Side
from kumihimo.linkaudit.intake.sheets import BadTable

# What stands between columns that are joined: a space, but in what is a code.
_JOINTS: Final = {"number": "", "record_id": "-", "account": "-", "household": "-"}
_TWICE: Final = -1
_SPACE: Final = "\u3000"


def pick(
    path: Path, headings: tuple[str, ...], layout: Layout, mapping: Mapping, side: Side
) -> dict[str, pl.Expr]:
    """Return each column of ours as an expression over `c1`, `c2`, …. Raises `BadTable`.

    Headings are not quoted: where the heading's line is wrong they are a person's data.
    """
    where = {f"#{n}": n for n in range(1, len(headings) + 1)}
    for n, name in enumerate(headings, start=1):
        where[name] = n if where.get(name, n) == n else _TWICE
    found: dict[str, pl.Expr] = {}
    for ours in COLUMNS[side]:
        theirs = layout.columns.get(ours)
        if theirs is None or ours in mapping.without:
            continue
        listed = [theirs] if isinstance(theirs, str) else theirs
        places = [where.get("".join(name.split()), 0) for name in listed]
        for name, place in zip(listed, places, strict=True):
            if place < 1:
                if getattr(mapping, side) is None and place == 0 and ours not in NEEDED[side]:
                    break  # a file in the audit's own columns need not hold all of them
                count = "stands more than once" if place else "is not there"
                raise BadTable(
                    f"{path}: {side}.columns.{ours}: {name!r} {count} in line {layout.heading}"
                    f" ({len(headings)} columns); `kumihimo audit map` shows them",
                    pointer=f"{side}.columns.{ours}",
                )
        else:
            parts = [pl.col(f"c{place}") for place in places]
            whole = parts[0] if len(parts) == 1 else joined(parts, _JOINTS.get(ours, _SPACE))
            found[ours] = whole
    return found
