"""やさしい日本語: short sentences, no "not … not", no word of an office, and every text of a page has it."""

import csv
import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.meta.project import PACKAGE

SENTENCE_MAX = 50
KANJI = re.compile("[一-龥々]")
# What a child of the first grade reads, and a foreigner after some weeks.
FEW = set("見日分月年人")
TWICE = re.compile(
    "ない(こと|わけ|の)?(は|も|では)?\\s*(ない|ありません)|なくは\\s*(ない|ありません)|ざるを"
)
CONDITION = re.compile("ない(と|ければ)[^。、]*(ません|ない)")
# Names of laws, offices and systems are no words of ours; they stand as the law has them.
NAMES = {"law", "body"}


def hard_words():
    text = (Path(__file__).parent / "easy.tsv").read_text("utf-8")
    return {row["hard"]: row["say"] for row in csv.DictReader(text.splitlines(), delimiter="\t")}


HARD = hard_words()


def faults(easy):
    """Return what is wrong with a text in やさしい日本語."""
    found = []
    for sentence in re.split("[。？！\n]", easy):
        letters = "".join(sentence.split())
        if len(letters) > SENTENCE_MAX:
            found.append(f"{len(letters)} characters: {sentence}")
        if TWICE.search(letters) or CONDITION.search(letters):
            found.append(f"no and no: {sentence}")
    found += [f"kanji {one}: {easy}" for one in sorted(set(KANJI.findall(easy)) - FEW)]
    found += [f"{hard}, say {say}: {easy}" for hard, say in HARD.items() if hard in easy]
    return found


def plain(node):
    """Return the text of an argument, before anything is filled in."""
    if isinstance(node, nodes.Const):
        return str(node.value)
    return plain(node.left) if isinstance(node, nodes.Mod) else ""


def said(source):
    """Return of each text that a template says the Japanese and the easy words."""
    for call in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t":
            japanese, _, *easy = map(plain, call.args)
            yield japanese, "".join(easy)


def without(source):
    """Return what a template says in the words of an office alone."""
    return [japanese for japanese, easy in said(source) if KANJI.search(japanese) and not easy]


TEMPLATES = [
    *sorted((PACKAGE / "rooms/portal").glob("**/templates/*.html")),
    *(PACKAGE / "pages/templates" / f"{name}.html" for name in ("base", "components", "room")),
]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_page_says_everything_in_easy_words_too(path):
    source = path.read_text("utf-8")
    assert without(source) == []
    assert [fault for _, easy in said(source) for fault in faults(easy)] == []


def table():
    text = (PACKAGE / "rooms/portal/data/plain.tsv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_words_for_what_institutions_do_and_for_what_went_wrong_are_easy():
    ours = [row for row in table() if row["kind"] not in NAMES]
    assert {row["kind"] for row in ours} >= {"affair", "item", "outcome", "problem", "next"}
    assert [row["name"] for row in ours if not row["easy"]] == []
    found = {(row["kind"], row["name"]): faults(row["easy"]) for row in ours}
    assert {which: faulty for which, faulty in found.items() if faulty} == {}


@pytest.mark.parametrize(
    ("easy", "told"),
    [
        ("やくしょに きいて ください。", []),
        ("あ" * 50 + "。" + "い" * 50, []),
        ("あ" * 51, ["51 characters: " + "あ" * 51]),
        ("できない ことは ありません", ["no and no: できない ことは ありません"]),
        ("カードが ないと 見られません", ["no and no: カードが ないと 見られません"]),
        ("カードが ない ときは 見られます", []),
        ("機に きく", ["kanji 機: 機に きく"]),
        ("ていしゅつ して ください", ["ていしゅつ, say だす: ていしゅつ して ください"]),
    ],
)
def test_what_is_not_easy_would_be_found(easy, told):
    assert faults(easy) == told


def test_a_text_without_easy_words_would_be_found():
    assert without(
        "{{ t('機関', 'body') }}{{ t('%d番' % n, 'x', '%d ばん' % n) }}{{ t('、', ', ') }}"
    ) == ["機関"]
