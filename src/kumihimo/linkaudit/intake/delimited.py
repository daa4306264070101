"""CSV and TSV by blocks, as a stream: 82 million rows pass in constant memory.

Lines without quotation marks, and lines in which every field is in them, are taken apart by the
column; any other record by the `csv` module. RFC 4180: a quoted field may hold line breaks.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from kumihimo.kernel.files import open_regular
from kumihimo.linkaudit.intake.mapping import Layout
from kumihimo.linkaudit.intake.sheets import BadTable, Sheet, bad_rows, frame, heading_of
from kumihimo.linkaudit.schema import Fault

CHUNK_BYTES: Final = 32 * 1024 * 1024  # our choice: a third of a million rows
# Our choice: a quotation mark that is not closed within so many lines is a slip of its own line,
# and not a field that swallows the rest of the file.
RECORD_LINES_MAX: Final = 50
HEADING_BYTES_MAX: Final = 1024 * 1024  # our choice
_BOM: Final = b"\xef\xbb\xbf"


def read_text(path: Path, layout: Layout, *, chunk_bytes: int = CHUNK_BYTES) -> Sheet:
    """Open a CSV file. Raises `BadTable` where the file as a whole cannot be what the layout says."""
    reader = _Reader(path, layout, chunk_bytes)
    try:
        total = path.stat().st_size
        head = reader.head()
    except OSError as error:
        raise BadTable(f"{path}: {error.strerror}") from None
    headings = heading_of(path, head, layout)
    if len(headings) == 1 and layout.columns and len(set(_flat(layout))) > 1:
        sign = "tab" if layout.separator == "\t" else layout.separator
        raise BadTable(
            f"{path}: line {layout.heading or 1} holds one column; is it separated by {sign}?"
        )
    return Sheet(headings, reader.blocks(len(headings)), total, lambda: reader.read)


def _flat(layout: Layout) -> Iterator[str]:
    for theirs in layout.columns.values():
        yield from [theirs] if isinstance(theirs, str) else theirs


@attrs.define
class _Reader:
    """One pass over a file: `read` bytes are read, `line` lines have been handed out."""

    path: Path
    layout: Layout
    chunk_bytes: int
    read: int = 0
    line: int = 0

    def head(self) -> list[list[str]]:
        """Return the lines down to the heading, taken apart; the rows begin below it."""
        wanted = max(self.layout.heading, 1)
        with open_regular(self.path) as file:
            lines = [file.readline(HEADING_BYTES_MAX) for _ in range(wanted)]
        start = lines[0].removeprefix(_BOM)
        if self.layout.heading:
            self.read, self.line = sum(map(len, lines)), wanted
        else:
            self.read = len(lines[0]) - len(start)
        return [self._heading(n, raw) for n, raw in enumerate([start, *lines[1:]], start=1)]

    def _heading(self, line: int, raw: bytes) -> list[str]:
        try:
            text = raw.decode(self.layout.encoding).rstrip("\r\n")
            return next(csv.reader([text], delimiter=self.layout.separator, strict=True), [""])
        except UnicodeDecodeError as error:
            raise BadTable(
                f"{self.path}: line {line}, byte {error.start + 1}: not {self.layout.encoding};"
                " is `encoding` right?"
            ) from None
        except csv.Error:
            raise BadTable(
                f"{self.path}: line {line}: the heading's quotation marks do not close"
            ) from None

    def _chunks(self) -> Iterator[bytes]:
        """Return the bytes below the heading, cut at ends of lines, without the last one's."""
        with open_regular(self.path) as file:
            file.seek(self.read)
            rest = b""
            while piece := file.read(self.chunk_bytes):
                self.read += len(piece)
                whole, end, after = piece.rpartition(b"\n")
                if end:
                    yield rest + whole
                    rest = after
                else:
                    rest += piece
            if rest:
                yield rest

    def blocks(self, width: int) -> Iterator[pl.DataFrame]:
        """Return the rows below the heading, in blocks."""
        carried: list[str] = []
        for data in self._chunks():
            lines, wrong = self._decode(data, len(carried))
            lines = pl.concat([pl.Series(carried, dtype=pl.String), lines])
            block, taken = self._apart(lines, wrong, width, last=False)
            self.line += taken
            carried = lines[taken:].to_list()
            yield block
        if carried:
            block, _ = self._apart(pl.Series(carried), {}, width, last=True)
            yield block

    def _decode(self, data: bytes, before: int) -> tuple[pl.Series, dict[int, int]]:
        """Return the lines as texts, and for those that are not in the encoding the bad column."""
        try:
            text = data.decode(self.layout.encoding)
        except UnicodeDecodeError:
            return self._decode_each(data, before)
        lines = pl.Series([text], dtype=pl.String).str.split("\n").explode()
        return lines.str.strip_suffix("\r"), {}

    def _decode_each(self, data: bytes, before: int) -> tuple[pl.Series, dict[int, int]]:
        texts: list[str] = []
        wrong: dict[int, int] = {}
        for n, raw in enumerate(data.split(b"\n")):
            try:
                texts.append(raw.decode(self.layout.encoding).removesuffix("\r"))
            except UnicodeDecodeError as error:
                separator = self.layout.separator.encode()
                wrong[before + n] = raw[: error.start].count(separator) + 1
                texts.append("\x00")  # read by nobody: a field that runs over this line is bad too
        if len(wrong) * 2 > len(texts):
            first = self.line + min(wrong) + 1
            raise BadTable(
                f"{self.path}: line {first}, column {wrong[min(wrong)]}: most lines are not"
                f" {self.layout.encoding}; is `encoding` right?"
            )
        return pl.Series(texts, dtype=pl.String), wrong

    def _apart(
        self, lines: pl.Series, wrong: dict[int, int], width: int, *, last: bool
    ) -> tuple[pl.DataFrame, int]:
        """Return the rows of some lines, and how many lines they are (all, unless one is open)."""
        table = lines.alias("text").to_frame().with_row_index("n")
        quotes = pl.col("text").str.count_matches('"', literal=True)
        separators = pl.col("text").str.count_matches(self.layout.separator, literal=True)
        between = pl.col("text").str.count_matches(f'"{self.layout.separator}"', literal=True)
        table = table.with_columns(
            bare=(quotes == 0) & (separators == width - 1),
            quoted=(quotes == 2 * width)
            & (between == width - 1)
            & pl.col("text").str.starts_with('"')
            & pl.col("text").str.ends_with('"'),
        )
        odd = table.filter(~(pl.col("bare") | pl.col("quoted")))
        singly, taken = self._singly(lines, odd["n"].to_list(), wrong, width, last=last)
        used = pl.Series(singly.used, dtype=pl.UInt32)
        table = table.filter((pl.col("n") < taken) & ~pl.col("n").is_in(used.implode()))
        inner = pl.col("text").str.slice(1, pl.col("text").str.len_chars() - 2)
        blocks = [
            self._split(table.filter("bare"), self.layout.separator, width),
            self._split(
                table.filter(~pl.col("bare")).with_columns(inner),
                f'"{self.layout.separator}"',
                width,
            ),
            *singly.blocks(width),
        ]
        return pl.concat(blocks).sort("line"), taken

    def _split(self, table: pl.DataFrame, sign: str, width: int) -> pl.DataFrame:
        lines = table["n"] + (self.line + 1)
        if width == 1:
            return frame(lines, [table["text"]])
        fields = table["text"].str.split_exact(sign, width - 1).struct.unnest()
        return frame(lines, fields.get_columns())

    def _singly(
        self, lines: pl.Series, odd: list[int], wrong: dict[int, int], width: int, *, last: bool
    ) -> tuple["_Odd", int]:
        """Return the records that begin on an odd line, and the line before which to stop."""
        found = _Odd()
        free = 0
        for n in odd:
            if n < free:
                continue
            line = self.line + n + 1
            if n in wrong:
                found.bad.append((line, Fault.UNREADABLE, wrong[n]))
                free = n + 1
            else:
                ahead = lines[n : n + RECORD_LINES_MAX].to_list()
                record, count = _record(ahead, self.layout.separator)
                if record is None and not last and len(ahead) < RECORD_LINES_MAX:
                    return found, n
                free = n + count
                if record is not None and not any(record):
                    record = [""] * width
                if record is None or len(record) != width:
                    found.bad.append((line, Fault.WIDTH, None))
                else:
                    found.lines.append(line)
                    found.rows.append(record)
            found.used.extend(range(n, free))
        return found, len(lines)


@attrs.define
class _Odd:
    """Records that were taken apart one by one, and lines that could not be."""

    lines: list[int] = attrs.Factory(list[int])
    rows: list[list[str]] = attrs.Factory(list[list[str]])
    bad: list[tuple[int, str, int | None]] = attrs.Factory(list[tuple[int, str, int | None]])
    used: list[int] = attrs.Factory(list[int])

    def blocks(self, width: int) -> list[pl.DataFrame]:
        found = [bad_rows(self.bad, width)]
        if self.rows:
            columns = [
                pl.Series(values, dtype=pl.String) for values in zip(*self.rows, strict=True)
            ]
            found.append(frame(pl.Series(self.lines), columns))
        return found


def _record(lines: list[str], separator: str) -> tuple[list[str] | None, int]:
    """Return the record that begins on the first line and how many lines it takes; None: none does."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=separator, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, 1
