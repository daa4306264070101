import base64
import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.clock import HandClock
from kumihimo.kernel.log import FIELDS, REFUSED, Log, LogRefused
from kumihimo.kernel.refusal import Conflict, Refusal
from kumihimo.kernel.withheld import Withheld
from kumihimo.statute.law import institutions

AT = datetime(2026, 6, 1, 1, 2, 3, 456789, tzinfo=UTC)
NUMBER = "123456789018"


@pytest.fixture
def stream():
    return io.StringIO()


@pytest.fixture
def log(stream):
    return Log("linkage", HandClock(AT), stream=stream)


def raised(error):
    """Return the error as it comes out of a frame."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def written(given_event: Any = "planted", **fields) -> dict[str, Any]:
    stream = io.StringIO()
    Log("linkage", HandClock(AT), stream=stream).info(given_event, **fields)
    [line] = stream.getvalue().splitlines()
    return json.loads(line)


def test_an_event_is_one_line_of_json_with_time_level_and_room(log, stream):
    log.info("batch-judged", party="lg-131032", count=1000, duration_s=0.25, ready=True)
    log.warning("delivery-late", peer="national-pension-fund-federation", attempt=3)
    one, other = stream.getvalue().splitlines()
    assert json.loads(one) == {
        "at": "2026-06-01T01:02:03.456+00:00",
        "level": "info",
        "event": "batch-judged",
        "room": "linkage",
        "party": "lg-131032",
        "count": 1000,
        "duration_s": 0.25,
        "ready": True,
    }
    assert json.loads(other)["peer"] == "national-pension-fund-federation"
    assert log.refused == 0


def test_every_institution_of_the_law_can_be_named_in_the_log():
    for body in institutions():
        assert written(party=body.institution)["party"] == body.institution


def test_a_refusal_is_logged_by_its_code_and_never_by_its_detail():
    assert written(refusal=Conflict("港区の佐藤さん"))["refusal"] == "conflict"
    assert written(refusal="conflict")["refusal"] == REFUSED


def test_an_outcome_and_a_version_keep_their_form():
    line = written(outcome="REFUSED_REQUESTER", version="18.1")
    assert (line["outcome"], line["version"]) == ("REFUSED_REQUESTER", "18.1")
    assert written(outcome="佐藤", version="18.1-rc")["outcome"] == REFUSED
    assert written(version="18.1-rc")["version"] == REFUSED


def test_what_is_refused_leaves_a_line_and_a_count(log, stream):
    log.error("delivery-failed", party=NUMBER, name="佐藤花子", count=2)
    line = json.loads(stream.getvalue())
    assert (line["party"], line["count"], line["log_refused"]) == (REFUSED, 2, 2)
    assert "name" not in line
    assert log.refused == 2


def test_a_strict_log_raises_and_names_the_field_but_not_the_value(stream):
    log = Log("linkage", HandClock(AT), stream=stream, strict=True)
    with pytest.raises(LogRefused, match="`party`") as refused:
        log.info("delivery-failed", party=NUMBER)
    assert NUMBER not in str(refused.value)
    with pytest.raises(LogRefused) as refused:
        log.info("delivery-failed", **{f"n{NUMBER}": 1})
    assert NUMBER not in str(refused.value)
    assert stream.getvalue() == ""
    log.info("delivery-failed", party="lg-131032")
    assert stream.getvalue() != ""


def test_a_line_that_nobody_takes_does_not_break_the_use_case(log, stream):
    stream.close()
    log.info("batch-judged", count=1)
    assert log.lost == 1


@pytest.mark.parametrize(
    "value",
    [Withheld("x"), b"abc", ["a"], {"a": 1}, None, object(), 1 + 2j, NUMBER, int(NUMBER)],
    ids=["secret", "bytes", "list", "dict", "none", "object", "complex", "number", "whole"],
)
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_no_field_takes_a_value_of_another_kind(field, value):
    assert written(**{field: value})[field] == REFUSED


@pytest.mark.parametrize("value", [19870615, -19870615, float(NUMBER), float("nan"), float("inf")])
def test_a_number_that_could_be_a_birthday_or_an_id_is_not_a_count(value):
    for field in ("count", "duration_s", "version"):
        assert written(**{field: value})[field] == REFUSED


def test_a_duration_carries_no_more_than_thousandths():
    assert written(duration_s=0.123456789018)["duration_s"] == 0.123


def test_text_that_prints_otherwise_than_it_compares_is_refused():
    class Sly(str):
        __slots__ = ()

    assert written(party=Sly("lg-131032"))["party"] == REFUSED


NUMBERS = st.integers(min_value=0, max_value=10**12 - 1).map("{:012}".format)
GROUPED = NUMBERS.map(lambda n: f"{n[:4]}-{n[4:8]}-{n[8:]}")
NAMES = st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x9FFF), min_size=1, max_size=12)
CODES = st.binary(min_size=8, max_size=64).map(bytes.hex)
IDS = st.binary(min_size=16, max_size=32).map(
    lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")
)
PLANTS = st.one_of(NUMBERS, GROUPED, NAMES, CODES, IDS)
AROUND = st.sampled_from(["", "lg-", "a", "-", ".", "_", ":", " ", "person/", "OK_"])


@given(field=st.sampled_from(sorted(FIELDS)), plant=PLANTS, before=AROUND, after=AROUND)
def test_nothing_personal_gets_into_the_log_by_any_field(field, plant, before, after):
    line = written(**{field: f"{before}{plant}{after}"})
    assert line[field] == REFUSED
    assert plant not in json.dumps(line, ensure_ascii=False)


def test_an_event_is_kebab_case():
    assert written("batch-judged")["event"] == "batch-judged"
    for other in ("batch_judged", "Batch", "batch judged", "", "a" * 16):
        assert written(other)["event"] == REFUSED


@given(plant=PLANTS, before=AROUND, after=AROUND)
def test_nothing_personal_gets_into_the_log_as_an_event_or_as_the_name_of_a_field(
    plant, before, after
):
    whole = f"{before}{plant}{after}"
    for line in (written(whole), written(**{whole: 1})):
        assert plant not in json.dumps(line, ensure_ascii=False)
        assert line["log_refused"] == 1


@given(plant=PLANTS)
def test_a_bug_is_reported_by_class_and_place_and_never_by_its_message(plant):
    stream = io.StringIO()
    log = Log("linkage", HandClock(AT), stream=stream)
    log.reporter()("take_inquiries", raised(KeyError(plant)))
    line = json.loads(stream.getvalue())
    assert plant not in json.dumps(line, ensure_ascii=False)
    assert (line["event"], line["task"], line["error"]) == ("bug", "take_inquiries", "KeyError")
    assert line["where"].startswith("test_log.py:")
    assert log.refused == 0


def test_the_place_of_a_bug_is_the_innermost_line_of_our_own():
    class Broken:
        @property
        def code(self):
            raise LookupError("佐藤")

    with pytest.raises(LookupError) as broken:
        Refusal.problem(Broken())  # pyright: ignore[reportArgumentType]
    line = written(where=broken.value.__traceback__)
    assert line["where"].startswith("refusal.py:")


def test_a_bug_without_a_place_is_reported_all_the_same(log, stream):
    log.reporter()("outbox", ValueError("佐藤"))
    line = json.loads(stream.getvalue())
    assert line["error"] == "ValueError"
    assert "where" not in line


@pytest.fixture
def libraries(log):
    log.take_over_libraries()


@pytest.mark.usefixtures("libraries")
def test_a_librarys_words_stay_out_of_the_log(stream):
    library = logging.getLogger("psycopg.pool")
    library.warning("could not insert %s of %s", NUMBER, "佐藤")
    library.error("failed for %s", NUMBER, exc_info=raised(TimeoutError(NUMBER)))
    logging.getLogger(NUMBER).error("a logger named for a person")
    first, second, third = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["event"], first["library"]) == ("library-message", "psycopg")
    assert second["error"] == "TimeoutError"
    assert third["library"] == REFUSED
    assert NUMBER not in stream.getvalue()
    assert "佐藤" not in stream.getvalue()
