"""What the Digital Agency's people see when they look: cases and counts, in both languages."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.kernel.sql import Database
from kumihimo.rooms.agency import store
from kumihimo.rooms.agency.store import MislinkRow
from kumihimo.run.cli import build, run

AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
CORRECTED = {
    "state": "corrected",
    "place": 1,
    "persons": 2,
    "corrected_on": date(2026, 6, 1),
    "leak_types": "1a",
    "preliminary_due": date(2026, 6, 6),
    "final_due": date(2999, 7, 1),
}


def row(n, **changes):
    first: dict[str, Any] = {
        "institution": "lg-271004",
        "report": f"{n}" * 22,
        "place": 0,
        "state": "suspected",
        "affair": "b081",
        "mechanism": "household",
        "links": 1,
        "persons": 0,
        "corrected_on": None,
        "of_case": "",
        "leak_types": "",
        "preliminary_due": None,
        "final_due": None,
    }
    return MislinkRow(**(first | changes))


@pytest.fixture
def agency(new_room, tmp_path, capsys):
    """Let the agency have heard of some cases; returns its command."""
    _, reached = new_room("agency")
    rows = [
        row(1),
        row(2),
        row(2, **CORRECTED),
        row(3, institution="lg-131032", affair="", mechanism="twin"),
    ]

    async def hear():
        database = Database(reached.runtime, pool_max=1)
        await database.open()
        async with database.transaction() as tx:
            for one in rows:
                await store.add(tx, one, AT)
        await database.close()

    asyncio.run(hear())
    save_master(tmp_path / "agency.key", new_master(SystemEntropy()))
    (tmp_path / "agency.dsn").touch(mode=0o600)
    (tmp_path / "agency.dsn").write_text(reached.runtime.reveal())
    config = tmp_path / "agency.toml"
    config.write_text(
        'listen = "127.0.0.1:1"\nkey = "agency.key"\ndatabase = { file = "agency.dsn" }\n'
        f'oversight_key = "{"ab" * 32}"\npeers = {{ oversight = "http://127.0.0.1:1" }}\n'
    )

    def typed(*words):
        code = run(build(), ["agency", *words, "--config", str(config)])
        said = capsys.readouterr()
        assert code == 0, said.err
        return [line.split("\t") for line in said.out.splitlines()]

    return typed


def test_the_agency_lists_cases_with_their_days_and_what_is_past(agency):
    found = {line[-1][0]: line[:-1] for line in agency("mislinks")}
    assert found["2"] == [
        "lg-271004", "訂正済み corrected", "同一世帯 household", "b081", "1 件 links",
        "2 人 persons", "2026-06-01〜2026-06-01", "速報 preliminary 2026-06-06 期日経過 past",
        "確報 final 2999-07-01",
    ]  # fmt: skip
    assert found["3"][:4] == ["lg-131032", "疑い suspected", "双子 twin", "-"]
    assert set(found) == {"1", "2", "3"}


def test_the_agency_looks_at_one_institution_one_affair_or_what_is_not_settled(agency):
    def ids(*words):
        return {line[-1][0] for line in agency("mislinks", *words)}

    assert ids("--institution", "lg-131032") == {"3"}
    assert ids("--affair", "b081") == {"1", "2"}
    assert ids("--affair", "b056") == set()
    assert ids("--unsettled") == {"1", "2", "3"}


def test_the_agency_counts_links_by_affair_mechanism_and_state(agency):
    assert agency("counts") == [
        ["-", "双子 twin", "疑い suspected", "1 件 links", "0 人 persons"],
        ["b081", "同一世帯 household", "訂正済み corrected", "1 件 links", "2 人 persons"],
        ["b081", "同一世帯 household", "疑い suspected", "1 件 links", "0 人 persons"],
    ]
