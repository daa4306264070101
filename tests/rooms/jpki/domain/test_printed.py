import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.jpki.domain.places import places, romanise
from kumihimo.rooms.jpki.domain.printed import new_id, printed, printed_birth
from tests.rooms.jpki.made import HANAKO


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1990-01-02", "419900102"),
        ("1899-12-01", "118991201"),
        ("昭和64年1月7日", "319890107"),
        ("平成元年1月8日", "419890108"),
        ("2019-04-30", "420190430"),
        ("令和元年5月1日", "520190501"),
        ("1926-12-24", "219261224"),
        ("1912-07-29", "119120729"),
        ("1989年不詳", "419890000"),
        ("1850-01-01", "018500101"),
    ],
)
def test_a_birth_date_carries_the_digit_of_its_era(written, shown):
    assert printed_birth(written) == shown


@given(st.dates())
def test_every_date_is_written_in_nine_digits_that_say_it(day):
    if day.year < 1000:
        return
    shown = printed_birth(day.isoformat())
    assert len(shown) == 9
    assert shown[1:] == day.isoformat().replace("-", "")


@pytest.mark.parametrize(("sex", "digit"), [("男", "1"), ("2", "2"), ("", "9"), ("不明", "9")])
def test_sex_is_one_digit(sex, digit):
    assert printed(msgspec.structs.replace(HANAKO, sex=sex)).sex == digit


def test_flags_of_substitutes_stand_for_each_character():
    shown = printed(HANAKO)
    assert shown.name_substitutes == "0" * len(HANAKO.name)
    marked = msgspec.structs.replace(HANAKO, name_substitutes="10000")
    assert printed(marked).name_substitutes == "10000"
    for wrong in ("1", "000000", "0000x"):
        with pytest.raises(BadInput):
            printed(msgspec.structs.replace(HANAKO, name_substitutes=wrong))


def test_an_id_has_22_characters_the_municipality_and_no_meaning_else():
    drawn = {new_id(SystemEntropy(), ca="auth", municipality="131032") for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(one) == 22 and one.endswith("13103A") for one in drawn)


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("トウキョウ-ト", "Tokyo-to"),
        ("キヨセ-シ", "Kiyose-shi"),
        ("サッポロ-シ", "Sapporo-shi"),
        ("ホッカイドウ", "Hokkaido"),
        ("シンジュク-ク", "Shinjuku-ku"),
        ("グンマ-ケン", "Gumma-ken"),
        ("チョウフ-シ", "Chofu-shi"),
        ("ハッチョウ-ムラ", "Hatcho-mura"),
    ],
)
def test_places_are_romanised_by_rule(kana, latin):
    assert romanise(kana) == latin


def test_every_municipality_has_a_list_of_its_own():
    found = places()
    assert len(found) == 1741
    assert len(set(found.values())) == 1741
    assert found["131032"].city == "Minato-ku"
    assert all(p.city.isascii() and "-" in p.city for p in found.values())
