"""The embedded PostgreSQL as a process: whoever starts it does not leave it behind."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest

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
