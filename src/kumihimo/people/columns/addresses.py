"""Addresses over columns: the parts of `people.addresses` for each row."""

import operator
from typing import Final

import polars as pl

from kumihimo.people.addresses import (
    ADDRESS_CHARS_MAX,
    Address,
    AddressParts,
    address_parts,
    restore,
)
from kumihimo.people.columns.distinct import (
    REASON,
    Memory,
    put,
    read_distinct,
    require_texts,
    strings,
    table,
)
from kumihimo.people.columns.heads import TOWNS_KEPT, read_heads
from kumihimo.people.columns.pieces import divide_tails, pieces, read_lots
from kumihimo.people.renamings import Renamings

# In the order of `AddressParts`.
PARTS: Final = ("prefecture", "city", "town", "lot", "lot_kind", "building", "room")
_PLACE: Final = ("prefecture", "city", "town")
_TAIL: Final = ("building", "room")
# A lot and a building that end where they end, for a piece to stand behind while it is read.
_LOT: Final = "あ1-1-1"
_BUILDING: Final = f"{_LOT} ああ"


def address_columns(
    texts: pl.Series, *, holder: str = "", renamings: Renamings | None = None
) -> pl.DataFrame:
    """Return the columns of `PARTS` (String, "" where not written) and `reason`.

    `holder` is the code of the municipality that keeps the records, or of its prefecture: what it
    leaves out is restored (`addresses.restore`). `renamings` gives old places their names of today. Where `Address.parse` refuses a text all parts are
    null and `reason` tells why, without quoting it. City, town and lot in one are what a comparison
    takes (`AddressParts.core`). Raises `TypeError` if the column holds no texts and `KeyError` for
    a code that is not in the list.
    """
    texts = require_texts(texts)
    written = pieces(texts)
    found = [
        of.select(pl.all().gather(at))
        for of, at in (
            _HEADS.look_up(written["head"]),
            _LOTS.look_up(written["lot"]),
            _TAILS.look_up(written["tail"]),
        )
    ]
    usual = pl.concat(found, how="horizontal").select(_composed())
    odd = (_is_long(texts) | pl.any_horizontal(pl.col(PARTS).is_null())) & texts.is_not_null()
    at = usual.select(odd.arg_true()).to_series()
    read = read_distinct(texts.gather(at), _read, operator.attrgetter(*PARTS), strings(PARTS))
    none = pl.repeat(None, len(texts), dtype=pl.String, eager=True).alias(REASON)
    whole = [*usual.get_columns(), none]
    if len(at):
        whole = [put(column, at, read[column.name]) for column in whole]
    return _today(pl.DataFrame(whole), holder, renamings)


def heads_read() -> pl.DataFrame:
    """Return what stands before the numbers of addresses read here, and what it was read as.

    Each is told once: who keeps it spares others to read it again (`learn_heads`). It is good for one
    `ADDRESS_FORM_VERSION`.
    """
    return _HEADS.told()


def learn_heads(told: pl.DataFrame) -> None:
    """Know what others have told (`heads_read`), each head once."""
    _HEADS.learn(told)


def _composed() -> list[pl.Expr]:
    """Put each part together from what the pieces of a usual row hold of it."""
    composed = {
        "lot": pl.concat_str("first", "lot"),
        "lot_kind": pl.when("counted").then("first_kind").otherwise("lot_kind"),
    }
    return [composed.get(name, pl.col(name)).alias(name) for name in PARTS]


def _is_long(texts: pl.Series) -> pl.Series:
    """Say which texts are longer than an address may be."""
    may_be = texts.str.len_bytes() > ADDRESS_CHARS_MAX
    return may_be & (texts.str.len_chars() > ADDRESS_CHARS_MAX)


def _read(text: str) -> AddressParts:
    return Address.parse(text).reveal_parts()


def _read_heads(heads: pl.Series) -> pl.DataFrame:
    """Return of each head its place, what it holds of the lot, and whether that has a number."""
    return read_heads(heads).select(
        *_PLACE,
        first="lot",
        first_kind="lot_kind",
        counted=pl.col("lot").str.contains("-", literal=True),
    )


def _read_tails(tails: pl.Series) -> pl.DataFrame:
    """Return building and room of each tail; null where it cannot be read by itself."""
    divided = divide_tails(tails)
    of, at = _BUILDINGS.look_up(divided["building"])
    rooms, room_at = _ROOMS.look_up(divided["room"])
    read = of.select(pl.all().gather(at)).with_columns(last=rooms["room"].gather(room_at))
    one = (pl.col("room") == "") | (pl.col("last") == "")
    return read.select(
        pl.when(one).then(value).alias(name)
        for name, value in (
            ("building", pl.col("building")),
            ("room", pl.concat_str("room", "last")),
        )
    )


def _read_buildings(buildings: pl.Series) -> pl.DataFrame:
    return table([_read_building(one) for one in buildings], strings(_TAIL))


def _read_building(building: str) -> tuple[str | None, str | None]:
    """Return building and room of what stands behind a lot; None where they are not all of it."""
    parts, beside = address_parts(_LOT + building), address_parts(f"{_LOT}{building}1")
    ends = not building or bool(parts.room)
    alone = ends or (beside.building, beside.room) == (parts.building, "1")
    return (parts.building, parts.room) if alone and parts.lot == "1-1-1" else (None, None)


def _read_rooms(rooms: pl.Series) -> pl.DataFrame:
    return table([(address_parts(_BUILDING + room).room,) for room in rooms], strings(["room"]))


_HEADS: Final = Memory(_read_heads, TOWNS_KEPT)
_LOTS: Final = Memory(read_lots)
_TAILS: Final = Memory(_read_tails)
_BUILDINGS: Final = Memory(_read_buildings)
_ROOMS: Final = Memory(_read_rooms)


def _today(columns: pl.DataFrame, holder: str, renamings: Renamings | None) -> pl.DataFrame:
    """Return the columns with what the holder leaves out, under the names of today."""
    if not (holder or renamings):
        return columns
    known = columns.select(_PLACE).drop_nulls().unique()
    now = [_now(AddressParts(*row), holder, renamings) for row in known.iter_rows()]
    names = [f"{name}_now" for name in _PLACE]
    places = pl.concat([known, table(now, strings(names))], how="horizontal")
    joined = columns.join(places, on=_PLACE, how="left", maintain_order="left")
    return joined.with_columns(
        pl.col(now).alias(name) for name, now in zip(_PLACE, names, strict=True)
    ).select(columns.columns)


def _now(whole: AddressParts, holder: str, renamings: Renamings | None) -> tuple[str, str, str]:
    whole = restore(whole, holder) if holder else whole
    whole = renamings.renamed(whole) if renamings else whole
    return whole.prefecture, whole.city, whole.town
