"""Converting sealed persons between domains. What goes in and what comes out are both sealed."""

from collections.abc import Sequence

import attrs

from kumihimo.kernel.entropy import Entropy
from kumihimo.kernel.group import NotInGroup, Point, Scalar
from kumihimo.kernel.refusal import BadInput
from kumihimo.kernel.seal import check_sealed, convert


@attrs.frozen
class Conversion:
    """What turns a code of one domain into another's: a factor, and the key it is sealed `to`."""

    factor: Scalar
    to: Point


@attrs.frozen
class Task:
    """A sealed person from a message: `where` it stands, and into what it is converted, if at all."""

    sealed: bytes
    where: str
    by: Conversion | None


def convert_all(tasks: Sequence[Task], entropy: Entropy) -> list[bytes]:
    """Convert each; about 0.15 ms apiece, so callers run it off the event loop.

    Raises `BadInput` for the first that is not two points, with the place where it stands. Of what is
    not converted nothing is left: b"".
    """
    return [_convert(task, entropy) for task in tasks]


def _convert(task: Task, entropy: Entropy) -> bytes:
    try:
        if task.by is None:
            check_sealed(task.sealed)
            return b""
        return convert(task.sealed, by=task.by.factor, to=task.by.to, entropy=entropy)
    except NotInGroup as error:
        raise BadInput("a sealed person is two points of 32 bytes", pointer=task.where) from error
