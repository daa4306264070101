"""The blocks of a page, typed at a terminal as a person does who follows it."""

import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
IN_TIME_S = 240  # a bound for a machine that is busy, not a wait


def blocks(page, language=""):
    """Return the fenced blocks of a page that are in a language."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return [block for kind, block in FENCE.findall(text) if kind == language]


def place(folder):
    """Make a folder in which `./kumihimo` is this one, as in a clone."""
    (folder / "kumihimo").symlink_to(ROOT / "kumihimo")
    return folder


def type_block(block, folder, *, answers=None, path=""):
    """Type a block of commands into a shell that ends at the first failure.

    `answers` are given whenever a prompt ends with their key; programs are found in `path` first.
    Returns what stands on the terminal.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["bash", "-eu", "-c", f'PATH="{path}:$PATH"\n{block}'],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as shell:
        os.close(theirs)
        told, seen = b"", 0
        until = time.monotonic() + IN_TIME_S
        while more := _read(ours, until - time.monotonic()):
            told += more
            for prompt, answer in (answers or {}).items():
                if told[seen:].endswith(prompt.encode()):
                    os.write(ours, f"{answer}\n".encode())
                    seen = len(told)
        in_time = time.monotonic() < until
        if not in_time:
            os.killpg(shell.pid, signal.SIGKILL)
        os.close(ours)
        code = shell.wait(IN_TIME_S)
    said = told.decode(errors="replace").replace("\r\n", "\n")
    assert in_time, f"{block}\n{said}"
    assert code == 0, f"{block}\n{said}"
    return said


def _read(handle, seconds):
    """Return what came; nothing when the other side has ended or the time is over."""
    if not select.select([handle], [], [], max(seconds, 0))[0]:
        return b""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""
