"""Furigana: over the words that our pages say themselves, where text is shown, and over nothing else."""

import re

import pytest

from kumihimo.pages import furigana
from tests.meta.project import PACKAGE

SAID = re.compile(r"""\bt\(\s*(["'])(.*?)\1\s*[,)%]""")
KANJI = re.compile("[一-龥々]")


def ruby(term, reading):
    return f"<ruby>{term}<rp>(</rp><rt>{reading}</rt><rp>)</rp></ruby>"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("機関に尋ねる", f"{ruby('機関', 'きかん')}に{ruby('尋', 'たず')}ねる"),
        ("個人番号", ruby("個人番号", "こじんばんごう")),
        ("番号", ruby("番号", "ばんごう")),
        ("あと3日", f"あと3{ruby('日', 'にち')}"),
        ("送られた日", f"{ruby('送', 'おく')}られた{ruby('日', 'ひ')}"),
        ("入る", f"{ruby('入', 'はい')}る"),
        ("入れる", f"{ruby('入', 'い')}れる"),
        ("カード", "カード"),
        ("日本年金機構が、新宿区に", "日本年金機構が、新宿区に"),
    ],
)
def test_a_term_has_its_reading_over_its_kanji_alone(said, shown):
    assert furigana.shown(f"<p>{furigana.marked(said)}</p>") == f"<p>{shown}</p>"


@pytest.mark.parametrize(
    "page",
    [
        "<title>{}</title>",
        '<p aria-label="{}"></p>',
        "<select><option>{}</option></select>",
        "<textarea>{}</textarea>",
    ],
)
def test_where_no_ruby_can_be_the_text_is_as_without(page):
    said = "あなたの情報を見た機関"
    assert furigana.shown(page.format(furigana.marked(said))) == page.format(said)
    assert "<ruby>" in furigana.shown(page.format("") + furigana.marked(said)), "and then again"


def test_what_comes_from_elsewhere_makes_no_tag_of_its_own():
    for text in ("\ue000&lt;b&gt;\ue001x", "\ue000\ue001\ue002", "\ue002\ue001\ue000", "機関"):
        page = furigana.shown(f"<p>{text}</p>")
        assert re.sub("</?(ruby|rp|rt|p)>", "", page).count("<") == 0
    assert furigana.shown("<p>機関 知子</p>") == "<p>機関 知子</p>"


def unread(said):
    """Return the kanji of a text that stay without a reading."""
    return KANJI.findall(re.sub("\ue000[^\ue001]*\ue001", "", furigana.marked(said)))


def test_every_word_that_the_portals_pages_say_has_a_reading():
    templates = [
        *(PACKAGE / "rooms/portal").glob("**/templates/*.html"),
        PACKAGE / "pages/templates/base.html",
        PACKAGE / "pages/templates/components.html",
    ]
    said = {
        text.replace("%d", "1")
        for path in templates
        for _, text in SAID.findall(path.read_text("utf-8"))
    }
    assert {text: unread(text) for text in said if unread(text)} == {}


def test_every_word_about_what_went_wrong_has_a_reading():
    table = (PACKAGE / "rooms/portal/data/plain.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in table]
    said = {row[2] for row in rows if row[0] in {"problem", "next"}}
    assert len(said) > 40
    assert {text: unread(text) for text in said if unread(text)} == {}


def test_the_table_has_no_term_twice_and_readings_are_kana():
    text = (PACKAGE / "pages/data/furigana.tsv").read_text("utf-8").splitlines()[1:]
    terms = [line.split("\t")[0] for line in text]
    assert len(terms) == len(set(terms))
    assert all(re.fullmatch("[ぁ-んー]+", line.split("\t")[1]) for line in text)
