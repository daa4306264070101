import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.people.negative import CHARACTERS, NAMES

from kumihimo.people.kana import KanaName, canonical_kana, expand_iterations
from kumihimo.people.names import PersonName, RecordedNames, canonical_name, weak_name
from kumihimo.people.text import BadText, admit

JAPANESE = st.text(
    st.characters(min_codepoint=0x3041, max_codepoint=0x30FF)
    | st.characters(min_codepoint=0xFF01, max_codepoint=0xFF9F)
    | st.sampled_from("々〻ー-〜高髙﨑崎 　゛゜\u3099\ufe00"),
    max_size=16,
)
# One name in two registers: the official notices on the family register make these one.
OLD = "渡邊 渡邉 齋藤 齊藤 濱田 濵田 澤田 小嶋 小嶌 髙橋 𠮷田 山﨑 山嵜 髙𣘺 槗本 桒田 冨田 瀧本 眞紀 惠子 廣瀨 德永"
NEW = "渡辺 渡辺 斎藤 斉藤 浜田 浜田 沢田 小島 小島 高橋 吉田 山崎 山崎 高橋 橋本 桑田 富田 滝本 真紀 恵子 広瀬 徳永"
# Where letters touch: marks, dashes, repetition, spaces between what would join.
TOUCHING = st.text(
    st.sampled_from("かカｶハﾊッｯㇷㇷΣß高髙福 ･・·-\u2010ーｰ々ゝゞヽヾ゛゜ﾞﾟ\u3099\u309a\u0301"),
    max_size=9,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙橋　花子", "高橋花子"),
        ("𠮷田　実", "吉田 実"),
        ("佐々木　希", "佐佐木希"),
        ("葛\U000e0100城　翔", "葛城翔"),
        ("SMITH　John", "smith john"),
        ("\uff33\uff2d\uff29\uff34\uff28", "Smith"),
        ("ｽﾐｽ ｼﾞｮﾝ", "スミス　ジョン"),
        ("マイケル・ジャクソン", "マイケルジャクソン"),
        ("ミ-ナ", "ミーナ"),
        *((old, new) for old, new in zip(OLD.split(), NEW.split(), strict=True)),
    ],
)
def test_two_notations_of_a_name_compare_as_one_and_stay_as_they_were_written(one, other):
    assert canonical_name(one) == canonical_name(other)
    assert PersonName.parse(one).reveal() == one
    assert PersonName.parse(one) != PersonName.parse(other)


@pytest.mark.parametrize(("one", "other"), NAMES)
def test_two_names_that_look_or_sound_alike_stay_two(one, other):
    assert canonical_name(one) != canonical_name(other)


def test_no_two_characters_that_look_or_sound_alike_become_one_inside_a_name():
    assert len(CHARACTERS) > 500
    merged = [
        (one, other)
        for one, other in CHARACTERS
        if len(
            {canonical_name(f"{around}{one}子") for around in ("", "山", one)}
            & {canonical_name(f"{around}{other}子") for around in ("", "山", other)}
        )
    ]
    assert merged == []


@given(st.text(max_size=20) | JAPANESE | TOUCHING)
@example("か ･ﾞ-カ")
@example("ｦヾ\u2212")
@example("パヽﾟ")
def test_a_canonical_name_is_its_own_canonical_form(text):
    once, weak = canonical_name(text), weak_name(text)
    assert canonical_name(once) == once
    assert weak_name(weak) == weak == canonical_name(weak) == weak_name(once)


@given(st.text(max_size=250))
def test_no_text_makes_a_name_fail_otherwise_than_by_refusal(text):
    for parse in (PersonName.parse, KanaName.parse, RecordedNames.parse):
        try:
            found = parse(text)
        except BadText:
            continue
        assert text.strip() or isinstance(found, RecordedNames)


@pytest.mark.parametrize(
    "text", ["", "　", "123", "a\x00b", "a\u202eb", "a\u200bb", "\ud800", "a\nb", "あ" * 201]
)
def test_what_no_register_writes_as_a_name_is_refused_by_place_and_not_quoted(text):
    with pytest.raises(BadText) as refused:
        PersonName.parse(text)
    assert not text.strip() or text not in str(refused.value)


@pytest.mark.parametrize("text", ["●橋花子", "〓橋", "高\ufffd", "\ue000田", "?橋"])
def test_a_name_with_a_lost_character_is_kept_and_proves_nothing(text):
    assert not PersonName.parse(text).is_readable


def test_a_whole_name_is_readable():
    assert PersonName.parse("高橋花子").is_readable


def test_an_ideograph_newer_than_the_interpreter_is_a_character_of_a_name():
    assert admit("\U00031350", what="name", limit=1) == "\U00031350"
    with pytest.raises(BadText):
        admit("\U000e0fff", what="name", limit=1)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("高橋［鈴木］　花子", ("高橋　花子", None, "鈴木", None)),
        ("高橋[鈴木]　花子", ("高橋　花子", None, "鈴木", None)),
        ("LI MEI＿李美（高橋　美）", ("LI MEI", "李美", None, "高橋　美")),
        ("SMITH JOHN", ("SMITH JOHN", None, None, None)),
    ],
)
def test_a_former_surname_an_alias_and_a_second_script_are_read_apart(text, parts):
    found = RecordedNames.parse(text, kana="タカハシ　ハナコ")
    told = [
        one.reveal() if one else None
        for one in (found.name, found.kanji, found.former_surname, found.alias)
    ]
    assert tuple(told) == parts
    assert found.kana is not None
    assert found.kana.reveal_canonical() == "タカハシハナコ"
    assert "花" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "高橋［鈴木",
        "高橋］鈴木［",
        "高橋［鈴木］［佐藤］",
        "［］高橋",
        "A＿李＿美",
        "（（美））",
        "［鈴木］",
    ],
)
def test_brackets_that_do_not_pair_are_refused(text):
    with pytest.raises(BadText):
        RecordedNames.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ﾀｶﾊｼ ﾊﾅｺ", "タカハシ　ハナコ"),
        ("たかはし はなこ", "タカハシハナコ"),
        ("ジョン", "ジヨン"),
        ("ミヅホ", "ミズホ"),
        ("サヽキ", "ササキ"),
        ("スゞキ", "スズキ"),
        ("ヲノ", "オノ"),
        ("カ\u3099", "ガ"),
    ],
)
def test_two_notations_of_a_reading_compare_as_one(one, other):
    assert canonical_kana(one) == canonical_kana(other)
    assert KanaName.parse(one).reveal() == one


@pytest.mark.parametrize(
    ("one", "other"), [("オオノ", "オーノ"), ("カナ", "ガナ"), ("ハナ", "パナ"), ("ユウキ", "ユキ")]
)
def test_two_readings_stay_two(one, other):
    assert canonical_kana(one) != canonical_kana(other)


@given(JAPANESE | TOUCHING)
@example("ヴ\u2212ㇷ-")
@example("パヽﾟ")
def test_a_canonical_reading_is_its_own_canonical_form(text):
    once = canonical_kana(text)
    assert canonical_kana(once) == once


@pytest.mark.parametrize("text", ["", "高橋", "TAKAHASHI", "タカハシ1", "タカハシ😀"])
def test_a_reading_holds_kana_only(text):
    with pytest.raises(BadText):
        KanaName.parse(text)


def test_a_mark_of_repetition_with_nothing_before_it_stays():
    assert expand_iterations("々木") == "々木"
    assert expand_iterations("佐々木") == "佐佐木"


SIMPLE = [
    *map(chr, (*range(0x20, 0x7F), *range(0x3041, 0x3097), *range(0x30A1, 0x30FB), 0x3000, 0x30FC)),
    *"々●○◯■□〓一丁高崎髙濵邊鿿",
]


@given(st.text(st.sampled_from(SIMPLE), max_size=12))
@example("ミ-ナ")
@example("佐 々木")
def test_a_simple_name_gets_by_the_short_way_the_form_of_the_long_way(text):
    assert canonical_name(text) == canonical_name(f"{text}\ufe00")  # a mark that is dropped


def test_every_simple_letter_gets_by_the_short_way_the_form_of_the_long_way():
    letters = [*SIMPLE, *map(chr, range(0x4E00, 0xA000))]
    assert [one for one in letters if canonical_name(one) != canonical_name(f"{one}\ufe00")] == []
