"""What the tests about the project itself share: its files, their trees, its pages."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "kumihimo"
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


def sources(*folders):
    """Return the Python files below the folders, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def pages():
    """Return every page of documentation: those at the top and those in `docs`."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def rows(text):
    """Return the cells of every table row of a page, without headers' rules."""
    found = [[cell.strip() for cell in row.split("|")] for row in _ROW.findall(text)]
    return [cells for cells in found if not set("".join(cells)) <= set("-: ")]


def section(text, heading):
    """Return what stands under a heading, up to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    start = text.index(f"{heading}\n") + len(heading)
    following = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE).search(text, start)
    return text[start : following.start() if following else len(text)]
