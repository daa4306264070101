"""A text that ends in a line break fits no pattern of a form: a pattern is of a text's whole."""

import ast
from typing import Annotated

import msgspec
import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.wire import decode_strictly, whole
from tests.meta.project import PACKAGE


class Said(msgspec.Struct):
    word: Annotated[str, msgspec.Meta(pattern=whole("a|b{2}"))]


def called(node, name):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == name


def loose(text):
    """Return the patterns of forms that are not made by `whole`, as they are written."""
    tree = ast.parse(text)
    good = {
        ast.unparse(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value
        and called(node.value, "whole")
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    return [
        ast.unparse(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node, "msgspec.Meta")
        for word in node.keywords
        if word.arg == "pattern"
        and not called(word.value, "whole")
        and ast.unparse(word.value) not in good
    ]


def test_every_pattern_of_a_form_is_of_the_whole_text():
    files = sorted(PACKAGE.rglob("*.py"))
    assert [(file.name, one) for file in files for one in loose(file.read_text("utf-8"))] == []
    assert sum("msgspec.Meta(pattern=whole(" in file.read_text("utf-8") for file in files) > 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A = Annotated[str, msgspec.Meta(pattern='^a$')]", ["'^a$'"]),
        ("P = '^a$'\nA = Annotated[str, msgspec.Meta(min_length=1, pattern=P)]", ["P"]),
        ("P: Final = whole('a')\nA = Annotated[str, msgspec.Meta(pattern=P)]", []),
        ("A = Annotated[str, msgspec.Meta(pattern=whole('a'))]", []),
    ],
)
def test_a_loose_one_would_be_found(text, found):
    assert loose(text) == found


@pytest.mark.parametrize("said", ["a", "bb"])
def test_what_is_whole_fits_and_with_a_line_break_behind_or_more_it_does_not(said):
    assert decode_strictly(msgspec.json.encode({"word": said}), Said).word == said
    for more in (f"{said}\n", f"{said}x", f"x{said}", f"\n{said}"):
        with pytest.raises(BadInput):
            decode_strictly(msgspec.json.encode({"word": more}), Said)
