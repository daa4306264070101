"""What the pages say can be followed: every link leads somewhere, every command exists."""

import re
import shlex

import pytest
from cyclopts import App

from kumihimo.run.cli import COMMANDS, build
from tests.meta.project import ROOT, pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"`(\./kumihimo[^`]*)`")
TEST_ID = re.compile(r"`(tests/[a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")
# Names of commands to come may stand where the page says that they are not there yet.
OF_THE_FUTURE = "docs/limits.md"
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]


def anchors(text):
    return {
        re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in HEADING.findall(text)
    }


def commands_of(text):
    """Return the commands quoted on a page, in fences or in a line, without comments."""
    lines = [line.strip() for fence in FENCE.findall(text) for line in fence.splitlines()]
    quoted = [line.removeprefix("$ ") for line in lines] + QUOTED.findall(FENCE.sub("", text))
    found = [line.partition(" #")[0].strip() for line in quoted]
    return [line for line in found if line.startswith("./kumihimo")]


def spelled(line):
    """Return the command lines a quotation stands for: `a|b` is two, `[...]` may be left out."""
    words = shlex.split(line.replace("[", " ").replace("]", " "))[1:]
    lines = [[]]
    for word in words:
        lines = [[*line, choice] for line in lines for choice in word.split("|")]
    return lines


def wrong_with(app: App, words):
    """Return what a stranger who types this would be told, or None."""
    if words[:1] in ([], ["--help"], ["--version"]):
        return None
    chain, apps, rest = app.parse_commands(words)
    if not chain:
        return f"there is no command {words[0]}"
    if apps[-1].default_command is None and "--help" not in rest:
        return f"{' '.join(chain)} needs a command after it"
    known = {name for one in apps[-1].assemble_argument_collection() for name in one.names}
    own = rest[: rest.index("--")] if "--" in rest else rest  # what follows is another program's
    flags = {word.partition("=")[0] for word in own if word.startswith("--")}
    unknown = flags - known - {"--help"}
    return f"{' '.join(chain)} knows no {', '.join(sorted(unknown))}" if unknown else None


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_and_a_heading_that_exist(page):
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text("utf-8")), target


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_quotes_is_one_that_exists(page):
    app = build()
    coming = {command.name for command in COMMANDS if not command.exists()}
    for line in commands_of(page.read_text("utf-8")):
        for words in spelled(line):
            if page == ROOT / OF_THE_FUTURE and words[:1] and words[0] in coming:
                continue
            assert wrong_with(app, words) is None, line


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_exists(page):
    for path, name in TEST_ID.findall(page.read_text("utf-8")):
        assert (ROOT / path).exists(), path
        if name:
            assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path}::{name}"


def test_a_command_or_a_flag_that_does_not_exist_would_be_told():
    app = build()
    assert wrong_with(app, ["statute", "explain", "--requester", "x"]) is None
    assert wrong_with(app, ["statute", "explain", "--reqester", "x"])
    assert wrong_with(app, ["statute", "explanation"])
    assert wrong_with(app, ["card", "run", "a.card", "--", "program", "--its-own"]) is None
    assert wrong_with(app, ["card", "run", "a.card", "--not-its-own", "--", "program"])
    assert wrong_with(app, ["statue"])
    assert spelled("./kumihimo statute explain|diff [--on DATE]") == [
        ["statute", "explain", "--on", "DATE"],
        ["statute", "diff", "--on", "DATE"],
    ]


def test_both_readmes_give_the_same_commands():
    english, japanese = (
        commands_of((ROOT / name).read_text("utf-8")) for name in ("README.md", "README.ja.md")
    )
    assert english == japanese
    assert english


def test_both_readmes_link_to_the_same_pages():
    english, japanese = (
        set(LINK.findall((ROOT / name).read_text("utf-8")))
        for name in ("README.md", "README.ja.md")
    )
    assert english - {"README.ja.md"} == japanese - {"README.md"}


def test_every_page_of_the_documentation_is_in_its_index():
    index = ROOT / "docs" / "README.md"
    listed = {
        (index.parent / target.partition("#")[0]).resolve()
        for target in LINK.findall(index.read_text("utf-8"))
    }
    every = {page for page in (ROOT / "docs").rglob("*.md") if page != index}
    assert sorted(every - listed) == []
