"""What fits on a page is read: files and functions stay small, and no file is a drawer."""

import ast

from tests.meta.project import ROOT, sources, tree

FILE_MAX = 400
# A test file may hold the tables of its cases too.
TEST_FILE_MAX = 450
FUNCTION_MAX = 60
DRAWERS = {"utils", "util", "helpers", "common", "misc", "shared"}


def too_long(path):
    limit = FILE_MAX if (ROOT / "src") in path.parents else TEST_FILE_MAX
    lines = len(path.read_text("utf-8").splitlines())
    if lines >= limit:
        yield f"{path.relative_to(ROOT)}: {lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            if lines >= FUNCTION_MAX:
                yield f"{path.relative_to(ROOT)}: {node.name}: {lines} lines"


def test_a_file_and_its_functions_can_be_read_at_one_sitting():
    assert [found for path in sources("src", "tests") for found in too_long(path)] == []


def test_a_file_is_named_for_what_it_holds():
    assert [path for path in sources("src", "tests") if path.stem in DRAWERS] == []


def test_a_function_that_is_too_long_would_be_told(tmp_path, monkeypatch):
    long = tmp_path / "long.py"
    long.write_text("def f():\n" + "    pass\n" * FUNCTION_MAX + "\n" * TEST_FILE_MAX)
    monkeypatch.setattr("tests.meta.test_sizes.ROOT", tmp_path)
    assert len(list(too_long(long))) == 2


def test_nobody_replaces_behaviour_by_a_mock():
    for path in sources("src", "tests"):
        for node in ast.walk(tree(path)):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not any("mock" in name for name in names), path


def test_no_test_is_skipped():
    marks = {"skip", "skipif", "xfail", "importorskip"}
    for path in sources("tests"):
        used = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        assert not used & marks, path
