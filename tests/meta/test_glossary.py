"""One term, one word: the glossary and the code name the same things."""

import ast
import importlib
import inspect
import re
from functools import cache

import pytest

from kumihimo.kernel.refusal import Refusal
from tests.meta.project import PACKAGE, ROOT, rows, sources, tree

# Public classes without a term of their own, and why.
WITHOUT_A_TERM = {
    "Received": "an acknowledgement: how many were new",
    "Nothing": "an empty question",
    "Collected": "the answer to `Collect`: a list of `Evaluated`",
    "Designations": "a list of `Designated`",
    "Grants": "the answer to a batch: a list of `Granted`, and the sheets",
    "StrictBatch": "a list of `StrictInquiry`",
}
# A list of things that have a row is named after them: `Ends`, `EventBatch`, `WhoAskedList`.
LISTS = re.compile(r"(?P<thing>[A-Za-z]+?)(?:ies|es|s|Batch|List)")
CODE = re.compile(r"`([^`]+)`")
PUBLIC = ("rooms/*/api.py", "people/*.py", "statute/*.py")


@cache
def glossary():
    found = rows((ROOT / "GLOSSARY.md").read_text("utf-8"))
    return [row for row in found if row[0] != "日本語"]


@cache
def names():
    return {name for row in glossary() for name in CODE.findall(row[2])}


def used():
    """Return every identifier, every string literal, and every word of SQL and of the data."""
    found = set()
    for path in sources("src"):
        found.update(path.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.walk(tree(path)):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                    found.add(name)
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    found.add(name)
                case ast.AsyncFunctionDef(name=name) | ast.alias(name=name):
                    found.add(name)
                case ast.Constant(value=str(text)):
                    found.add(text)
                case _:
                    pass
    for path in [*PACKAGE.rglob("*.sql"), *PACKAGE.rglob("*.tsv")]:
        found.update(re.findall(r"[A-Za-z][A-Za-z0-9_-]*", path.read_text("utf-8")))
    return found


def public_classes():
    for pattern in PUBLIC:
        for path in sorted(PACKAGE.glob(pattern)):
            module = importlib.import_module(
                ".".join(("kumihimo", *path.relative_to(PACKAGE).with_suffix("").parts))
            )
            for name, found in inspect.getmembers(module, inspect.isclass):
                own = found.__module__ == module.__name__ and not name.startswith("_")
                if own and not issubclass(found, Refusal):
                    yield name


def has_a_row(name):
    if name in names() or name in WITHOUT_A_TERM:
        return True
    listed = LISTS.fullmatch(name)
    stems = (listed["thing"], f"{listed['thing']}y") if listed else ()
    return any(stem in names() for stem in stems)


@pytest.mark.parametrize("row", glossary(), ids=lambda row: f"{row[0]}, {row[1]}")
def test_every_row_says_the_term_the_word_the_name_and_where_it_comes_from(row):
    assert len(row) == 4
    assert all(row)
    assert CODE.search(row[2])


def test_no_row_stands_twice():
    terms = [(row[0], row[1]) for row in glossary()]
    assert sorted(terms) == sorted(set(terms))


def test_every_name_of_the_glossary_is_in_the_code():
    found = used()
    missing = {
        name
        for name in names()
        if name not in found and not all(part in found for part in name.split("."))
    }
    assert not missing, "these rows name nothing in src; correct or remove them"


def test_every_public_class_has_a_row_in_the_glossary():
    without = sorted({name for name in public_classes() if not has_a_row(name)})
    assert not without, "add rows to GLOSSARY.md (refusals need none)"


def test_no_class_is_excused_that_is_gone_or_has_a_row():
    public = set(public_classes())
    for name in WITHOUT_A_TERM:
        assert name in public
        assert name not in names()


def test_a_class_without_a_row_would_be_told():
    assert has_a_row("Inquiry")
    assert has_a_row("InquiryBatch")
    assert not has_a_row("Superintendent")
    assert not has_a_row("Superintendents")
