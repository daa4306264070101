"""What operators do by hand: from an empty database to a directory with a new party in it."""

import json
import re
from itertools import count

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kumihimo.kernel.postgres import RoomDatabase
from kumihimo.kernel.withheld import Withheld
from kumihimo.run.cli import build, run
from kumihimo.run.federation import Room
from kumihimo.run.loopback import free_port

names = count()
NOT_ASKED = RoomDatabase(Withheld(""), Withheld(""), "")  # the settings name the database


@pytest.fixture
def kumihimo(capsys):
    def typed(*words):
        code = run(build(), [str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return typed


@pytest.fixture
def database(postgres, tmp_path):
    """Make an empty database with two roles, as whoever runs PostgreSQL would."""
    name = f"operators_{next(names)}"
    with psycopg.connect(postgres.admin("postgres").reveal(), autocommit=True) as admin:
        own, owner = sql.Identifier(name), sql.Identifier(f"{name}_owner")
        for role in (own, owner):
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(role))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(own, owner))
    given = conninfo_to_dict(postgres.admin(name).reveal())
    for role, file in ((f"{name}_owner", "owner.dsn"), (name, "oversight.dsn")):
        dsn = make_conninfo("", **{**given, "user": role, "password": "secret"})
        (tmp_path / file).touch(mode=0o600)
        (tmp_path / file).write_text(dsn)
    return name


@pytest.fixture
def config(kumihimo, database, tmp_path):
    """Write keys and oversight's settings, and migrate its database."""
    for party in ("oversight", "operator", "linkage"):
        assert kumihimo("keys", "new", tmp_path / f"{party}.key")[0] == 0
    _, pinned, _ = kumihimo("keys", "pin", tmp_path / "oversight.key")
    port = free_port()
    path = tmp_path / "oversight.toml"
    path.write_text(
        f'listen = "127.0.0.1:{port}"\nkey = "oversight.key"\n'
        f'database = {{ file = "oversight.dsn" }}\noversight_key = "{pinned.strip()}"\n'
        f'[peers]\noversight = "http://127.0.0.1:{port}"\n'
    )
    for name, party, kind in (
        ("operator", "oversight-operator", "oversight"),
        ("linkage", "linkage", "linkage"),
    ):
        _, entry, _ = kumihimo("keys", "entry", party, tmp_path / f"{name}.key", "--kind", kind)
        (tmp_path / f"{name}.json").write_text(entry)
    owner = tmp_path / "owner.dsn"
    code, out, err = kumihimo("migrate", "oversight", "--owner", owner, "--role", database)
    assert code == 0, err
    assert "0001_oversight" in out
    return path


def test_a_party_is_enrolled_from_nothing_and_suspended_again(kumihimo, config, tmp_path):
    code, out, err = kumihimo("oversight", "found", tmp_path / "operator.json", "--config", config)
    assert code == 0, err
    assert re.findall(r"^[a-z-]+", out, re.MULTILINE) == ["oversight", "oversight-operator"]
    room = Room("oversight", "oversight", config, "", NOT_ASKED)
    room.start()
    try:
        room.wait()
        line = ["oversight", "enrol", tmp_path / "linkage.json", "--config", config]
        line += ["--operator", tmp_path / "operator.key"]
        code, out, err = kumihimo(*line)
        assert code == 0, err
        assert "linkage\tlinkage\tactive\t-" in out
        entry = json.loads((tmp_path / "linkage.json").read_text())
        (tmp_path / "linkage.json").write_text(json.dumps({**entry, "standing": "suspended"}))
        assert "linkage\tlinkage\tsuspended" in kumihimo(*line)[1]
        line[-1] = tmp_path / "linkage.key"
        code, _, err = kumihimo(*line)
        assert code == 1, "only the operator's key enrols"
        assert kumihimo("oversight", "alarms", "--config", config) == (0, "", "")
    finally:
        room.stop()


def test_the_first_directory_needs_an_operator_and_is_published_once(kumihimo, config, tmp_path):
    line = ["oversight", "found", tmp_path / "linkage.json", "--config", config]
    code, _, err = kumihimo(*line)
    assert (code, "oversight-operator" in err) == (2, True)
    code, _, err = kumihimo("oversight", "parties", "--config", config)
    assert (code, "found" in err) == (1, True)
    kumihimo("oversight", "found", tmp_path / "operator.json", "--config", config)
    again = ["oversight", "found", tmp_path / "operator.json", tmp_path / "linkage.json"]
    code, out, _ = kumihimo(*again, "--config", config)
    assert (code, "linkage" in out) == (0, False)


def test_without_oversight_at_work_nobody_is_enrolled(kumihimo, config, tmp_path):
    kumihimo("oversight", "found", tmp_path / "operator.json", "--config", config)
    line = ["oversight", "enrol", tmp_path / "linkage.json", "--config", config]
    code, _, err = kumihimo(*line, "--operator", tmp_path / "operator.key")
    assert (code, "does not answer" in err) == (1, True)


def test_a_second_migration_changes_nothing(kumihimo, config, database, tmp_path):
    assert config.exists()
    owner = tmp_path / "owner.dsn"
    code, out, _ = kumihimo("migrate", "oversight", "--owner", owner, "--role", database)
    assert (code, "0 migrations applied" in out) == (0, True)


@pytest.mark.parametrize(
    ("room", "file", "role", "code", "words"),
    [
        ("palace", "owner.dsn", "{}", 2, "no such room"),
        ("oversight", "none.dsn", "{}", 2, "none.dsn"),
        ("oversight", "owner.dsn", "nobody", 2, "--role"),
        ("oversight", "oversight.dsn", "{}", 2, "--owner"),
        ("linkage", "owner.dsn", "{}", 1, "newer than this program"),
    ],
)
def test_a_migration_that_cannot_be_is_told(  # noqa: PLR0917
    kumihimo, config, database, tmp_path, room, file, role, code, words
):
    assert config.exists()
    line = ["migrate", room, "--owner", tmp_path / file, "--role", role.format(database)]
    found, _, err = kumihimo(*line)
    assert (found, words in err) == (code, True), err
    assert "secret" not in err


def test_a_key_is_never_overwritten_and_shown_to_nobody(kumihimo, tmp_path):
    file = tmp_path / "a.key"
    kumihimo("keys", "new", file)
    before = file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    assert kumihimo("keys", "new", file)[0] == 1
    assert file.read_bytes() == before
    _, out, _ = kumihimo("keys", "entry", "lg-131032", file, "--assessed-on", "2026-01-01")
    assert before.decode().strip() not in out
    assert json.loads(out)["pia_published_on"] == "2026-01-01"
    file.chmod(0o644)
    code, _, err = kumihimo("keys", "pin", file)
    assert (code, "chmod 600" in err) == (2, True)


def test_what_is_no_entry_is_refused_before_anything_is_published(kumihimo, config, tmp_path):
    (tmp_path / "bad.json").write_text('{"party": "linkage"}')
    line = ["oversight", "found", tmp_path / "operator.json", tmp_path / "bad.json"]
    code, _, err = kumihimo(*line, "--config", config)
    assert (code, "bad.json" in err) == (2, True)
    assert kumihimo("oversight", "parties", "--config", config)[0] == 1


def test_a_gateways_tables_are_written_anew_by_their_owner_only(kumihimo, database, tmp_path):
    owner = tmp_path / "owner.dsn"
    code, _, err = kumihimo("gateway", "rewrite", "--owner", owner)
    assert (code != 0, "not a gateway's database" in err) == (True, True)
    assert kumihimo("migrate", "gateway", "--owner", owner, "--role", database)[0] == 0
    code, out, err = kumihimo("gateway", "rewrite", "--owner", owner)
    assert (code, err) == (0, "")
    assert "written anew" in out
    code, _, err = kumihimo("gateway", "rewrite", "--owner", tmp_path / "oversight.dsn")
    assert (code != 0, "does not own" in err) == (True, True)
