"""`kumihimo bench`: what it prints can be read by a program, and a bar that does not hold is told."""

import json
import subprocess
import sys

import pytest

from kumihimo.operations.scale import FIGURES
from kumihimo.run.bench_cli import measure, names

FIELDS = ["name", "value", "unit", "against", "against_value", "ratio", "bar", "holds"]
LINKAGE = {
    "inquiries_per_second_batch": 400.0,
    "crypto_limit_per_second": None,
    "ratio_to_crypto_limit": 0.5,
    "single_p50_ms": None,
    "single_p99_ms": 300.0,
    "single_p99_ms_1000_clients": 250.0,
    "cost_growth_10k_to_1m": 1.3,
    "cost_growth_at_2000_records": 1.2,
    "month_forgotten_ms": None,
    "bytes_per_past_exchange": None,
    "log_leaves_per_second": None,
    "codes_acquired_per_second": None,
    "numbers_designated_per_second": None,
    **dict.fromkeys(FIGURES),
}
CARD = {
    "card_signatures_per_second": None,
    "card_signatures_ratio_to_rsa": 0.8,
    "card_apdus_per_second": None,
}


ISSUE = [
    "certificates_issued_per_second",
    "recall_suspended_per_second",
    "recall_replaced_per_second",
]


OCSP = {
    "ocsp_answers_per_second": None,
    "ocsp_ratio_to_openssl": 5.0,
    "ocsp_signed_per_second": None,
    "ocsp_ratio_to_signing_limit": 0.5,
    "ocsp_signed_ratio_to_openssl": None,
}


DESK = {
    "rows_loaded_per_second": None,
    "rows_reloaded_per_second": None,
    "load_cpu_seconds": None,
    "page_p50_ms": None,
    "next_record_p50_ms": None,
    "decision_p50_ms": None,
    "growth_10k_to_1m": 1.5,
    "page_p95_ms": 200.0,
    "next_record_p95_ms": 200.0,
    "supervisor_p95_ms": 200.0,
    "decision_p95_ms": 200.0,
}


PORTAL = {
    "pages_per_second": None,
    "page_p95_ms": 100.0,
    "ratio_to_bare_page": None,
    "page_cpu_ms": None,
    "lcp_ms_first": 1500.0,
    "lcp_ms_looked": 1500.0,
    "lcp_ms_mine": 1500.0,
}


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kumihimo", "bench", *arguments],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_the_benchmark_of_linkage_prints_every_figure_beside_what_it_is_measured_against():
    done = bench("linkage", "--quick", "--json")
    found = json.loads(done.stdout)
    assert list(found) == ["bench", "machine", "measures"]
    assert found["bench"] == "linkage"
    assert found["machine"]["cores"] > 0
    assert {one["name"]: one["bar"] for one in found["measures"]} == LINKAGE
    for one in found["measures"]:
        assert list(one) == FIELDS
        assert one["value"] > 0
        assert one["against_value"] > 0
        told = one["value"] / one["against_value"]  # of rounded figures
        assert one["ratio"] == pytest.approx(told, rel=0.01, abs=0.002)
    # What a loaded machine reaches is no matter of this test; what is said of it is.
    assert done.returncode == int(not all(one["holds"] for one in found["measures"]))


def test_the_benchmark_of_the_card_prints_its_signatures_beside_the_bare_key():
    done = bench("card", "--quick", "--json")
    found = json.loads(done.stdout)
    assert {one["name"]: one["bar"] for one in found["measures"]} == CARD
    assert all(one["value"] > 0 and one["against_value"] > 0 for one in found["measures"])
    assert done.returncode == int(not all(one["holds"] for one in found["measures"]))


def test_the_benchmark_of_issuing_prints_every_figure_beside_what_it_is_measured_against():
    found = json.loads(bench("issue", "--quick", "--json").stdout)
    assert [one["name"] for one in found["measures"]] == ISSUE
    for one in found["measures"]:
        assert list(one) == FIELDS
        assert one["value"] > 0
        assert one["against_value"] > 0


def test_the_benchmark_of_status_prints_its_answers_beside_openssl_and_the_bare_key():
    done = bench("ocsp", "--quick", "--json")
    found = json.loads(done.stdout)
    assert {one["name"]: one["bar"] for one in found["measures"]} == OCSP
    assert all(one["value"] > 0 and one["against_value"] > 0 for one in found["measures"])
    assert done.returncode == int(not all(one["holds"] for one in found["measures"]))


def test_the_benchmark_of_the_desk_prints_its_pages_beside_bare_postgresql():
    done = bench("desk", "--quick", "--json")
    found = json.loads(done.stdout)
    assert {one["name"]: one["bar"] for one in found["measures"]} == DESK
    assert all(one["value"] > 0 and one["against_value"] > 0 for one in found["measures"])
    assert done.returncode == int(not all(one["holds"] for one in found["measures"]))
    assert "1,000 rows loaded (1,000 new, 0 as before, 50 suspended)" in done.stderr


def test_the_benchmark_of_the_portal_prints_its_pages_beside_a_bare_one():
    done = bench("portal", "--quick", "--json")
    found = json.loads(done.stdout)
    assert {one["name"]: one["bar"] for one in found["measures"]} == PORTAL
    assert all(one["value"] > 0 and one["against_value"] > 0 for one in found["measures"])
    assert done.returncode == int(not all(one["holds"] for one in found["measures"]))
    assert "4 people signed in" in done.stderr


@pytest.mark.parametrize(
    ("value", "bars", "holds"),
    [
        (400.0, {"at_least": 400.0}, True),
        (399.0, {"at_least": 400.0}, False),
        (300.0, {"at_most": 300.0}, True),
        (301.0, {"at_most": 300.0}, False),
        (1.0, {}, True),
    ],
)
def test_a_bar_holds_or_does_not(value, bars, holds):
    found = measure("a", value, "1/s", against="b", against_value=200.0, **bars)
    assert (found.holds, found.ratio) == (holds, value / 200.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--name"),
        (["palace"], ", ".join(names())),
        (["../run"], "no such benchmark"),
        (["linkage", "--fast"], "--fast"),
        (["card", "--records", "5"], "--records: this benchmark has no such option"),
        (["linkage", "--records", "2000000001"], "--records: 1 to 2,000,000,000"),
        (
            ["linkage", "--quick", "--records", "2000000000"],
            "2,000,000,000 exchanges need 1,366.4 GB",
        ),
    ],
)
def test_a_wrong_benchmark_is_named_and_nothing_starts(arguments, words):
    done = bench(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
