import sys
import threading

import psycopg
import pytest

from kumihimo.kernel import migrations
from kumihimo.kernel.migrations import Migration, MigrationRefused, load, migrate

ROOM = "kumihimo.rooms.oversight"


@pytest.fixture
def reached(new_room):
    _, reached = new_room("oversight")
    return reached


@pytest.fixture
def further(monkeypatch):
    """Let the program have further migrations after its own."""
    own = load

    def add(*texts):
        files = [
            Migration(ROOM, f"{number:04}_further.pre.sql", text)
            for number, text in enumerate(texts, start=2)
        ]
        monkeypatch.setattr(
            migrations, "load", lambda package: own(package) + (files if package == ROOM else [])
        )

    return add


def run(reached):
    return migrate(reached.owner, [ROOM], runtime_role=reached.role)


def test_every_file_runs_once(reached, further):
    assert run(reached) == []
    further("CREATE TABLE told (line text)")
    assert run(reached) == [f"{ROOM}/0002_further.pre.sql"]
    assert run(reached) == []


def test_a_file_that_changed_after_it_ran_is_refused(reached, further):
    further("CREATE TABLE told (line text)")
    run(reached)
    further("CREATE TABLE told (line text NOT NULL)")
    with pytest.raises(MigrationRefused, match="changed after it was applied"):
        run(reached)


def test_a_file_that_fails_leaves_nothing_behind_and_stops_those_after_it(reached, further):
    further("CREATE TABLE told (line text); SELECT 1 / 0", "CREATE TABLE later (line text)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(reached)
    with psycopg.connect(reached.owner.reveal()) as connection:
        found = connection.execute("SELECT to_regclass('told'), to_regclass('later')").fetchone()
    assert found == (None, None)


def test_a_program_older_than_the_database_is_refused(reached, further):
    further("CREATE TABLE told (line text)")
    run(reached)
    further()
    with pytest.raises(MigrationRefused, match="newer than this program"):
        run(reached)


def test_a_migration_gives_up_on_a_table_in_use_and_can_be_run_again(reached, further, monkeypatch):
    monkeypatch.setattr(migrations, "_LOCK_WAITS", ("50ms", "50ms"))
    further("ALTER TABLE alarm ADD COLUMN told text")
    with psycopg.connect(reached.runtime.reveal()) as reader:
        reader.execute("SELECT count(*) FROM alarm")
        with pytest.raises(MigrationRefused, match="a table in use"):
            run(reached)
    assert run(reached) == [f"{ROOM}/0002_further.pre.sql"]


def test_rights_are_not_waited_for_either_where_a_table_is_in_use(reached, monkeypatch):
    monkeypatch.setattr(migrations, "_LOCK_WAITS", ("50ms", "50ms"))
    with psycopg.connect(reached.owner.reveal()) as keeper:
        keeper.execute("LOCK TABLE alarm IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(MigrationRefused, match='"alarm" was in use'):
            run(reached)
    assert run(reached) == []


def test_who_serves_requests_can_change_neither_the_schema_nor_the_list_of_migrations(reached):
    with psycopg.connect(reached.runtime.reveal(), autocommit=True) as runtime:
        for statement in (
            "CREATE TABLE told (line text)",
            "ALTER TABLE alarm ADD COLUMN told text",
            "DELETE FROM migration",
            "TRUNCATE alarm",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                runtime.execute(statement.encode())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["0001_a.pre.sql", "0003_b.pre.sql"], "gap"),
        (["0002_a.pre.sql"], "gap"),
        (["0001_a.sql"], "is not NNNN_name"),
        (["1_a.pre.sql"], "is not NNNN_name"),
        (["0001_A.pre.sql"], "is not NNNN_name"),
    ],
)
def test_files_with_a_gap_or_another_name_are_refused(tmp_path, monkeypatch, names, words):
    folder = tmp_path / "planted_room" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in names:
        (folder / name).write_text("SELECT 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted_room", raising=False)
    with pytest.raises(MigrationRefused, match=words):
        load("planted_room")


def test_what_comes_after_the_old_program_has_gone_waits_for_its_phase(reached, monkeypatch):
    own = load
    later = [
        Migration(ROOM, "0002_further.pre.sql", "CREATE TABLE told (line text)"),
        Migration(ROOM, "0002_further.post.sql", "ALTER TABLE told ADD COLUMN more text"),
    ]
    monkeypatch.setattr(
        migrations, "load", lambda package: own(package) + (later if package == ROOM else [])
    )

    def phase(name):
        return migrate(reached.owner, [ROOM], runtime_role=reached.role, phase=name)

    assert phase("pre") == [f"{ROOM}/0002_further.pre.sql"]
    assert phase("pre") == []
    assert phase("post") == [f"{ROOM}/0002_further.post.sql"]
    assert phase("all") == []


def until_somebody_waits(connection):
    """Return when somebody waits for what this connection holds."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    waiting += " AND %s = ANY (pg_blocking_pids(pid))"
    for _ in range(600):
        [count] = connection.execute(waiting, (connection.info.backend_pid,)).fetchone()
        if count:
            return
        connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("nobody waited")


def test_a_migration_lets_go_of_tables_that_a_room_needs_for_what_it_has_begun(reached, further):
    done = []
    with psycopg.connect(reached.owner.reveal()) as owner:
        owner.execute("CREATE TABLE told (line text)")
        owner.execute(f"GRANT ALL ON told TO {reached.role}".encode())
    further("ALTER TABLE told ADD COLUMN more text; ALTER TABLE alarm ADD COLUMN told text")
    other = threading.Thread(target=lambda: done.extend(run(reached)))
    with psycopg.connect(reached.runtime.reveal()) as room:
        room.execute("SELECT count(*) FROM alarm")
        other.start()
        until_somebody_waits(room)
        # The migration has this table and waits for the other: one of the two must let go.
        room.execute("INSERT INTO told VALUES ('begun')")
    other.join()
    assert done == [f"{ROOM}/0002_further.pre.sql"]


def test_rights_are_given_though_a_room_changes_the_form_of_a_table_meanwhile(reached):
    """As the core does, which makes the part for its first month while a release is migrated."""
    failed = []

    def release():
        try:
            run(reached)
        except psycopg.Error as error:
            failed.append(error)

    with psycopg.connect(reached.owner.reveal()) as connection:
        connection.execute("CREATE TABLE told (line text) PARTITION BY LIST (line)")
        connection.commit()
        connection.execute("CREATE TABLE told_first (LIKE told)")
        connection.execute("ALTER TABLE told ATTACH PARTITION told_first FOR VALUES IN ('first')")
        other = threading.Thread(target=release)
        other.start()
        until_somebody_waits(connection)
        connection.commit()
        other.join()
    assert failed == []
