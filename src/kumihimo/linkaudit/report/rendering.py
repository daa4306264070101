"""A report as one self-contained HTML file and as a tagged PDF (PDF/UA-1); Japanese, then English.

HTML: no script, nothing loaded, the design tokens of the pages. PDF: set by Typst with the font that
the package carries, so it looks the same on every machine.
"""

import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec
import noto_cjk_sans_jp_regular
import typst
from jinja2 import Environment, PackageLoader, StrictUndefined

from kumihimo.linkaudit.report.parts import Report

_PACKAGE: Final = "kumihimo.linkaudit.report"


def html(reports: Sequence[Report]) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _text("kumihimo.pages", "static/tokens.css") + _text(_PACKAGE, "templates/report.css")
    return environment.get_template("report.html").render(reports=reports, style=style)


def pdf(reports: Sequence[Report]) -> bytes:
    """Return the document."""
    with tempfile.TemporaryDirectory(prefix="kumihimo-") as name:
        place = Path(name)
        (place / "report.json").write_bytes(msgspec.json.encode(list(reports)))
        (place / "report.typ").write_text(_text(_PACKAGE, "templates/report.typ"), "utf-8")
        made = typst.compile(
            str(place / "report.typ"),
            root=name,
            font_paths=[str(Path(str(noto_cjk_sans_jp_regular.FONT_PATH)).parent)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
        )
    assert isinstance(made, bytes)
    return made


def _text(package: str, name: str) -> str:
    return (files(package) / name).read_text("utf-8")
