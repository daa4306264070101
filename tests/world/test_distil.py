"""How the data files were made."""

import gzip
import json
import sqlite3
from importlib.resources import files

import polars as pl
import pytest

from kumihimo.people.numbers import MunicipalityCode
from kumihimo.world import reference
from kumihimo.world.distil import TOWNS_MAX, distil, distil_places


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "codes.csv").write_text(
        "code,prefecture,city,prefecture_kana,city_kana\n"
        "130001,東京都,,ﾄｳｷｮｳﾄ,\n131016,東京都,千代田区,ﾄｳｷｮｳﾄ,ﾁﾖﾀﾞｸ\n"
        "141003,神奈川県,横浜市,ｶﾅｶﾞﾜｹﾝ,ﾖｺﾊﾏｼ\n",
        encoding="utf-8",
    )
    towns = [("13101", "東京都", "千代田区", f"町{'甲' * n}", "マチ") for n in range(100)]
    towns += [
        ("14104", "神奈川県", "横浜市中区", "本町", "ホンチョウ"),
        ("14104", "神奈川県", "横浜市中区", "", ""),
        ("14104", "神奈川県", "横浜市中区", "１丁", "イッチョウ"),
        ("14104", "神奈川県", "横浜市中区", "甲、乙", "コウ"),
        ("99999", "無い県", "無い市", "無い町", "ナイ"),
    ]
    connection = sqlite3.connect(folder / "postal.db")
    connection.execute("CREATE TABLE postal_data (code, data, prefecture, city, neighborhood)")
    for number, (code, prefecture, city, town, kana) in enumerate(towns):
        data = {
            "jisx0402": code, "postal_code": f"{number:07}", "prefecture": prefecture,
            "city": city, "neighborhood": town, "neighborhood_kana": kana, "chome": True,
        }  # fmt: skip
        row = (f"{number:07}", json.dumps(data), prefecture, city, town)
        connection.execute("INSERT INTO postal_data VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    (folder / "last_name_org.csv").write_text("佐藤,1887000,さとう,satou\n", encoding="utf-8")
    for name in ("man", "woman"):
        (folder / f"first_name_{name}_opti.csv").write_text(
            "あきお,akio,秋雄,秋夫,彰\nはるお,haruo,春雄\n", encoding="utf-8"
        )
    return folder


def rows_of(path):
    text = gzip.decompress(path.read_bytes()).decode()
    return [line.split("\t") for line in text.splitlines()]


def made(sources, tmp_path, name):
    out = tmp_path / name
    out.mkdir()
    distil(postal=sources / "postal.db", names=sources, codes=sources / "codes.csv", out=out)
    return out


def test_a_ward_is_part_of_the_town_and_the_city_is_the_municipality(sources, tmp_path):
    rows = rows_of(made(sources, tmp_path, "out") / "towns.tsv.gz")
    assert ["141003", "神奈川県", "横浜市", "0000100", "中区本町", "ホンチョウ", "1"] in rows


def test_towns_with_notes_or_ranges_and_places_without_a_code_are_left_out(sources, tmp_path):
    rows = rows_of(made(sources, tmp_path, "out") / "towns.tsv.gz")
    assert {row[0] for row in rows} == {"131016", "141003"}
    assert sum(row[0] == "141003" for row in rows) == 1
    assert 0 < sum(row[0] == "131016" for row in rows) <= TOWNS_MAX


def test_readings_become_katakana_and_single_characters_are_left_out(sources, tmp_path):
    out = made(sources, tmp_path, "out")
    assert rows_of(out / "surnames.tsv.gz") == [["佐藤", "サトウ", "1887000"]]
    given = rows_of(out / "given.tsv.gz")
    assert {tuple(row) for row in given if row[0] == "1"} == {
        ("1", "秋雄", "アキオ"), ("1", "秋夫", "アキオ"), ("1", "春雄", "ハルオ"),
    }  # fmt: skip


def test_the_same_sources_give_the_same_bytes(sources, tmp_path):
    one, two = made(sources, tmp_path, "one"), made(sources, tmp_path, "two")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()


def test_nearly_every_municipality_of_the_country_can_be_drawn():
    listed = reference.municipalities()
    assert 1_730 < len(listed) <= 1_741
    assert (listed["weight"] > 0).all()
    assert listed["code"].is_unique().all()
    assert listed.filter(listed["name"] == "横浜市")["weight"].item() == 3_777


def test_every_weight_of_a_prefecture_adds_up_to_its_people():
    totals = reference.municipalities().group_by("prefecture").agg(pl.sum("weight"))
    tokyo = totals.filter(prefecture="東京都")["weight"].item()
    assert tokyo == pytest.approx(14_048)


def test_every_foreign_name_has_a_reading():
    for nation in reference.foreign_names():
        for part in (nation.family, nation.male, nation.female):
            assert (part["kana"] != "").all()
            assert len(part) >= 4


def test_the_places_of_addresses_are_read_from_the_same_sources(sources, tmp_path):
    connection = sqlite3.connect(sources / "postal.db")
    rows = [
        ("01407", "北海道", "余市郡仁木町", "北町"),
        ("23214", "愛知県", "蒲郡市", "栄町"),
        ("26104", "京都府", "京都市中京区", "亀屋町"),
        ("26104", "京都府", "京都市中京区", "亀屋町"),
        ("26104", "京都府", "京都市中京区", "上本能寺前町"),
        ("26104", "京都府", "京都市中京区", ""),
        ("26104", "京都府", "京都市中京区", ""),
    ]
    for number, (code, prefecture, city, town) in enumerate(rows):
        data = {
            "jisx0402": code, "postal_code": f"9{number:06}", "prefecture": prefecture,
            "city": city, "neighborhood": town, "neighborhood_kana": "", "chome": False,
        }  # fmt: skip
        row = (f"9{number:06}", json.dumps(data), prefecture, city, town)
        connection.execute("INSERT INTO postal_data VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    distil_places(postal=sources / "postal.db", codes=sources / "codes.csv", out=tmp_path)
    assert (tmp_path / "places.tsv").read_text("utf-8").splitlines() == [
        "014079\t余市郡\t仁木町",
        "131016\t\t千代田区",
        "141003\t\t横浜市",
        "141046\t\t横浜市中区",
        "232149\t\t蒲郡市",
        "261041\t\t京都市中京区",
        "999997\t\t無い市",
    ]
    assert (tmp_path / "kyoto_twice.tsv").read_text("utf-8") == "京都市中京区\t亀屋町\n"


def test_every_code_of_a_place_has_its_check_digit():
    rows = (files("kumihimo.people") / "data" / "places.tsv").read_text("utf-8").splitlines()
    codes = [row.split("\t")[0] for row in rows]
    assert [str(MunicipalityCode.parse(code)) for code in codes] == codes
    assert len(set(codes)) == len(codes)
