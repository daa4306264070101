"""やさしい日本語: every text of the portal has it, in short sentences, without hard words."""

import pytest

from kumihimo.kernel.refusal import BadInput, NotAuthentic, Refusal
from kumihimo.rooms.portal import wording
from kumihimo.rooms.portal.helper import telling as of_helper
from kumihimo.rooms.portal.pages import telling
from kumihimo.statute.delegated import delegated_purposes
from kumihimo.statute.law import affairs
from kumihimo.statute.layouts import layouts
from tests.rooms.portal.plain_words import (
    WHY,
    Text,
    hard,
    hard_words,
    in_table,
    in_template,
    lacks,
    texts,
    unnamed,
)

HEADER = "kind\tname\tjapanese\teasy\tenglish\n"


def test_every_text_that_a_person_reads_has_easy_words():
    assert [one for one in texts() if lacks(one)] == []


def test_easy_words_are_easy():
    found = {one.easy: faults for one in texts() if (faults := hard(one.easy))}
    assert found == {}


def test_what_easy_words_say_to_press_or_to_look_at_is_there_under_these_words():
    assert unnamed(texts()) == set()


@pytest.mark.parametrize(
    "easy",
    [
        "いま する ことは ありません。",  # a page of the portal
        "この ぶんしょうに カードで サインします",  # the helper beside the reader
        "なかみへ",  # the frame that all share
        "（かかなくても いい）",  # a component
        "カードを まつ じかんが おわりました。",  # an error at the portal
        "カードを おいて、もういちど おして ください。",  # what comes next, at the helper
        "じゅうみんぜい などの ぜいきん",  # the table
        "いいえ",  # the code
        "この メールに なかみと リンクは ありません。",  # mail
    ],
)
def test_texts_of_each_kind_are_looked_at(easy):
    assert any(easy in one.easy for one in texts())


@pytest.mark.parametrize(
    ("easy", "fault"),
    [
        ("あ" * 51 + "。", "51 characters"),
        ("はい。" + "あ " * 25 + "あ\nはい。", "51 characters"),
        ("見る ことが できない ことは ありません。", "negated twice"),
        ("カードを おかなければ なりません。", "negated twice"),
        ("カードを おかないと、いけません。", "negated twice"),
        ("しらない ひとには おしえないで ください。", "negated twice"),
        ("やくしょに しょうかいしました。", "しょうかい: say きく (noun)"),
        ("「ログイン」を おして ください。", "ログイン: say はいる (loan)"),
        ("カードで 確かめます。", "kanji: 確"),
    ],
)
def test_what_is_hard_is_found(easy, fault):
    assert any(one.startswith(fault) for one in hard(easy)), hard(easy)


@pytest.mark.parametrize(
    "easy",
    [
        "あ" * 50 + "。" + "い" * 50,
        "カードが ない とき、ばんごうが わからない とき",
        "これは ちがいます。なにも しなくて いいです。",
        "はじめて 見る ひと",
        "ブロックの かいしゃ",  # neither ロック nor かいし
    ],
)
def test_what_is_easy_is_not_found(easy):
    assert hard(easy) == []


@pytest.mark.parametrize(
    "source",
    [
        '{{ t("終了", "Sign out") }}',
        """{% if who %}<p aria-label="{{ t('%s を終了' % who, 'End %s' % who) }}"></p>{% endif %}""",
        '{% macro x(t) %}{{ c.button(t("終了", "Sign out"), "first") }}{% endmacro %}',
        "<p>終了</p>",
        '{{ c.button("終了") }}',
    ],
)
def test_a_text_of_a_template_without_easy_words_is_found(source):
    assert [one for one in in_template("a.html", source) if lacks(one)] != []


@pytest.mark.parametrize(
    "source",
    [
        '{{ t("終了", "Sign out", "おわる") }}',
        '{{ t("%s を終了" % who, "End %s" % who if who else "End", "%s を おわる" % who) }}',
        '{{ t("、", ", ") }}（{{ t("English", "日本語") }}）',
    ],
)
def test_a_text_of_a_template_with_easy_words_is_not(source):
    assert [one for one in in_template("a.html", source) if lacks(one)] == []


def test_a_row_of_the_table_without_easy_words_is_found_but_for_names():
    rows = "category\ttax\t税\t\ttax\nlaw\t番号法\t番号法\t\tNumber Act\nbody\tmext\t\t\tMinistry\n"
    assert [one.japanese for one in in_table("t", HEADER + rows) if lacks(one)] == ["税"]


def test_a_button_that_is_named_and_not_there_is_found():
    there = Text("a", "終了", "おわる")
    names = Text("b", "「終了」を押す", "「おわる」を おして ください。")
    assert unnamed([there, names]) == set()
    assert unnamed([names]) == {"おわる"}


def test_each_hard_word_has_a_reason_and_an_easier_one_that_is_easy():
    for row in hard_words():
        assert row["why"] in WHY, row
        assert hard(row["easier"]) == [], row
    terms = [row["term"] for row in hard_words()]
    assert len(terms) == len(set(terms))


def test_what_institutions_tell_of_her_has_easy_words():
    names = [wording.information(one) for one in wording.kinds()]
    names += [wording.item(one.item) for layout in layouts().values() for one in layout.fields]
    names += [wording.purpose(one) for one in delegated_purposes()]
    names += [wording.affair(one.affair) for one in affairs()]
    assert {one.japanese: found for one in names if (found := hard(one.easy))} == {}


@pytest.mark.parametrize(
    ("refusal", "happened", "then"),
    [
        (NotAuthentic(), "がめんが ふるく なりました。", "もういちど はじめて ください。"),
        (BadInput("x", pointer="address"), "メールアドレスでは ありません。", "hanako@example.jp"),
        (Refusal("unforeseen"), "できませんでした。", "なにも かわって いません。"),
    ],
)
def test_what_went_wrong_is_told_in_easy_words(refusal, happened, then):
    easy = telling.told(refusal, "easy")
    assert easy.text == happened
    assert then in easy.next
    for language in ("ja", "furigana", "en"):
        other = telling.told(refusal, language)
        assert happened not in (other.text, other.next), language


def test_the_helper_says_in_easy_words_how_many_tries_are_left():
    easy = of_helper.told(NotAuthentic(), "easy", tries_left=2)
    assert "あと 2かい" in easy.text
    assert (hard(easy.text), hard(easy.next)) == ([], [])
    assert "やくしょで なおせます" in easy.next


def test_a_page_that_is_not_there_says_so_in_easy_words_and_in_the_others(at_portal):
    async def story(house):
        hanako = house.person()
        await hanako.log_in("Hanako")
        await hanako.open("/nowhere")
        assert "このアドレスの画面はありません。" in hanako.page
        await hanako.send("/language", language="easy")
        await hanako.open("/nowhere")
        assert "この がめんは ありません。" in hanako.page
        assert "このアドレスの画面はありません。" not in hanako.page

    at_portal(story)
