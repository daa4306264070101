"""What a log's keeper tells a party of that party's own submissions: where they stand, since when."""

from datetime import datetime
from typing import Final

import msgspec

from kumihimo.kernel.tlog.leaf import Kind

MINE_PATH: Final = "/log/mine"
PLACES: Final = 1 << 62  # our choice: more than any log will have, and the database counts it
STRETCH: Final = 4_096  # our choice: an answer of half a megabyte at most


class AskMine(msgspec.Struct, frozen=True):
    """From which entry of the log on."""

    start: int


class MySubmission(msgspec.Struct, frozen=True):
    """A submission of whoever asks, in the log since `at`."""

    submission: str
    first: int
    leaves: int
    at: datetime
    kind: Kind = ""


class Mine(msgspec.Struct, frozen=True):
    """Every submission of whoever asked that begins before entry `until`; the log has `size`."""

    submissions: tuple[MySubmission, ...]
    until: int
    size: int
