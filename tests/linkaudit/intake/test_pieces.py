"""Parquet files are taken in piece by piece, and what comes of them is what comes of one file."""

from datetime import date

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kumihimo.linkaudit.intake import laying, parquets
from kumihimo.linkaudit.intake.cells import TEXT_CHARS_MAX, Reading, read_cells
from kumihimo.linkaudit.intake.taking import take_in
from kumihimo.linkaudit.schema import ROWS, Fault
from kumihimo.linkaudit.splicing import NotAlike, heights, splice
from kumihimo.linkaudit.workers import Team
from kumihimo.people.births import BadBirthDate, BirthDate
from kumihimo.people.check_digits import NumberSpace
from tests.linkaudit.intake.files_of_offices import HEADING, mapping, number

OWN = {"columns": {name: name for name in ROWS if name != "row"}}
FIELD = st.sampled_from(
    [
        "",
        " ",
        "山田　太郎",
        "r1",
        "r2",
        "a\nb",
        "●",
        number(1),
        number(2)[1:],
        "1970-01-02",
        "x" * 600,
    ]
)


def clean(first, count, **other):
    """Return rows in the audit's own columns in which nothing has to be looked at twice."""
    rows = [
        dict.fromkeys(ROWS, "")
        | {
            "row": n,
            "record_id": f"r{n:05}",
            "number": number(n),
            "name": "山田　太郎",
            "birth": "1970-01-02",
            "affair": "年金",
        }
        for n in range(first, first + count)
    ]
    table = pl.DataFrame(rows, schema=ROWS).with_columns(pl.col(pl.String).replace("", None))
    return table.with_columns(**other)


def parts(folder, *tables):
    folder.mkdir()
    for n, table in enumerate(tables):
        table.write_parquet(folder / f"{n}.parquet")
    return folder


def watched(monkeypatch):
    """Return where the columns of each table that is encoded will stand."""
    encoded = []
    write = pl.DataFrame.write_parquet
    monkeypatch.setattr(
        pl.DataFrame,
        "write_parquet",
        lambda frame, *how, **more: encoded.append(frame.columns) or write(frame, *how, **more),
    )
    return encoded


def test_columns_of_what_is_clean_are_taken_as_they_lie(tmp_path, monkeypatch):
    tables = [clean(n, 500).with_columns(phone=pl.lit("03")) for n in (1, 501)]
    given = parts(tmp_path / "in", *(one.select(pl.exclude("row")) for one in tables))
    encoded = watched(monkeypatch)
    told = take_in(mapping(**OWN), "rows", given, tmp_path)
    assert {name for one in encoded for name in one if "fault" not in one} == {"row"}
    kept = pl.read_parquet(tmp_path / "rows" / "*.parquet")
    assert kept.equals(clean(1, 1000))
    assert (told.rows_in, told.rows_out, told.rows_listed) == (1000, 1000, 0)


def test_a_file_that_only_its_reader_can_take_apart_is_written_anew(tmp_path, monkeypatch):
    def cannot(*_):
        raise NotAlike

    monkeypatch.setattr(laying, "weave", cannot)
    take_in(mapping(**OWN), "rows", parts(tmp_path / "in", clean(1, 5)), tmp_path)
    assert pl.read_parquet(tmp_path / "rows" / "*.parquet").equals(clean(1, 5))


@pytest.mark.parametrize("tall", [(3, 5, 2), (3, 3, 2), (2, 3), (0, 4), (4,)])
def test_groups_of_any_height_keep_the_numbers_of_their_rows(tmp_path, monkeypatch, tall):
    whole = clean(1, sum(tall)).drop("row", "account")
    files = [tmp_path / f"{n}" for n in range(len(tall))]
    for n, file in enumerate(files):
        whole[sum(tall[:n]) : sum(tall[: n + 1])].write_parquet(file)
    (tmp_path / "in").mkdir()
    given = tmp_path / "in" / "0.parquet"
    splice(files, given)
    columns = {name: name for name in whole.columns}
    encoded = watched(monkeypatch)
    take_in(mapping(columns=columns), "rows", tmp_path / "in", tmp_path)
    assert {name for one in encoded for name in one if "fault" not in one} == {"row", "account"}
    (kept,) = (tmp_path / "rows").glob("*.parquet")
    assert heights(kept) == heights(given)
    assert pl.read_parquet(kept).equals(clean(1, sum(tall)))


def test_only_columns_that_are_asked_are_read(tmp_path):
    place = parts(tmp_path / "in", clean(1, 5))
    (piece,) = parquets.pieces(place)
    name = f"c{1 + list(ROWS).index('name')}"
    assert piece.read({name}).columns == ["line", "fault", "at", name]
    assert piece.read({name}).equals(piece.read().select("line", "fault", "at", name))


def test_a_column_joined_of_two_is_not_taken_for_the_first(tmp_path):
    columns = OWN["columns"] | {"record_id": ["record_id", "affair"]}
    take_in(mapping(columns=columns), "rows", parts(tmp_path / "in", clean(1, 2)), tmp_path)
    kept = pl.read_parquet(tmp_path / "rows" / "*.parquet")
    assert kept["record_id"].to_list() == ["r00001-年金", "r00002-年金"]


@pytest.mark.parametrize(
    "other",
    [
        {"row": pl.col("row") + 1},
        {"name": pl.lit("山田　太郎\n")},
        {"name": pl.lit("")},
        {"birth": pl.lit("1970-01-02 ")},
        {"number": pl.concat_str(pl.lit("　"), "number")},
        {"number": pl.lit("1")},
        {"phone": pl.lit("03")},
        {"record_id": pl.lit("r1")},
    ],
    ids=["counts", "break", "empty", "space", "wide space", "check digit", "more", "repeated"],
)
def test_what_is_not_is_written_anew(tmp_path, other):
    table = clean(1, 5, **other)
    take_in(mapping(**OWN), "rows", parts(tmp_path / "in", table), tmp_path)
    (kept,) = sorted((tmp_path / "rows").glob("*.parquet"))
    out = pl.read_parquet(kept)
    assert out.columns == list(ROWS)
    assert not out.equals(table)
    bad = pl.read_parquet(tmp_path / "bad_rows.parquet")
    assert sorted([*out["row"], *bad["row"]]) == [1, 2, 3, 4, 5]


def test_a_column_that_the_mapping_does_not_name_is_not_kept(tmp_path):
    columns = {name: name for name in ROWS if name not in {"row", "account"}}
    table = clean(1, 5, account=pl.lit("0001-001-1-0000001"))
    take_in(mapping(columns=columns), "rows", parts(tmp_path / "in", table), tmp_path)
    assert pl.read_parquet(tmp_path / "rows" / "*.parquet")["account"].null_count() == 5


@given(rows=st.lists(st.lists(FIELD, min_size=4, max_size=4), min_size=1, max_size=14))
@settings(max_examples=60)
def test_pieces_say_what_the_whole_file_says(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("pieces")
    table = pl.DataFrame(rows, schema=HEADING, orient="row")
    told, out, bad = {}, {}, {}
    for name, size in (("whole", 100), ("pieces", 3)):
        place = folder / name
        place.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parquets, "BLOCK_ROWS", size)
            given = parts(place / "in", table[:5], table[5:])
            told[name] = take_in(mapping(), "rows", given, place)
        kept = sorted((place / "rows").glob("*.parquet"))
        out[name] = pl.concat([pl.read_parquet(one) for one in kept])
        bad[name] = pl.read_parquet(place / "bad_rows.parquet")
    assert told["pieces"] == told["whole"]
    assert out["pieces"].equals(out["whole"])
    assert bad["pieces"].equals(bad["whole"])
    while rows and not any(field.strip() for field in rows[-1]):
        rows.pop()
    assert told["whole"].rows_in == len(out["whole"]) + len(bad["whole"]) == len(rows)


def test_processes_change_nothing(tmp_path):
    table = clean(1, 40, number=pl.when(pl.col("row") == 7).then(pl.lit("7")).otherwise("number"))
    given = parts(tmp_path / "in", table[:20], table[20:])
    seen = []
    with Team.at_work(2, lambda *told: seen.append(told)) as team:
        told = take_in(mapping(**OWN), "rows", given, tmp_path, team=team)
    assert ("rows", 40, 40) in seen
    assert (told.rows_in, told.rows_out) == (40, 39)
    assert told == take_in(mapping(**OWN), "rows", given, tmp_path)


def test_a_file_of_no_row_has_none(tmp_path):
    told = take_in(mapping(**OWN), "rows", parts(tmp_path / "in", clean(1, 1)[:0]), tmp_path)
    assert (told.rows_in, told.rows_listed) == (0, 0)


@pytest.mark.parametrize(
    ("ids", "repeated"),
    [
        ([4, 5, 6], []),
        ([3, 4, 5], [(4, "r00003")]),
        ([9, 2, 10], [(5, "r00002")]),
        ([9, 9, 10], [(5, "r00009")]),
    ],
)
def test_an_id_that_stood_in_another_part_is_found(tmp_path, ids, repeated):
    later = clean(4, 3, record_id=pl.Series([f"r{n:05}" for n in ids]))
    given = parts(tmp_path / "in", clean(1, 3), later)
    told = take_in(mapping(**OWN), "rows", given, tmp_path)
    bad = pl.read_parquet(tmp_path / "bad_rows.parquet")
    assert bad.select("row", "record_id").rows() == repeated
    assert set(bad["fault"]) <= {Fault.REPEATED}
    assert told.rows_out == 6 - len(repeated)
    # The file that was given is not touched.
    assert len(pl.read_parquet(given / "1.parquet")) == 3


def read(name, texts):
    reading = Reading(columns=(name,), required=(), space=NumberSpace.TEST, dates="written", pad=0)
    return read_cells(pl.DataFrame({name: pl.Series(texts, dtype=pl.String)}), reading)[name]


def test_no_day_passes_for_one_that_the_calendar_does_not_have():
    days = [
        f"{year:04}{sign}{month:02}{sign}{day:02}"
        for year in (1899, 1900, 1904, 1999, 2000, 2099, 2100)
        for month in range(14)
        for day in range(33)
        for sign in ("-", "")
    ]
    days += [
        "昭和64年1月7日",
        "昭和64年1月8日",
        "S45.1.2",
        "S45.13.2",
        "平成元年",
        "昭和45年0月1日",
    ]
    days += ["昭四五・一・二", "不詳", "２０００年２月３０日", "2000年2月29日", "令和0年5月1日"]
    faults = read("birth", [*days, "1970-01-02x", "x1970-01-02"]).faults
    assert faults is not None
    for text, bad in zip(days, faults, strict=False):
        try:
            BirthDate.parse(text)
        except BadBirthDate:
            assert bad == Fault.UNREADABLE, text
        else:
            assert bad is None, text
    assert date(2000, 2, 29).isoformat() in days
    assert faults[-1] == faults[-2] == Fault.UNREADABLE


TEXT = st.text(st.sampled_from("ab山 　\n\u2028\x00\x85●?"), max_size=5) | st.just("x" * 501)


@given(st.lists(TEXT | st.none(), max_size=8))
@example(["a ", " a", "", None, "a"])
@example(["山　", "　", "a"])
def test_a_text_is_read_as_it_stands_but_for_breaks_and_nothing(texts):
    found = read("name", texts)
    for n, text in enumerate(texts):
        fault = found.faults[n] if found.faults is not None else None
        kept = text if text and text.strip() else None
        if kept and ("\x00" in kept or "\x85" in kept or len(kept) > TEXT_CHARS_MAX):
            assert fault == Fault.UNREADABLE
            continue
        assert fault is None
        expected = kept and kept.replace("\n", "　").replace("\u2028", "　")
        if expected and "　　" in expected:
            continue  # several breaks are one space
        assert found.read[n] == expected
    lost = 0 if found.lost is None else len(found.lost)
    assert lost == sum(1 for text in texts if text and set(text) & set("●?"))
    assert found.same == (found.read.to_list() == texts)
    assert [one or "" for one in found.told] == [(text or "").strip() for text in texts]
