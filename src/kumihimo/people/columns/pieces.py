"""An address of the usual shape as pieces that repeat: head, lot, building and room.

The head is what stands before the first digit. Each piece is read once for all rows that share it.
A row of another shape, or with a piece that could read differently beside its neighbours, is not
`usual`: it is read as a whole by the scalar form, and is only slower.
"""

from typing import Final

import polars as pl

from kumihimo.people.addresses import ADDRESS_CHARS_MAX
from kumihimo.people.numerals import NUMERALS

DIGIT: Final = f"0-9{chr(0xFF10)}-{chr(0xFF19)}"
DASH: Final = f"{chr(0xFF0D)}\\-"
SPACE: Final = "\u3000 "
_LATIN: Final = f"A-Za-z{chr(0xFF21)}-{chr(0xFF3A)}{chr(0xFF41)}-{chr(0xFF5A)}"
# Characters that become one character each, whatever stands beside them: ideographs without
# compatibility forms, kana of full width.
WORD: Final = "々〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002a6dfぁ-ゖァ-ヺー"
_USUAL: Final = f"^[{WORD}{_LATIN}{DIGIT}{DASH}{SPACE}]+$"

# What may not end a head: it could be read together with the digits that follow.
_OPEN_HEAD: Final = f"[{NUMERALS}{DASH}ー第]$|[線号][東西南北]$|^[{SPACE}]+$"
_JOINED: Final = f"(?:丁目|番地の?|番の?|の|[{DASH}])[{DIGIT}]{{1,9}}"
_LOT: Final = f"^[{DIGIT}]{{1,9}}(?:(?:{_JOINED})*(?:番地|番)?|(?:{_JOINED})+号)$"
# What may stand behind a lot: a space and a word, or a word of two kana or Latin letters or more.
_NO_WORD: Final = f"{DIGIT}{DASH}{SPACE}"
_TAIL: Final = (
    f"^(?:[{SPACE}]+(?:[^{_NO_WORD}{NUMERALS}号室棟館階丁番地のノ之先内付第]"
    f"[^{_NO_WORD}{NUMERALS}部のノ之]|第[^{_NO_WORD}])"
    f"|[ァ-ヴ]{{2}}|[{_LATIN}]{{2}}).*$|^$"
)
_ROOM: Final = f"^(.*[^{_NO_WORD}ー第{NUMERALS}])([{SPACE}]?[{DIGIT}]{{1,9}}(?:号室|号|室)?)$"


def pieces(texts: pl.Series) -> pl.DataFrame:
    """Return `head`, `lot`, `building` and `room` of each text, in this order the text itself.

    All are null where the text is not usual; `room` is "" where none ends the text.
    """
    text, head, lot, tail = (pl.col(name) for name in ("text", "head", "lot", "tail"))
    usual = (
        text.str.contains(_USUAL)
        & (text.str.len_chars() <= ADDRESS_CHARS_MAX)
        & ~head.str.contains(_OPEN_HEAD)
        & lot.str.contains(_LOT)
        & tail.str.contains(_TAIL)
    )
    return (
        texts.alias("text")
        .to_frame()
        .lazy()
        .with_columns(head=text.str.extract(f"^[^{DIGIT}]+", 0))
        .with_columns(rest=text.str.strip_prefix(head))
        .with_columns(lot=pl.col("rest").str.extract(f"^[{DIGIT}丁目番地号の{DASH}]+", 0))
        .with_columns(tail=pl.col("rest").str.strip_prefix(lot))
        .with_columns(usual=usual.fill_null(value=False))
        .select(pl.when("usual").then(name).alias(name) for name in ("head", "lot", "tail"))
        .with_columns(room=pl.when(tail != "").then(tail.str.extract(_ROOM, 2)).fill_null(""))
        .select(
            "head",
            "lot",
            building=tail.str.strip_suffix(pl.col("room")),
            room=pl.when(tail.is_not_null()).then("room"),
        )
        .collect(engine="streaming")
    )


def read_lots(lots: pl.Series) -> pl.DataFrame:
    """Return `lot` and `lot_kind` of pieces that stand behind a head, as `people.lots` reads them."""
    wide = {chr(0xFF10 + digit): str(digit) for digit in range(10)} | {chr(0xFF0D): "-"}
    lot = (
        pl.col("lot")
        .str.replace_many(wide)
        .str.replace_all("丁目|番地の?|番の?|の|号", "-")
        .str.strip_chars_end("-")
        .str.replace_all("(^|-)0+([0-9])", "${1}${2}")
    )
    unit = pl.col("lot").str.extract(f"^[{DIGIT}]+(丁目|番)", 1)
    kind = unit.replace_strict({"丁目": "chome", "番": "banchi"}, default="")
    return lots.alias("lot").to_frame().select(lot, lot_kind=kind.fill_null(""))
