"""Layouts of the information that institutions exchange: which items, of which form.

The real データ標準レイアウト is not public. These layouts are our choice, in its spirit: each has a
name with a year, belongs to one kind of information, and says of each item what a value may be.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Literal

import attrs
import msgspec

Kind = Literal["text", "integer", "date", "flag"]


@attrs.frozen
class Field:
    """One item: its id, its Japanese label, the kind of its value, its length in characters."""

    item: str
    label: str
    kind: Kind
    required: bool
    length: int

    @property
    def name(self) -> str:
        """The item's name inside its layout (`total-income` of `local-tax.total-income`)."""
        return self.item.partition(".")[2]


@attrs.frozen
class Layout:
    """A layout: `local-tax/2024` of the information `local-tax`."""

    layout: str
    information: str
    fields: tuple[Field, ...]


@cache
def layouts() -> dict[str, Layout]:
    """Return every layout by name."""
    text = (files("kumihimo.statute") / "data" / "layouts.tsv").read_text("utf-8")
    found: dict[str, list[Field]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        field = Field(
            item=row["item"],
            label=row["japanese"],
            kind=msgspec.convert(row["kind"], Kind),
            required=row["required"] == "yes",
            length=int(row["length"]),
        )
        found.setdefault(row["layout"], []).append(field)
    return {
        name: Layout(name, name.partition("/")[0], tuple(fields)) for name, fields in found.items()
    }
