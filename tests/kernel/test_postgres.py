"""The embedded PostgreSQL as a process: whoever starts it does not leave it behind."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from kumihimo.kernel.entropy import SystemEntropy
from kumihimo.kernel.postgres import EmbeddedPostgres


class Interrupted(EmbeddedPostgres):
    """A server during whose start somebody presses Ctrl-C."""

    seen: ClassVar[list[EmbeddedPostgres]] = []

    def _wait(self):
        super()._wait()
        self.seen.append(self)
        raise KeyboardInterrupt


def test_a_start_that_is_interrupted_leaves_no_server_behind():
    with TemporaryDirectory(prefix="kumihimo-test-") as name:
        Path(name).chmod(0o755)
        with pytest.raises(KeyboardInterrupt):
            Interrupted.start(Path(name) / "postgres", entropy=SystemEntropy(), durable=False)
        (server,) = Interrupted.seen
        assert server._server is not None
        assert server._server.poll() is not None


@pytest.mark.parametrize(
    ("name", "from_where"),
    [
        ("server", None),
        ('a "folder" of 日本', None),
        ("deep" * 25, "127.0.0.1"),
        ("one,two", "127.0.0.1"),
    ],
    ids=["short", "odd", "too long for a socket's name", "comma"],
)
def test_a_server_is_reached_by_a_socket_in_its_folder_where_that_has_a_name_for_it(
    name, from_where
):
    with TemporaryDirectory(prefix="kumihimo-test-") as made:
        Path(made).chmod(0o755)
        server = EmbeddedPostgres.start(
            Path(made) / name, entropy=SystemEntropy(), durable=False, watched=False
        )
        try:
            for _ in range(2):
                with psycopg.connect(server.admin("postgres").reveal()) as connection:
                    told = connection.execute("SELECT host(inet_client_addr())").fetchone()
                assert told == (from_where,)
                server.kill()
                server.restart()
        finally:
            server.stop()


def test_a_socket_lets_nobody_in_without_a_password():
    with TemporaryDirectory(prefix="kumihimo-test-") as made:
        Path(made).chmod(0o755)
        server = EmbeddedPostgres.start(
            Path(made) / "server", entropy=SystemEntropy(), durable=False, watched=False
        )
        try:
            known = server.admin("postgres").reveal()
            wrong = make_conninfo(known, password="guessed")
            psycopg.connect(known).close()
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(wrong)
        finally:
            server.stop()
