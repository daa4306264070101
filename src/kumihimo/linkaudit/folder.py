"""The folder of an audit: a stage leaves its table whole or not at all, and is not done twice.

A stage's fingerprint is made of its inputs', so what follows from something else lies elsewhere. A
file is written beside its place and put there whole; what a killed run left half done is taken away
by the next.
"""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from kumihimo.kernel.files import open_regular

_FOOT: Final = 1 << 16  # bytes: the footer of a Parquet file, with the statistics of its columns
_DIGEST: Final = 12  # bytes
_DONE: Final = "done"
_KEPT: Final = "kept"


def fingerprint(*parts: object) -> str:
    """Return a short digest of texts and numbers."""
    told = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(told.encode(), digest_size=_DIGEST).hexdigest()


def of_files(paths: list[Path]) -> str:
    """Return a digest of files: name, size, time of change and the last bytes of each."""
    parts: list[object] = []
    for path in paths:
        told = path.stat()
        with open_regular(path) as file:
            file.seek(max(0, told.st_size - _FOOT))
            foot = hashlib.blake2b(file.read(_FOOT), digest_size=_DIGEST).hexdigest()
        parts += [path.name, told.st_size, told.st_mtime_ns, foot]
    return fingerprint(*parts)


@contextmanager
def whole(path: Path) -> Generator[Path]:
    """Give a place to write a file or a folder to; it is at `path` once the block ends well."""
    half = path.with_name(f".{path.name}.half")
    _remove(half)
    path.parent.mkdir(parents=True, exist_ok=True)
    yield half
    _remove(path)
    half.replace(path)


def also_at(file: Path, place: Path) -> None:
    """Let a file that is written no more stand at another place too: as a link where that can be."""
    if not place.exists():
        with whole(place) as half:
            try:
                half.hardlink_to(file)
            except OSError:  # on another disk, or on one that has no links
                shutil.copyfile(file, half)


@attrs.frozen
class Stage:
    """Where one stage of one fingerprint keeps its files.

    `before` is what it left for other inputs but under the same rules, until it is finished anew.
    """

    folder: Path
    before: Path | None = None

    @classmethod
    def at(cls, audit: Path, name: str, rules: str, *inputs: object) -> "Stage":
        """Return the stage for these inputs, and take away what it left under other rules.

        `rules` is a fingerprint of what makes two results comparable: versions, the key.
        """
        stages = audit / "stages"
        folder = stages / f"{name}-{rules}-{fingerprint(*inputs)}"
        before: Path | None = None
        for other in sorted(stages.glob(f"{name}-*"), key=lambda one: one.stat().st_mtime_ns):
            if other == folder:
                continue
            if other.name.startswith(f"{name}-{rules}-") and _stands(other):
                if before:
                    _remove(before)
                before = other
            else:
                _remove(other)
        if not _stands(folder) and not _began(folder).exists():
            _remove(folder)
            folder.mkdir(parents=True)
            _began(folder).touch()
        return cls(folder, before)

    @property
    def is_done(self) -> bool:
        """Say whether the stage was finished."""
        return (self.folder / _DONE).exists()

    def finish(self, text: str = "") -> None:
        """Say that the stage is finished; `text` is what a later run wants to know of it."""
        if not _boot():  # nothing will tell then whether the machine was started anew
            os.sync()
        if self.before is not None:
            _remove(self.before)
        with whole(self.folder / _DONE) as half:
            half.write_text(text, "utf-8")


def keep(audit: Path) -> None:
    """Bring to the disk what the finished stages of an audit left: a crash of the machine loses none.

    Until then a finished stage is good for as long as the machine is not started anew.
    """
    done = [place.parent for place in (audit / "stages").glob(f"*/{_DONE}")]
    os.sync()
    for stage in done:
        (stage / _KEPT).touch()


def _stands(stage: Path) -> bool:
    """Say whether a stage is finished and nothing of it can be lost by now."""
    return (stage / _DONE).exists() and ((stage / _KEPT).exists() or _began(stage).exists())


def _began(stage: Path) -> Path:
    """Return what lies in a stage that was begun since this start of the machine."""
    return stage / f"boot-{fingerprint(_boot())}"


def _boot() -> str:
    """Return what tells this start of the machine from the last; "" where the system does not."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
