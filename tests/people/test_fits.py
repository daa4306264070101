"""Does a reading fit a name? A grade that is right about as often as the page says, and no yes."""

import random
from collections import defaultdict

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kumihimo.people import distil_readings
from kumihimo.people.bank_kana import bank_kana
from kumihimo.people.columns.fits import fits
from kumihimo.people.fits import Grade, fit
from kumihimo.people.kana import canonical_kana
from kumihimo.people.names import canonical_name
from kumihimo.people.readings import Part, _words, in_dictionary
from kumihimo.world.reference import foreign_names, generations, given_names, surnames

KNOWN = [("渡辺", "ワタナベ"), ("高橋", "タカハシ"), ("佐佐木", "ササキ"), ("沢田", "サワダ")]
FITS = (Grade.DICTIONARY, Grade.ALIGNED)


@pytest.mark.parametrize(
    ("name", "kana", "grade", "failed"),
    [
        ("高橋　花子", "タカハシ　ハナコ", "dictionary", ()),
        ("髙橋花子", "ﾀｶﾊｼﾊﾅｺ", "dictionary", ()),
        ("渡邉　一生", "ワタナベ　イッセイ", "dictionary", ()),
        ("佐々木　希", "ササキ　ノゾミ", "dictionary", ()),
        ("井上　はなこ", "イノウエ　ハナコ", "aligned", ()),
        ("霞ヶ関　一", "カスミガセキ　ハジメ", "aligned", ()),
        ("高橋　花子", "タカハシ　タロウ", "partial", ("given",)),
        ("高橋　花子", "ﾀｶﾊｼﾀﾛｳ", "partial", ("given",)),
        ("高橋　花子", "サトウ　ハナコ", "partial", ("surname",)),
        ("高橋　花子", "サトウ　タロウ", "unlikely", ("surname", "given")),
        ("川上　花子", "ガワカミ　ハナコ", "partial", ("surname",)),  # nothing before it voices it
        ("高橋花子", "サトウハナコ", "unlikely", ("whole",)),
        ("高橋　花子", "タカハシ", "partial", ("given",)),
        ("●橋　花子", "タカハシ　ハナコ", "cannot-say", ()),
        ("高橋　花子", "カ)タカハシ", "cannot-say", ()),
        ("高橋　花子", "", "cannot-say", ()),
        ("", "タカハシ", "cannot-say", ()),
        ("高橋　花子", "TAKAHASHI", "cannot-say", ()),
        ("\U00030000　花子", "タカハシ　ハナコ", "cannot-say", ()),
    ],
)
def test_a_reading_gets_a_grade_and_the_part_that_speaks_against_it(name, kana, grade, failed):
    found = fit(name, kana)
    assert (found.grade, found.failed) == (grade, failed)


@pytest.mark.parametrize(
    ("name", "kana", "grade"),
    [
        ("SMITH JOHN PAUL", "スミス　ジョン", "aligned"),
        ("SMITH JOHN", "ジョンスミス", "aligned"),
        ("NGUYEN THI LAN", "グエン・ティ・ラン", "aligned"),
        ("Gonçalves José", "ゴンサルヴェス　ジョゼ", "aligned"),
        ("WANG XIAOMING", "ﾜﾝ ｼﾔｵﾐﾝ", "aligned"),
        ("SMITH JOHN", "スミス　ハナコ", "partial"),
        ("SMITH JOHN", "タナカ　イチロウ", "unlikely"),
        ("SMITH", "タナカ", "unlikely"),
    ],
)
def test_a_foreign_residents_reading_is_compared_by_how_its_letters_sound(name, kana, grade):
    assert fit(name, kana).grade == grade


@pytest.mark.parametrize(
    ("name", "kana"),
    [
        ("三枝　一", "サエグサ　ハジメ"),
        ("国光　一平", "コッコウ　イッペイ"),  # gemination
        ("中島　真帆", "ナカジマ　マホ"),  # voiced
        ("本間　観", "ホンマ　カン"),
        ("山内　翼", "ヤマノウチ　ツバサ"),  # a particle that is not written
        ("長谷部　心愛", "ハセベ　ココア"),  # readings cut short
    ],
)
def test_readings_are_joined_as_names_join_them(name, kana):
    assert fit(name, kana).grade in FITS


def test_a_holder_that_fills_the_banks_field_may_end_before_the_name_does():
    assert fit("勅使河原　権左衛門之助", "テシガワラ　ゴンザエモンノスケ").grade in FITS
    name, kana = "がぎぐげごがぎぐげ　花田二保平戸地理沼留和", "ｶﾞｷﾞｸﾞｹﾞｺﾞｶﾞｷﾞｸﾞｹﾞ ﾊﾅﾀﾆﾎﾍﾄﾁﾘﾇﾏﾙﾜ"
    assert fit(name, kana).grade in FITS
    cut = bank_kana(kana)
    assert len(cut) == 30
    assert fit(name, cut).grade in FITS
    assert fit(name, cut[:-1]).grade == Grade.PARTIAL


def rate(pairs):
    """Return the share of pairs that fit, by weight."""
    total = sum(weight for *_, weight in pairs)
    return sum(w for name, kana, w in pairs if fit(name, kana).grade in FITS) / total


def test_surnames_fit_their_readings_and_hardly_ever_the_reading_of_another():
    names = surnames()
    known = defaultdict(set)
    for name, kana in zip(names.kanji, names.kana, strict=True):
        known[name].add(kana)
    true = list(zip(names.kanji, names.kana, names.weights, strict=True))[:600]
    assert rate([(f"{n}　花子", f"{k}　ハナコ", w) for n, k, w in true]) > 0.999
    others = random.Random(1).sample(list(names.kana), 600)
    false = [
        (f"{n}　花子", f"{k}　ハナコ", w)
        for (n, _, w), k in zip(true, others, strict=True) if k not in known[n]
    ]  # fmt: skip
    assert rate(false) < 0.01


def test_given_names_mostly_fit_their_readings_and_rarely_those_of_others():
    names = given_names(generations()[0], 2)
    known = defaultdict(set)
    for name, kana in zip(names.kanji, names.kana, strict=True):
        known[name].add(kana)
    true = list(zip(names.kanji, names.kana, strict=True))[:800]
    assert rate([(f"高橋　{n}", f"タカハシ　{k}", 1) for n, k in true]) > 0.88
    others = random.Random(1).choices(list(names.kana), k=800)
    pairs = [(n, k) for (n, _), k in zip(true, others, strict=True) if k not in known[n]]
    assert rate([(f"高橋　{n}", f"タカハシ　{k}", 1) for n, k in pairs]) < 0.04


def test_foreign_names_mostly_fit_their_readings_and_rarely_those_of_others():
    words = sorted({
        (a, k)
        for one in foreign_names()
        for part in (one.family, one.male, one.female)
        for a, k in part.select("alphabet", "kana").iter_rows() if a
    })  # fmt: skip
    assert rate([(a, k, 1) for a, k in words]) > 0.95
    others = random.Random(1).choices([k for _, k in words], k=len(words))
    false = [(a, k, 1) for (a, _), k in zip(words, others, strict=True) if (a, k) not in words]
    assert rate(false) < 0.05


@settings(max_examples=30)
@given(
    pairs=st.lists(
        st.tuples(
            st.text(
                st.sampled_from("高橋髙渡邉花子はなケヶー々●ABz　 ・\u3099\U00030000"), max_size=8
            )
            | st.none(),
            st.text(st.sampled_from("タカハシナコｶﾞーッ-　 ・)(A●"), max_size=10) | st.none(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_columns_grade_each_row_as_the_scalar_does_and_no_text_makes_it_fail(pairs):
    names, kanas = (pl.Series([pair[i] for pair in pairs], dtype=pl.String) for i in (0, 1))
    found = fits(names, kanas)
    told = [fit(name or "", kana or "") for name, kana in pairs]
    assert found["grade"].to_list() == [one.grade.value for one in told]
    assert found["failed"].to_list() == [" ".join(one.failed) for one in told]


def test_a_fit_prints_no_name():
    assert "花" not in repr(fit("高橋　花子", "サトウ　ハナコ"))


def test_the_dictionarys_readings_are_kept_whole_as_stem_and_as_noun():
    assert distil_readings.forms_of("とお.る") == {"トオ", "トオル", "トオリ"}
    assert distil_readings.forms_of("-ぶ") == {"ブ"}
    assert distil_readings.forms_of("ショウ") == {"シヨウ"}
    rows = distil_readings.reading_rows([("亨", "とお.る"), ("亨", "コウ"), ("x", "!")])
    assert rows == [("亨", "コウ トオ トオリ トオル")]


def test_words_are_kept_in_canonical_form_with_what_the_dictionary_calls_them():
    rows = distil_readings.word_rows([
        ("渡邊", "わたなべ", "surname"),
        ("渡辺", "わたべ", "surname"),
        ("渡辺", "わたべ", "unclass"),
        ("渡辺", "わたなべ", "place"),
        ("はなこ", "はなこ", "fem"),
        ("花子", "はなこ", "fem"),
        ("花子", "はなこ", "masc"),
        ("花子", "かし", "unclass"),
    ])  # fmt: skip
    assert rows == [("渡辺", "ワタナベ:s ワタベ:s"), ("花子", "カシ:u ハナコ:g")]


def test_the_shipped_words_and_readings_are_in_the_form_that_they_are_compared_in():
    for spelled, kana in KNOWN:
        assert in_dictionary(spelled, kana, Part.SURNAME)
    assert not in_dictionary("渡辺", "ワタナベ", Part.GIVEN)
    words = [*_words().items()][::400]
    assert len(words) > 500
    for spelled, readings in words:
        assert canonical_name(spelled) == spelled
        for reading in readings.split():
            kana, _, kinds = reading.partition(":")
            assert canonical_kana(kana) == kana
            assert kinds
            assert set(kinds) <= set("sgu")
