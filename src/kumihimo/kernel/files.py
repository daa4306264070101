"""Reading files that a person names: regular ones only, so that nothing waits for a writer.

And writing small ones: whole, or not at all.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, through links; never waits.

    Raises `OSError` with words for a person in `strerror`: also for a folder, a pipe, a device,
    and for text that cannot be a path.
    """
    try:
        # A pipe without a writer would hold up a plain open() for good.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        raise OSError(errno.EINVAL, "not a path") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads: whole, or not at all, and on the disk."""
    half = path.with_suffix(".new")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
