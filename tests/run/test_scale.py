"""`kumihimo scale`: a country's machines are reckoned from what was measured, and nothing is made up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.refusal import BadInput
from kumihimo.operations.scale import FIGURES, Country, Server, scale
from kumihimo.run.cli import build, run

MEASURED = {
    "cpu_us_per_inquiry_requester": 500.0,
    "cpu_us_per_inquiry_provider": 500.0,
    "cpu_us_per_inquiry_core": 800.0,
    "cpu_us_per_inquiry_ledger": 200.0,
    "bytes_per_inquiry_requester": 1_000.0,
    "bytes_per_inquiry_provider": 1_000.0,
    "bytes_per_inquiry_core": 2_000.0,
    "bytes_per_inquiry_ledger": 4_000.0,
    "bytes_per_person": 500.0,
    "codes_acquired_per_second": 1_000.0,
}
# 36,000,000 in 100 days of 10 hours are ten a second, at the peak a hundred.
LAND = Country(
    people=1e6, institutions_per_person=8, gateways=3, provisions_a_year=36e6,
    days=100, hours=10, peak=10, years=5,
)  # fmt: skip


def by_room(found):
    return {need.room: need for need in found.needs}


def test_a_small_country_by_hand():
    found = scale(MEASURED, LAND, Server(cores=1, busy=0.5, terabytes=0.5))
    assert found.peak_per_second == pytest.approx(100)
    assert (found.rows, found.codes) == (180e6, 8e6)
    assert found.first_codes_days == pytest.approx(8_000 / 86_400)
    gateways, core, ledger = (by_room(found)[room] for room in ("gateways", "linkage", "ledger"))
    assert (gateways.cores, core.cores, ledger.cores) == pytest.approx((0.1, 0.08, 0.02))
    # 180 million exchanges of 2,000 bytes and eight million persons of 500.
    assert (gateways.terabytes, core.terabytes, ledger.terabytes) == pytest.approx(
        (0.364, 0.36, 0.72)
    )
    assert (gateways.rows_a_month, core.rows_a_month) == (6e6, 3e6)
    assert (gateways.parts, core.parts, ledger.parts) == (3, 1, 2)
    assert gateways.yen_a_year is None


def test_a_room_is_cut_where_its_processors_are_too_few():
    busy = MEASURED | {
        "cpu_us_per_inquiry_core": 12_000.0
    }  # 1.2 cores, and half of one may be used
    assert by_room(scale(busy, LAND, Server(cores=1, terabytes=100)))["linkage"].parts == 3


def test_money_is_told_where_prices_are():
    found = scale(MEASURED, LAND, Server(yen_per_core=10_000, yen_per_terabyte=1_000))
    assert by_room(found)["ledger"].yen_a_year == pytest.approx(0.02 / 0.5 * 10_000 + 720)


@given(st.sampled_from(FIGURES), st.floats(min_value=1.0, max_value=1e6))
def test_what_costs_more_never_needs_less(name, more):
    grown = scale(MEASURED | {name: MEASURED[name] * (1 + more)}, LAND, Server())
    for then, now in zip(scale(MEASURED, LAND, Server()).needs, grown.needs, strict=True):
        assert (now.cores, now.terabytes, now.parts) >= (then.cores, then.terabytes, then.parts)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("value", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_a_figure_that_was_not_measured_is_not_made_up(name, value):
    figures = {k: v for k, v in (MEASURED | {name: value}).items() if v is not None}
    with pytest.raises(BadInput, match=name):
        scale(figures, LAND, Server())


@pytest.mark.parametrize("wrong", [{"people": 0.0}, {"peak": float("nan")}, {"years": -1.0}])
def test_no_country_is_refused_by_name(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        Country(**wrong)


@pytest.fixture
def figures(tmp_path):
    file = tmp_path / "figures.json"
    lines = [
        {"name": n, "value": v, "unit": "", "against": "", "against_value": 1.0, "ratio": v,
         "bar": None, "holds": True}
        for n, v in MEASURED.items()
    ]  # fmt: skip
    file.write_text(json.dumps({"bench": "linkage", "machine": {}, "measures": lines}))
    return file


def test_the_command_reads_what_the_benchmark_printed(figures, capsys):
    assert run(build(), ["scale", str(figures), "--json", "--peak", "40"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["peak_per_second"] == pytest.approx(785, abs=1)
    assert (
        run(build(), ["scale", str(figures), "--yen-per-core", "1", "--yen-per-terabyte", "1"]) == 0
    )
    shown = capsys.readouterr().out
    assert "1,800" in shown
    assert "年額" in shown


def test_another_file_is_refused_in_a_line(figures, tmp_path, capsys):
    other = tmp_path / "other.json"
    other.write_text('{"bench": "card"}')
    less = json.loads(figures.read_text())
    less["measures"].pop()
    figures.write_text(json.dumps(less))
    for file, word in (
        (other, "bench linkage"),
        (figures, "codes_acquired_per_second"),
        (tmp_path / "none", "none"),
    ):
        assert run(build(), ["scale", str(file)]) != 0
        assert word in capsys.readouterr().err
