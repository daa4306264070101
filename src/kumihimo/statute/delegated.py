"""What one person may let another do for her at the portal: one purpose for each delegation (委任).

No law lists such purposes. The table is our choice: each lets a proxy read one thing, and nothing else.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Literal

import attrs
import msgspec

Reads = Literal["records", "notices", "information"]


@attrs.frozen(kw_only=True)
class DelegatedPurpose:
    """One purpose: what it lets a proxy read, for how many days at most.

    `information` is the one kind of information that it is about, "" for the other purposes.
    """

    purpose: str
    reads: Reads
    information: str
    most_days: int


@cache
def delegated_purposes() -> dict[str, DelegatedPurpose]:
    """Return every purpose by name, in the order in which they are offered."""
    text = (files("kumihimo.statute") / "data" / "delegated.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {
        row["purpose"]: DelegatedPurpose(
            purpose=row["purpose"],
            reads=msgspec.convert(row["reads"], Reads),
            information=row["information"],
            most_days=int(row["most_days"]),
        )
        for row in rows
    }
