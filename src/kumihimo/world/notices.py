"""The synthetic nation as the messages and files that its offices send.

Municipalities tell register what happened (`register.api.Event`); every office hands its own
gateway files of copies in the layouts of `statute`. Nothing here invents anything: it only says
the world's tables in the words of those who receive them.
"""

from collections.abc import Iterator
from typing import Final

import attrs
import polars as pl

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.ids import new_id
from kumihimo.rooms.register.api import BATCH_MAX, Event, EventKind
from kumihimo.world.institutions import local_government
from kumihimo.world.nation import FOREIGN_NAME, World

EVENT_KINDS: Final[dict[str, EventKind]] = {
    "birth": "birth",
    "first-record": "birth",  # those who were there when the register began
    "foreign-entry": "foreign-registration",
    "move-out": "move-out",
    "move-in": "move-in",
    "move-within": "move-within",
    "marriage": "name-change",
    "former-surname": "former-surname",
    "alias": "name-change",
    "correction": "correction",
    "number-change": "number-change",
    "code-change": "resident-code-change",
    "protection": "protection",
    "protection-end": "protection-end",
    "abroad-out": "departure-abroad",
    "abroad-back": "return",
    "death": "death",
}
AFTER_NUMBERING: Final = ("number-change",)
_FIRST: Final = frozenset({"birth", "first-record", "foreign-entry"})
_ARRIVING: Final = frozenset({"move-in", "abroad-back"})

# Which columns of a world's table fill which items of a layout.
COPIES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "local-tax/2024": (
        "local_tax",
        {
            "income-year": "income_year",
            "total-income": "total_income",
            "dependants": "dependants",
            "income-levy": "income_levy",
        },
    ),
    "child-allowance/2024": (
        "child_allowance",
        {"children": "children", "monthly-amount": "monthly_amount"},
    ),
    "pension-benefit/2024": (
        "pension",
        {
            "insured-category": "insured_category",
            "months-paid": "months_paid",
            "yearly-amount": "yearly_amount",
        },
    ),
    "medical-insurance-benefit/2024": (
        "medical_insurance",
        {
            "insured-since": "insured_since",
            "is-dependent": "is_dependent",
            "copayment-percent": "copayment_percent",
        },
    ),
    "resident-record/2024": ("resident_record", {"relation": "relation", "address": "address"}),
}


@attrs.frozen
class Notice:
    """A batch of events that one municipality sends to register."""

    sender: str
    events: tuple[Event, ...]


def notices(world: World, entropy: Entropy, *, after_numbering: bool = False) -> Iterator[Notice]:
    """Yield batches in an order that register accepts.

    A move needs the old municipality's word before the new one's, so batches come in rounds: each
    holds, of every person, the next events that one municipality tells. Changes of a number come
    last (`after_numbering`), when there are numbers to change.
    """
    late = pl.col("kind").is_in(AFTER_NUMBERING)
    table = _as_known(world.events).filter(late if after_numbering else ~late)
    new_sender = pl.col("office") != pl.col("office").shift(1)
    table = table.with_columns(
        round=new_sender.fill_null(value=True).cast(pl.Int64).cum_sum().over("person")
    ).sort("round", "office", "person", "seq")
    for _, told in table.group_by("round", "office", maintain_order=True):
        for batch in told.iter_slices(BATCH_MAX):
            rows = list(batch.iter_rows(named=True))
            sender = local_government(str(rows[0]["office"]))
            yield Notice(sender, tuple(_event(row, entropy) for row in rows))


def _as_known(events: pl.DataFrame) -> pl.DataFrame:
    """Add to each event what was known of the person with it, and her code before it."""
    held = ("surname", "given", "surname_kana", "given_kana", "address", "municipality")
    known = events.with_columns(
        *(pl.col(name).forward_fill().over("person").alias(f"known_{name}") for name in held),
        code_before=pl.col("resident_code").forward_fill().shift(1).over("person"),
    )
    known = known.with_columns(pl.col("nationality").forward_fill().over("person"))
    space = pl.when(FOREIGN_NAME).then(pl.lit(" ")).otherwise(pl.lit("　"))
    return known.with_columns(
        name=pl.concat_str("known_surname", space, "known_given"),
        kana=pl.concat_str("known_surname_kana", space, "known_given_kana"),
    )


def _event(row: dict[str, object], entropy: Entropy) -> Event:
    kind = str(row["kind"])
    beginning = kind in _FIRST
    code = row["resident_code"] if beginning else row["code_before"]
    renamed = row["surname"] is not None or row["given"] is not None
    read_anew = row["surname_kana"] is not None or row["given_kana"] is not None
    moved = beginning or kind in _ARRIVING
    birth = row["birth_date"]
    return Event(
        event=new_id(entropy),
        kind=EVENT_KINDS[kind],
        resident_code=str(code),
        effective_on=row["effective_date"],  # pyright: ignore[reportArgumentType]
        name=_text(row, "name") if renamed else None,
        kana=_text(row, "kana") if read_anew else None,
        birth=str(birth) if birth is not None else None,
        sex=_text(row, "sex"),
        address=_text(row, "known_address") if moved or kind == "move-within" else None,
        municipality=_text(row, "known_municipality") if moved else None,
        former_surname=_text(row, "former_surname") if kind != "foreign-entry" else None,
        alias=_text(row, "alias"),
        new_resident_code=_text(row, "resident_code") if not beginning else None,
        officers=("officer-1", "officer-2") if kind == "correction" else (),
        reason="届書の誤記" if kind in {"correction", "number-change"} else "",
    )


def _text(row: dict[str, object], column: str) -> str | None:
    value = row[column]
    return None if value is None else str(value)


def copies_file(world: World, institution: str, layout: str, *, as_of: str) -> bytes | None:
    """Return an office's file of copies as CSV in UTF-8, or None where it keeps no such records.

    `as_of` is the day of its records, ISO. The addressee number is the office's own record id.
    """
    table, columns = COPIES[layout]
    records = world.office(institution, table)
    if records.is_empty():
        return None
    named = [pl.col(column).alias(item) for item, column in columns.items()]
    file = records.select(
        pl.col("record_id").alias("addressee"), pl.lit(as_of).alias("as_of"), *named
    )
    return file.write_csv().encode()
