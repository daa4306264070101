"""One place in many notations is one place; two places are two, however near their notations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.people.negative_addresses import pairs

from kumihimo.people.addresses import (
    KEPT,
    address_parts,
    canonical_address,
    one_letter_each,
    places,
)
from kumihimo.people.identity import FourAttributes, strict_match
from kumihimo.people.lots import LotKind
from kumihimo.people.numerals import read_numerals
from kumihimo.people.places import rows


def wide(text):
    return text.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)})


def arabic(text):
    return text.translate({ord(str(digit)): 0x660 + digit for digit in range(10)})


ONE_PLACE = [
    ("霞が関の丁目", ["千代田区霞が関1-2-3", "千代田区霞ケ関一丁目2番3号", "東京都千代田区霞ヶ関" + wide("1-2-3")]),
    ("札幌の条", ["札幌市中央区北一条西二丁目1番地", "北海道札幌市中央区北1条西2-1"]),
    ("大字と字", ["三河村大字三河字十文字12番地", "三河村三河十文字12"]),
    ("堺の丁", ["堺市南区茶山台1丁2番1号", "大阪府堺市南区茶山台一丁二番一号", "堺市南区茶山台1-2-1"]),
    ("番地だけ", ["港区芝二十三番地", "港区芝23", "港区芝廿三番地", "港区芝弐拾参番地", "港区芝23番"]),
    ("枝番", ["港区芝120番地4", "港区芝120番地の4", "港区芝120-4", "港区芝120ノ4", "港区芝百二十番四"]),
    ("数字いろいろ", ["港区芝2-1-3", "港区芝" + wide("2-1-3"), "港区芝②-①-③", arabic("港区芝2-1-3"), "港区芝二－一－三"]),
    ("丁目の書き方", ["港区芝2丁目1-3", "港区芝2丁目 1番 3号", "港区芝二丁目壱番参号", "港区芝 2ー1ー3"]),
    ("ノ・之・の", ["横浜市中区山ノ内町1", "横浜市中区山之内町1", "横浜市中区山の内町1"]),
    ("ツ", ["新宿区四ッ谷1-2", "新宿区四つ谷1-2", "新宿区四ツ谷1-2"]),
    ("旧字", ["四條畷市中野本町1", "四条畷市中野本町1"]),
    ("々", ["渋谷区代々木1-1", "渋谷区代代木1-1"]),
    ("番丁", ["和歌山市十二番丁10", "和歌山市12番丁10番地"]),
    ("番町", ["千代田区三番町5-2", wide("千代田区3番町5番地2")]),
    ("地割", ["滝沢市大釜第5地割12番地3", "滝沢市大釜五地割12-3", "滝沢市大釜第五地割12の3"]),
    ("北海道の線", ["士幌町字士幌西二線147番地", "士幌町士幌西2線147"]),
    ("甲乙", ["松山市堀江町甲12番地1", "松山市堀江町甲の12の1", "松山市堀江町甲12-1"]),
    ("イロハ", ["羽咋市千里浜町イ12番地", "羽咋市千里浜町イの12", "羽咋市千里浜町イ部12番地"]),
    ("無番地", ["横浜市鶴見区末広町無番地", "横浜市鶴見区末広町番地なし"]),
    ("郡の有無", ["埼玉県児玉郡上里町金久保1051", "児玉郡上里町金久保1051", "埼玉県上里町金久保1051番地"]),
    ("政令市の区", ["京都府京都市中京区上本能寺前町488", "中京区上本能寺前町488番地"]),
    ("通り名", [
        "京都市中京区寺町通御池上る上本能寺前町488", "京都市中京区寺町御池上ル上本能寺前町488番地",
        "京都市中京区河原町通御池西入上本能寺前町488", "京都市中京区上本能寺前町488",
    ]),
    ("通り名の丁目", ["京都市東山区東大路通松原上る四丁目毘沙門町44", "京都市東山区毘沙門町44番地"]),
    ("通り名が要る町", [
        "京都市中京区堺町通御池上る亀屋町1", "京都市中京区堺町通御池上ル亀屋町1番地",
    ]),
    ("郵便番号", ["〒150-0001 東京都渋谷区神宮前1-1-1", "150-0001 渋谷区神宮前1丁目1番1号"]),
    ("建物", [
        "港区芝4丁目2番8号", "港区芝 4-2-8　501", "港区芝4-2-8 コーポ桜501号室", "港区芝4-2-8コーポ桜",
        "港区芝4丁目2番8号501", "港区芝4-2-8 第二寿荘A-501",
    ]),
]  # fmt: skip


def person(address):
    return FourAttributes.parse(name="髙橋　花子", birth="1990-04-01", sex="2", address=address)


@pytest.mark.parametrize(
    "notations", [texts for _, texts in ONE_PLACE], ids=[n for n, _ in ONE_PLACE]
)
def test_the_notations_of_one_place_have_one_core_and_one_person_lives_there(notations):
    assert len({address_parts(text).core for text in notations}) == 1
    held = person(notations[0])
    assert all(strict_match(person(text), held, sex_required=True) for text in notations)


def test_no_two_places_are_taken_for_one():
    found = pairs()
    assert len(found) >= 200
    assert all(one != other for one, other in found)
    assert [pair for pair in found if strict_match(*map(person, pair), sex_required=True)] == []


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("港区芝4-2-8 コーポ桜501号室", "501"),
        ("港区芝4-2-8コーポ桜501", "501"),
        ("港区芝4-2-8 501", "501"),
        ("港区芝4丁目2番8号501号", "501"),
        ("港区芝4丁目2番8号の501号室", "501"),
        ("港区芝4-2-8-501号室", "501"),
        ("港区芝4-2-8 コーポ桜 2-501", "2-501"),
        ("港区芝4-2-8 コーポ桜二〇三号", "203"),
        ("港区芝4-2-8 コーポ桜", ""),
        ("港区芝4-2-8-501", ""),
        ("港区芝4-2-8", ""),
    ],
)
def test_a_room_is_a_number_with_or_without_the_name_of_its_building(text, room):
    assert address_parts(text).room == room


def test_a_fourth_number_may_be_the_room_or_not_and_stays_in_the_lot():
    assert address_parts("港区芝4-2-8-501").lot == "4-2-8-501"
    assert address_parts("港区芝4丁目2番8-501号").lot == "4-2-8-501"


@pytest.mark.parametrize(
    ("lot", "kind"),
    [
        ("2丁目1番3号", LotKind.CHOME),
        ("二丁目", LotKind.CHOME),
        ("2丁1番", LotKind.CHOME),
        ("2番地1", LotKind.BANCHI),
        ("2番", LotKind.BANCHI),
        ("2-1-3", LotKind.UNTOLD),
        ("2の1", LotKind.UNTOLD),
        ("2", LotKind.UNTOLD),
    ],
)
def test_what_the_first_number_counts_is_kept_where_it_is_written(lot, kind):
    assert address_parts(f"港区芝{lot}").lot_kind is kind


@given(chome=st.integers(1, 29), block=st.integers(1, 999), number=st.integers(1, 999))
def test_different_lots_have_different_cores(chome, block, number):
    cores = {
        canonical_address(f"港区芝{lot}")[1]
        for lot in (
            f"{chome}-{block}-{number}",
            f"{chome}-{block}{number}",
            f"{chome}{block}-{number}",
            f"{chome}{block}{number}",
            f"{chome}-{block}-{number}-1",
            f"{chome}-{block}-{number}1",
        )
    }
    assert len(cores) == 6


@pytest.mark.parametrize(
    ("numerals", "value"),
    [
        ("二十三", 23), ("廿三", 23), ("二三", 23), ("弐拾参", 23), ("百二", 102), ("千百一", 1101),
        ("〇", 0), ("十", 10), ("卅", 30), ("二〇三", 203), ("三百二十", 320),
    ],
)  # fmt: skip
def test_numerals_are_read(numerals, value):
    assert read_numerals(numerals) == value


@given(st.integers(1, 9999))
def test_a_number_in_numerals_is_the_number(value):
    digits = "〇一二三四五六七八九"
    positional = "".join(digits[int(one)] for one in str(value))
    units = "".join(
        (digits[int(one)] if one != "1" or not unit else "") + unit
        for one, unit in zip(str(value).zfill(4), ("千", "百", "十", ""), strict=True)
        if one != "0"
    )
    assert read_numerals(positional) == read_numerals(units) == value


@pytest.mark.parametrize(
    ("text", "prefecture", "city"),
    [
        ("東京都港区芝1", "13", "港区"),
        ("港区芝1", "", "港区"),
        ("大阪府港区芝1", "27", "大阪市港区"),
        ("大阪府北区梅田1", "27", "北区"),
        ("府中市本町1", "", "府中市"),
        ("広島県府中市本町1", "34", "府中市"),
        ("八王子市本町1", "13", "八王子市"),
        ("余市郡仁木町北町1", "01", "仁木町"),
        ("北海道仁木町北町1", "01", "仁木町"),
        ("仁木町北町1", "", ""),
        ("川崎町1-2", "", ""),
        ("大島町3-2", "", ""),
        ("札幌市北区北1条1", "01", "札幌市北区"),
        ("札幌市本町1", "01", "札幌市"),
        ("竜ヶ崎市本町1", "08", "竜ケ崎市"),
        ("東京都桜丘1-2", "13", ""),
        ("桜丘1-2", "", ""),
        ("鹿嶋市宮中1", "08", "鹿嶋市"),
        ("鹿島市宮中1", "41", "鹿島市"),
    ],
)
def test_prefecture_and_city_are_restored_only_where_the_name_leaves_no_doubt(
    text, prefecture, city
):
    found = address_parts(text)
    assert (found.prefecture, found.city) == (prefecture, city)


def test_of_two_cities_only_one_pair_differs_by_a_variant_alone():
    written = {name for _, _, name in rows("places.tsv")}
    by_form = {}
    for name in written:
        by_form.setdefault(one_letter_each(name), set()).add(name)
    assert KEPT in written
    assert [found for found in by_form.values() if len(found) > 1] == []


def test_no_two_municipalities_of_a_prefecture_share_a_name():
    found = [(place.prefecture, place.name) for place in places().by_code.values()]
    assert len(set(found)) == len(found) > 1_890


@given(st.text(max_size=400))
def test_every_text_has_parts_and_they_print_nothing(text):
    assert repr(address_parts(f"{text}港区")).startswith("AddressParts(lot_kind=<LotKind.")
