"""`kumihimo audit map`: look at a file, ask what is unclear, write the mapping, say how good it is."""

import sys
from pathlib import Path
from typing import Final, Literal

import attrs
import msgspec
from cyclopts import Parameter
from rich.table import Table

from kumihimo.kernel.files import write_new
from kumihimo.kernel.refusal import BadInput, Conflict
from kumihimo.linkaudit.intake.guessing import Guess, guess
from kumihimo.linkaudit.intake.mapping import (
    COLUMNS,
    NEEDED,
    Dates,
    Layout,
    Mapping,
    Side,
    read_mapping,
    require_holder,
)
from kumihimo.linkaudit.intake.masking import SHOWN_MAX, masked
from kumihimo.linkaudit.intake.taking import look_over
from kumihimo.linkaudit.intake.writing import head_text, listed, side_text, unused_headings
from kumihimo.run.audit_telling import console, tell_quality

LOOK_ROWS: Final = 200_000  # our choice: a second's work, and shares to a tenth of a per cent
EXAMPLES: Final = 2
SEPARATORS: Final = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Form:
    """How the file is written, as far as the person says."""

    column: list[str] | None = None
    """列の指定。 A column as ours=theirs or ours=theirs+theirs, each by one `--column`."""
    encoding: Literal["utf-8", "cp932"] | None = None
    """文字コード。 Encoding of a CSV file."""
    separator: Literal["comma", "tab", "semicolon", "bar"] | None = None
    """区切り。 Separator of a CSV file."""
    sheet: str = ""
    """シート名。 Sheet of an Excel file."""
    heading: int | None = None
    """見出しが終わる行。 Line on which the heading ends; 0 where there is none."""
    heading_lines: int | None = None
    """見出しの行数。 How many lines the heading takes."""
    dates: Dates | None = None
    """日付の形。 Notation of dates, where it is none of those read by themselves."""
    pad: bool = False
    """先頭の0を補う。 Give numbers their lost leading zeros back; otherwise such rows are listed."""

    def said(self, side: Side) -> dict[str, object]:
        """Return the keys of the layout that were said."""
        told: dict[str, object] = {
            "columns": _columns(self.column or [], side),
            "encoding": self.encoding,
            "separator": SEPARATORS[self.separator] if self.separator else None,
            "sheet": self.sheet or None,
            "heading": self.heading,
            "heading_lines": self.heading_lines,
            "dates": self.dates,
            "pad": 12 if self.pad else None,
        }
        return {name: value for name, value in told.items() if value is not None}


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Whose:
    """Whose records these are, as far as the person says."""

    institution: str = ""
    """機関の名前。 Name of the institution, for the report."""
    affair: str = ""
    """事務の名前。 Name of the affair, for the report's tables."""
    municipality: str = ""
    """団体コード6桁。 Municipality code, where addresses leave the prefecture or city out."""
    number_space: Literal["official", "test"] | None = None
    """番号の世界。 Whose check digits: the law's, or those of test numbers."""
    without: list[Literal["name", "kana", "birth", "sex", "address"]] | None = None
    """制度が持たない項目。 An attribute that the scheme does not hold, each by one `--without`."""

    def text(self, space: str) -> str:
        """Return the head of the mapping; asks on a terminal what was not said."""
        if self.municipality:
            require_holder(self.municipality)
        return head_text(
            institution=self.institution or _ask("機関の名前 institution"),
            affair=self.affair or _ask("事務の名前 affair"),
            municipality=self.municipality,
            number_space=space,
            without=self.without or (),
        )


def map_file(
    file: Path,
    *,
    out: Path | None = None,
    side: Side = "rows",
    show_values: bool = False,
    whose: Whose = Whose(),
    form: Form = Form(),
) -> None:
    """列の対応を作る。 Write the mapping of a file's columns, and say how good the file is.

    Guesses everything, shows what it guessed, and asks on a terminal what is unclear. Away from a
    terminal every answer is an option. Without `--out` the mapping is printed.

    Parameters
    ----------
    file
        見るファイル（CSV、Excel、Parquet）。 The file to look at, or a folder of Parquet parts.
    out
        書き出す対応ファイル。 The mapping to write; a second side is added to one that is there.
    side
        どちら側のファイルか。 The institution's rows, the register's snapshot, or its history.
    show_values
        値を隠さずに見せる。 Show values in the preview instead of their shapes.
    """
    found = guess(file, side, fixed=form.said(side))
    before = _before(out, side)
    _preview(found, side, show=show_values)
    layout = _asked(found, side, form.said(side)["columns"]) if _terminal() else found.layout
    _complete(file, layout, side)
    told_space = before.number_space if before else found.number_space
    space = whose.number_space or told_space or "official"
    head = whose.text(space) if before is None else ""
    unused = unused_headings(layout, found.headings) if found.heading_is_sure(side) else ()
    text = side_text(side, layout, kind=found.kind, unused=unused)
    _write(out, head, text)
    mapping = before or Mapping(institution="", affair="", number_space=space)
    with_side = msgspec.structs.replace(mapping, **{side: layout})
    tell_quality(look_over(with_side, side, file, rows_max=LOOK_ROWS))
    if out is not None:
        print(
            f"{out}: 書きました。確かめてから audit run に渡してください。 Written; read it through."
        )


def _columns(told: list[str], side: Side) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for one in told:
        ours, sign, theirs = one.partition("=")
        if ours not in COLUMNS[side] or not sign or not all(theirs.split("+")):
            known = ", ".join(COLUMNS[side])
            raise BadInput(
                f"--column: ours=theirs or ours=theirs+theirs, ours being one of {known}",
                pointer="column",
            )
        parts = theirs.split("+")
        found[ours] = parts[0] if len(parts) == 1 else parts
    return found


def _before(out: Path | None, side: Side) -> Mapping | None:
    """Return the mapping that is there already; raises `Conflict` where it has this side."""
    if out is None or not out.exists():
        if out is not None and side != "rows":
            raise BadInput(
                f"{out}: map the institution's own file (--side rows) first", pointer="out"
            )
        return None
    before = read_mapping(out)
    if getattr(before, side) is not None:
        raise Conflict(
            f"{out}: already says [{side}]; edit it, or write another file", pointer="out"
        )
    return before


def _preview(found: Guess, side: Side, *, show: bool) -> None:
    table = Table(title="見つけた列 columns found", title_justify="left", box=None, pad_edge=False)
    for name in ("こちらの列", "ファイルの見出し", "値 (masked)" if not show else "値 values"):
        table.add_column(name, overflow="fold")
    places = {name: n for n, name in enumerate(found.headings)}
    places |= {f"#{n + 1}": n for n in range(len(found.headings))}
    for ours in COLUMNS[side]:
        theirs = listed(found.layout.columns.get(ours, []))
        if not theirs:
            continue
        some = _examples([found.cells[places[one]] for one in theirs if one in places], show=show)
        sure = found.heading_is_sure(side) or show
        names = "＋".join(
            one if sure or one.startswith("#") else f"#{places[one] + 1}" for one in theirs
        )
        table.add_row(f"{ours}{' ?' if ours in found.doubts else ''}", names, "  ".join(some))
    console().print(table)


def _examples(columns: list[tuple[str, ...]], *, show: bool) -> list[str]:
    rows = ["　".join(cells) for cells in zip(*columns, strict=True)]
    filled = list(dict.fromkeys(row for row in rows if row.strip("　 ")))
    return [row[:SHOWN_MAX] if show else masked(row) for row in filled[:EXAMPLES]]


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _ask(what: str, default: str = "-") -> str:
    """Ask on the terminal; an empty answer, or no terminal, is the default."""
    if not _terminal():
        return default
    try:
        return input(f"{what} [{default}]: ").strip() or default
    except EOFError:
        raise BadInput("中止しました。 No answer was given; say it by an option") from None


def _asked(found: Guess, side: Side, said: object) -> Layout:
    """Return the layout with the answers of the person at the terminal to what is in doubt."""
    assert isinstance(said, dict)
    columns = dict(found.layout.columns)
    for ours in found.doubts:
        if ours in said:
            continue
        for n, name in enumerate(found.headings, start=1):
            shown = name if found.heading_is_sure(side) else masked(name)
            console().print(
                f"  #{n}  {shown}  {'  '.join(_examples([found.cells[n - 1]], show=False))}",
                markup=False,
            )
        answer = _ask(
            f"{ours} はどの列ですか（#番号、複数は +、無ければ -） which column",
            "+".join(listed(columns.get(ours, []))) or "-",
        )
        if answer == "-":
            columns.pop(ours, None)
        else:
            columns |= _columns([f"{ours}={answer}"], side)
    return msgspec.structs.replace(found.layout, columns=columns)


def _complete(file: Path, layout: Layout, side: Side) -> None:
    missing = [name for name in NEEDED[side] if name not in layout.columns]
    if missing:
        raise BadInput(
            f"{file}: no column was found for {', '.join(missing)}; say it by --column"
            f" {missing[0]}=HEADING (or =#3 for the third)",
            pointer="column",
        )


def _write(out: Path | None, head: str, text: str) -> None:
    if out is None:
        print(head + text)
        return
    before = "" if head else out.read_text("utf-8")
    write_new(out, (before + head + text).encode())
    read_mapping(out)
