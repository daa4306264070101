"""Addresses over columns: the parts of `people.addresses` for each row."""

import operator
from typing import Final

import polars as pl

from kumihimo.people.addresses import Address, AddressParts, address_parts, restore
from kumihimo.people.columns.distinct import (
    REASON,
    distinct,
    read_all,
    require_texts,
    strings,
    table,
)
from kumihimo.people.columns.heads import HEAD, read_heads
from kumihimo.people.columns.pieces import pieces, read_lots
from kumihimo.people.renamings import Renamings

# In the order of `AddressParts`.
PARTS: Final = ("prefecture", "city", "town", "lot", "lot_kind", "building", "room")
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
    head, head_at = distinct(written["head"])
    lot, lot_at = distinct(written["lot"])
    tail, tail_at = distinct(written["building"])
    room, room_at = distinct(written["room"])
    heads, lots = read_heads(head), read_lots(lot)
    tails = table([_read_tail(one) for one in tail], strings(_TAIL))
    rooms = table([_read_room(one) for one in room], strings(["room"]))
    whole = (
        heads["prefecture"].is_not_null().gather(head_at)
        & tails["building"].is_not_null().gather(tail_at)
        & ((rooms["room"] == "").gather(room_at) | (tails["room"] == "").gather(tail_at))
    ).fill_null(value=False)
    odd, odd_at = distinct(texts.set(whole, None))
    others = read_all(odd, _read, operator.attrgetter(*PARTS), strings(PARTS))
    front = pl.concat([heads, others.select(*HEAD)])
    if holder or renamings:
        front = table([_today(row, holder, renamings) for row in front.iter_rows()], HEAD)
    back = pl.concat([tails, others.select(*_TAIL)])
    front_at = head_at.zip_with(whole, odd_at + len(head))
    back_at = tail_at.zip_with(whole, odd_at + len(tail))
    return pl.DataFrame(
        [
            *front.select(pl.all().gather(front_at)),
            *back.select(pl.all().gather(back_at)),
            *lots.select(pl.all().name.suffix("_rest").gather(lot_at.set(~whole, None))),
            rooms["room"].gather(room_at.set(~whole, None)).alias("room_rest"),
            others[REASON].gather(odd_at),
        ]
    ).select(*_composed())


def _composed() -> list[pl.Expr]:
    """Put each part together from what the pieces of a usual row hold of it."""
    rest = pl.col("lot_rest")
    of_the_head = rest.is_null() | pl.col("lot").str.contains("-", literal=True)
    composed = {
        "lot": pl.concat_str("lot", rest.fill_null("")),
        "lot_kind": pl.when(of_the_head).then("lot_kind").otherwise("lot_kind_rest"),
        "room": pl.concat_str("room", pl.col("room_rest").fill_null("")),
    }
    return [composed.get(name, pl.col(name)).alias(name) for name in (*PARTS, REASON)]


def _read(text: str) -> AddressParts:
    return Address.parse(text).reveal_parts()


def _read_tail(tail: str) -> tuple[str | None, str | None]:
    """Return building and room of what stands behind a lot; None where they are not all of it."""
    parts, beside = address_parts(_LOT + tail), address_parts(f"{_LOT}{tail}1")
    ends = not tail or bool(parts.room)
    alone = ends or (beside.building, beside.room) == (parts.building, "1")
    return (parts.building, parts.room) if alone and parts.lot == "1-1-1" else (None, None)


def _read_room(room: str) -> tuple[str]:
    return (address_parts(_BUILDING + room).room,)


def _today(
    row: tuple[str | None, ...], holder: str, renamings: Renamings | None
) -> tuple[str | None, ...]:
    prefecture, city, town, *lot = row
    if prefecture is None or city is None or town is None:
        return row
    whole = AddressParts(prefecture=prefecture, city=city, town=town)
    whole = restore(whole, holder) if holder else whole
    whole = renamings.renamed(whole) if renamings else whole
    return whole.prefecture, whole.city, whole.town, *lot
