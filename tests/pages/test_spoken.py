"""Templates in one language say what the teller would have said, and nothing of another language."""

from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined

from kumihimo.pages.engine import LANGUAGES
from kumihimo.pages.spoken import SpokenTemplates, teller

TEMPLATES = {
    "parts.html": '{% macro part(t, one) %}<b title="{{ t("題名", "Title", "だい") }}">'
    '{{ t("%s番" % one, "No. %s" % one, "%s ばん" % one) }}</b>{% endmacro %}',
    "frame.html": "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
    "page.html": '{% extends "frame.html" %}{% import "parts.html" as p %}'
    '{% block title %}{{ t("情報 <1> & 2", "Data <1> & 2", "") }}{% endblock %}'
    "{% block body %}{{ p.part(t, one) }}"
    '{{ [1, 2] | join(t("、", ", ")) }}{{ t("記録", "Record") }}{{ t("%s" % one, one, nothing) }}'
    '{{ p.part(t, t("外", "out", "そと")) }}{{ t("中" + t("内", "in"), "in") | upper }}'
    '{% if t("", "x") %}english{% endif %}{% set says = t("一", "one", "いち") %}{{ says }}'
    "{{ t(*words) }}{{ t(*(words[1:])) }}"
    '{{ {"a": t("甲", "A")}["a"] }}{{ t("%d日 " % 3 ~ "情報", "day", "ひ") }}{% endblock %}',
}
GIVEN = {"one": "<i>&", "nothing": "", "words": ("語", "word", "ことば")}


def rendered(environment, language):
    return environment.get_template("page.html").render(t=teller(language), **GIVEN)


def how() -> dict[str, Any]:
    return {
        "loader": DictLoader(TEMPLATES),
        "autoescape": True,
        "undefined": StrictUndefined,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_byte_for_byte_what_it_was_when_each_text_was_chosen_as_it_was_made(language):
    spoken = SpokenTemplates(language, **how())
    assert rendered(spoken, language) == rendered(Environment(**how()), language)


def test_each_language_has_its_own_texts_whoever_hands_in_which_teller():
    said = {one: rendered(SpokenTemplates(one, **how()), "ja") for one in LANGUAGES}
    assert len(set(said.values())) == len(LANGUAGES)
    assert "&lt;i&gt;&amp; ばん" in said["easy"]
    assert "題名" not in said["en"]
    assert "Data" not in said["ja"]


def test_a_text_that_is_known_is_no_call_any_more_and_one_that_is_not_still_is():
    source = '{{ t("情報", "Data") }}{{ t("%s情報" % one, "Data %s" % one) }}'
    assert "call(" not in str(SpokenTemplates("ja").compile(source, raw=True))
    assert "call(" in str(SpokenTemplates("furigana").compile(source, raw=True))
    assert "call(" in str(Environment().compile(source, raw=True))
    handed_in = "{{ t(*words) }}"
    assert "call(" in str(SpokenTemplates("ja").compile(handed_in, raw=True))
