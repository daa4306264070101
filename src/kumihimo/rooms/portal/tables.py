"""A list as a file: CSV for a spreadsheet, PDF/UA for paper."""

import asyncio
import csv
import io
import tempfile
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import attrs
import msgspec
import noto_cjk_sans_jp_regular
import typst

from kumihimo.kernel.clock import JST
from kumihimo.pages.engine import Language

BOM: Final = b"\xef\xbb\xbf"  # or a spreadsheet takes the Japanese for something else


@attrs.frozen(kw_only=True)
class Table:
    """A list in the words of a language. `name` is its file's; `wide` columns share the room."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: frozenset[int]


def as_csv(table: Table) -> bytes:
    """Return a table as CSV; a cell that a spreadsheet would compute is made text."""
    return written([table.head, *(tuple(map(cell, row)) for row in table.rows)])


def written(rows: list[tuple[str, ...]]) -> bytes:
    """Return rows as CSV, as they are."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return BOM + out.getvalue().encode()


def cell(text: str) -> str:
    """Return a text that no spreadsheet computes."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def local(at: datetime) -> str:
    """Return an instant as files say it."""
    return at.astimezone(JST).strftime("%Y-%m-%d %H:%M:%S")


async def as_pdf(table: Table, language: Language, *, at: datetime) -> bytes:
    """Return a table as a tagged PDF."""
    content = {
        "english": language == "en",
        "at": local(at),
        "title": table.title,
        "head": table.head,
        "wide": [n in table.wide for n in range(len(table.head))],
        "rows": table.rows,
    }
    return await typeset("table.typ", content)


async def typeset(name: str, content: object) -> bytes:
    """Return what a template of `data` makes of a content, as PDF/UA."""
    return await asyncio.to_thread(_set, name, msgspec.json.encode(content))


def _set(name: str, content: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="kumihimo-") as folder:
        place = Path(folder)
        (place / "content.json").write_bytes(content)
        text = (files("kumihimo.rooms.portal") / "data" / name).read_text("utf-8")
        (place / name).write_text(text, "utf-8")
        made = typst.compile(
            str(place / name),
            root=folder,
            font_paths=[str(Path(str(noto_cjk_sans_jp_regular.FONT_PATH)).parent)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
        )
    assert isinstance(made, bytes)
    return made
