"""An audit's folder comes into the desk by command, and what is no audit is refused by its table."""

import polars as pl
import psycopg
import pytest

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.keys import new_master, save_master
from kumihimo.kernel.settings import BadSettings
from kumihimo.linkaudit import schema
from kumihimo.linkaudit.review_files import read_looks, write_table
from kumihimo.linkaudit.sampling import SAMPLE
from kumihimo.rooms.review import folder as reading
from kumihimo.rooms.review.domain.refusals import BadAuditFolder
from kumihimo.rooms.review.folder import read
from kumihimo.rooms.review.settings import is_officer
from kumihimo.rooms.review.sides import Proposal
from tests.hostile.terminal import typed
from tests.rooms.review.house import number
from tests.rooms.test_settings import composed

WRITTEN = {"name": "髙橋 花子", "kana": "タカハシ ハナコ", "birth": "1990-04-01", "sex": "2",
           "address": "港区芝1-1"}  # fmt: skip


def table(form, *rows):
    return pl.DataFrame([dict.fromkeys(form) | row for row in rows], schema=form)


def write(folder, *, odds=1.0):
    """Write an audit of three rows: one confirmed, one suspected, one whose number is nobody's."""
    folder.mkdir(exist_ok=True)
    rows = [
        {"row": n, "record_id": f"r{n}", "number": number(n), "affair": "b081", **WRITTEN}
        for n in (1, 2, 3)
    ]
    held = [
        {"number": number(n), **WRITTEN, "name": "高橋 太郎", "standing": "resident"}
        for n in (1, 2)
    ]
    found = [
        {"row": n, "record_id": f"r{n}", "affair": "b081", "pattern": 1, "verdict": verdict,
         "mechanism": "household", "odds": odds, "reason": "given", "minutes": 1.5}
        for n, verdict in ((1, "confirmed"), (2, "mislink"), (3, "person"))
    ]  # fmt: skip
    line = {"pattern": 1, "rows": 3, "verdict": "mislink", "mechanism": "household",
            "name": "given", "w_name": -8.0, "reason_ja": "名", "reason_en": "name"}  # fmt: skip
    table(schema.ROWS, *rows).write_parquet(folder / "rows.parquet")
    (folder / "snapshot").mkdir(exist_ok=True)
    table(schema.SNAPSHOT, *held).write_parquet(folder / "snapshot" / "part-0.parquet")
    table(schema.FINDINGS, *found).write_parquet(folder / "findings.parquet")
    table(schema.PATTERNS, line).write_parquet(folder / "patterns.parquet")
    proposed = {"row": 2, "record_id": "r2", "number": number(9), "ground": "household"}
    table(schema.PROPOSALS, proposed).write_parquet(folder / "proposals.parquet")
    return folder


def test_what_needs_a_person_comes_with_both_sides_and_nothing_else_does(tmp_path):
    audit, count = read(write(tmp_path / "audit"))
    found = {one.record_id: one for one in audit.findings}
    assert (count, set(found), audit.affairs) == (2, {"r2", "r3"}, ["b081"])
    assert found["r2"].sides.own["name"] == "髙橋 花子"
    assert found["r2"].sides.other["name"] == "高橋 太郎"
    assert found["r2"].sides.number == number(2)
    assert found["r2"].proposal == Proposal(number=number(9), ground="household")
    assert set(found["r3"].sides.other.values()) == {""}


def test_what_was_drawn_comes_too_and_nothing_says_that_a_machine_cleared_it(tmp_path):
    folder = write(tmp_path / "audit")
    drawn = pl.Series("record_id", ["r1", "r2"])
    audit, count = read(folder, drawn)
    found = {one.record_id: one for one in audit.findings}
    assert (count, set(found)) == (3, {"r1", "r2", "r3"})
    assert [found[one].verdict for one in ("r1", "r2", "r3")] == ["person", "mislink", "person"]
    plain, _ = read(folder)
    other, _ = read(folder, drawn[:1])
    assert len({audit.run, plain.run, other.run}) == 3


def test_a_long_queue_is_read_in_turns_and_each_record_has_its_own_two_sides(tmp_path, monkeypatch):
    drawn = pl.Series("record_id", ["r1"])
    whole = list(read(write(tmp_path / "audit"), drawn)[0].findings)
    for turn in (1, 2):
        monkeypatch.setattr(reading, "TURN", turn)
        assert list(read(tmp_path / "audit", drawn)[0].findings) == whole
    assert [one.record_id for one in whole] == ["r1", "r2", "r3"]
    assert [one.sides.number for one in whole] == [number(1), number(2), number(3)]


@pytest.mark.parametrize("name", ["findings", "patterns", "rows"])
def test_a_folder_that_lacks_a_table_or_a_column_is_refused_by_name(tmp_path, name):
    folder = write(tmp_path / "audit")
    path = folder / f"{name}.parquet"
    whole = pl.read_parquet(path)
    whole.drop(whole.columns[0]).write_parquet(path)
    with pytest.raises(BadAuditFolder, match=f"{name}.*{whole.columns[0]}"):
        read(folder)
    path.write_bytes(b"x")
    with pytest.raises(BadAuditFolder, match=name):
        read(folder)
    path.unlink()
    with pytest.raises(BadAuditFolder, match=name):
        read(folder)


@pytest.fixture
def config(tmp_path, new_room):
    _, reached = new_room("review")
    return settings(tmp_path, reached.runtime.reveal()), reached


def settings(tmp_path, dsn="host=127.0.0.1 dbname=none"):
    """Write a settings file and what it names."""
    save_master(tmp_path / "review.key", new_master(SystemEntropy()))
    for name, secret in (("dsn", dsn), ("token", "t"), ("code", "x" * 8)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(secret)
    path = tmp_path / "review.toml"
    path.write_text(
        'database = { file = "dsn" }\nkey = "review.key"\nofficers = "officers"\n'
        'gateway = "http://127.0.0.1:8404"\ngateway_token = { file = "token" }\n'
    )
    return path


def test_an_audit_is_loaded_by_command_and_a_second_time_nothing_is_changed(tmp_path, config):
    path, reached = config
    folder = write(tmp_path / "audit")
    told = typed("audit", "review", str(folder), f"--config={path}")
    assert (told.code, "2 rows: 2 new" in told.out) == (0, True), told
    assert "http://127.0.0.1:8490/" in told.out
    again = typed("audit", "review", str(folder), f"--config={path}")
    assert "nothing was changed" in again.out
    newer = typed("audit", "review", str(write(folder, odds=0.5)), f"--config={path}")
    assert "2 as before; 0 closed" in newer.out
    with psycopg.connect(reached.owner.reveal()) as connection:
        rows = connection.execute(b"SELECT record_id, odds FROM item ORDER BY 1").fetchall()
        asked = connection.execute(b"SELECT count(*) FROM link_effect").fetchone()
    assert rows == [("r2", 0.5), ("r3", 0.5)]
    assert asked == (1,)


def test_a_sample_is_loaded_by_command_and_what_was_found_of_it_is_taken_out(tmp_path, config):
    path, reached = config
    folder = write(tmp_path / "audit")
    lines = [("r1", "b081", "confirmed", 9, 0.1, 0.1, False)]
    write_table(tmp_path / "drawn.csv", pl.DataFrame(lines, schema=SAMPLE, orient="row"))
    told = typed(
        "audit", "review", str(folder), f"--config={path}", f"--sample={tmp_path}/drawn.csv"
    )
    assert (told.code, "3 rows: 3 new" in told.out) == (0, True), told
    with psycopg.connect(reached.owner.reveal()) as connection:
        connection.execute(
            b"INSERT INTO look (item, round, place, officer, answer, mechanism, number_tag, looked_at)"
            b" SELECT item, 1, 1, 'sato', 'own', '', '', now() FROM item WHERE record_id = 'r1'"
        )
    told = typed("audit", "looks", f"--config={path}", f"--out={tmp_path}/looks.csv")
    assert (told.code, "1 件 looks" in told.out) == (0, True), told
    [look] = read_looks(tmp_path / "looks.csv").rows(named=True)
    assert (look["affair"], look["record_id"], look["reviewer"]) == ("b081", "r1", "sato")
    told = typed("audit", "estimate", f"{tmp_path}/drawn.csv", f"--looks={tmp_path}/looks.csv")
    assert (told.code, "見つかった誤り 0 件" in told.out) == (0, True), told


def test_who_may_sign_in_is_written_by_command_and_the_desk_is_served_from_its_settings(tmp_path):
    path = settings(tmp_path)
    line = ("audit", "officer", "sato", "--role=reviewer", f"--config={path}")
    code = path.parent / "code"
    told = typed(*line, f"--passcode-file={code}")
    assert told.code == 0, told
    assert (path.parent / "officers").read_text().endswith(" reviewer\n")
    service = composed("review", path)
    assert (service.room, service.host, service.port) == ("review", "127.0.0.1", 8490)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"http://127.0.0.1:8404"', '"ftp://x"', "gateway"),
        ('"review.key"', '"review.key"\nlisten = "x"', "listen"),
        ('"review.key"', '"review.key"\ndatabase_connections = 0', "database_connections"),
        ('"review.key"', '"review.key"\nspace = "real"', "space"),
        ('"token"', '"nowhere"', "nowhere"),
    ],
)
def test_a_bad_key_of_the_settings_is_named(tmp_path, old, new, words):
    path = settings(tmp_path)
    (path.parent / "officers").touch(mode=0o600)
    (path.parent / "officers").write_text("sato " + "0" * 32 + " " + "0" * 128 + " reviewer\n")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadSettings) as refusal:
        composed("review", path)
    assert words in refusal.value.detail


@pytest.mark.parametrize("name", ["9lives", "Sato", "a" * 33, "a12345678901", "", "a_b"])
def test_an_officer_whom_the_journal_could_not_name_is_refused(name):
    assert not is_officer(name)
    assert is_officer("sato-2")
