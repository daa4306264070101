"""What towns are called is read once, in whichever process, chunk or run they are met.

A country has some hundred thousand towns, and each takes a tenth of a millisecond. What stands before the
numbers of addresses is kept beside the stages, for all that read addresses in the same canonical form.
"""

from pathlib import Path
from typing import Final

import polars as pl

from kumihimo.linkaudit.canonical import FORMS
from kumihimo.linkaudit.folder import Stage, fingerprint, whole
from kumihimo.linkaudit.joining import write_plain
from kumihimo.people.columns.addresses import heads_read, learn_heads
from kumihimo.people.columns.distinct import TEXT

_ALL: Final = "all.arrow"


def towns(audit: Path) -> Path:
    """Return where they are kept; what different tasks left there is put together.

    Nobody may be reading addresses meanwhile.
    """
    stage = Stage.at(audit, "towns", fingerprint(pl.__version__, FORMS))
    places = sorted(stage.folder.glob("*.arrow"))
    if len(places) > 1:
        told = pl.concat(pl.read_ipc(place) for place in places)
        with whole(stage.folder / _ALL) as half:
            write_plain(told.unique(TEXT, keep="first", maintain_order=True), half)
    for place in places:
        if place.name != _ALL:
            place.unlink()
    stage.finish()
    return stage.folder


def learn(folder: Path) -> None:
    """Know in this process what was kept."""
    place = folder / _ALL
    if place.exists():
        learn_heads(pl.read_ipc(place))


def keep(folder: Path, name: str) -> None:
    """Keep what was read in this process since this was asked last, under the name of a task."""
    told = heads_read()
    if len(told):
        with whole(folder / f"{name}.arrow") as half:
            write_plain(told, half)
