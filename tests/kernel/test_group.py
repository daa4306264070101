"""The group's library leaves nothing on the disk of whoever runs a room."""

import os
import subprocess
import sys

import pytest

WORK = "from kumihimo.kernel.group import hash_to_group; hash_to_group(b'a', b'test')"
SPAWNED = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from kumihimo.kernel.group import hash_to_group
if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert len(list(pool.map(hash_to_group, [b"a", b"b"], [b"test", b"test"]))) == 2
"""


@pytest.mark.parametrize("program", [WORK, SPAWNED], ids=["one process", "processes it starts"])
def test_a_process_leaves_no_library_in_the_temporary_folder(tmp_path, program):
    folder = tmp_path / "tmp"
    folder.mkdir()
    script = tmp_path / "program.py"
    script.write_text(program)
    environment = {**os.environ, "TMPDIR": str(folder)}  # noqa: TID251 - a child needs the rest
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=120)
    assert list(folder.iterdir()) == []
