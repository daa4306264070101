"""A withheld value shows itself by `reveal()` and by nothing else."""

import copy
import io
import json
import pickle
import traceback

import attrs
import msgspec
import pytest

from kumihimo.kernel.withheld import Withheld
from kumihimo.people.check_digits import NumberSpace
from kumihimo.people.numbers import IndividualNumber

SECRET = "12345678901"
VALUES = [
    Withheld(SECRET),
    Withheld(SECRET.encode()),
    IndividualNumber.generate(SECRET, space=NumberSpace.TEST),
]


class Wire(msgspec.Struct):
    value: Withheld[str]


@attrs.frozen
class Inner:
    value: Withheld[str]


each = pytest.mark.parametrize("value", VALUES, ids=["text", "bytes", "number"])


PRINTING = {
    "str": str,
    "format": "{}".format,
    "padded": "{0:>30}".format,
    "f-string": lambda value: f"{value}",
    "percent": lambda value: "%s" % value,  # noqa: UP031 - one of the ways
    "join": "".join,
    "print": lambda value: print(value, file=io.StringIO()),
    "json": json.dumps,
    "pickle": pickle.dumps,
    "pickle of what holds it": lambda value: pickle.dumps(Inner(value)),
    "bytes": bytes,
    "iter": iter,
    "sort": lambda value: value < value,  # noqa: PLR0124 - to sort is to tell
}
BY_THE_WAY = {
    "repr": repr,
    "list": lambda value: repr([value]),
    "percent": lambda value: "%r" % (value,),  # noqa: UP031 - one of the ways
    "f-string": lambda value: f"{value!r}",
    "attrs": lambda value: repr(Inner(value)),
    "struct": lambda value: repr(Wire(value)),
    "wire": lambda value: msgspec.json.encode(Wire(value)).decode(),
    "error": lambda value: repr(ValueError(value)),
}


@each
@pytest.mark.parametrize("way", PRINTING)
def test_whoever_prints_it_or_writes_it_down_is_stopped(value, way):
    with pytest.raises(TypeError) as stopped:
        PRINTING[way](value)
    assert SECRET not in str(stopped.value)


@each
@pytest.mark.parametrize("way", BY_THE_WAY)
def test_what_is_said_of_it_by_the_way_does_not_hold_it(value, way):
    assert SECRET not in BY_THE_WAY[way](value)


@each
def test_a_traceback_with_its_local_variables_does_not_show_it(value):
    def fails(held):
        raise LookupError(held)

    with pytest.raises(LookupError) as raised:
        fails(value)
    told = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    text = "".join(told.format())
    assert "<withheld>" in text
    assert SECRET not in text


@each
def test_it_is_itself_when_copied_and_equals_its_like(value):
    assert copy.copy(value) is value
    assert copy.deepcopy(Inner(value)) == Inner(value)
    assert len({value, copy.deepcopy(value)}) == 1


def test_only_reveal_gives_it():
    assert Withheld(SECRET).reveal() == SECRET
    assert Withheld(SECRET) != Withheld(SECRET + "0")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Withheld(SECRET)._value = ""  # pyright: ignore[reportAttributeAccessIssue]
