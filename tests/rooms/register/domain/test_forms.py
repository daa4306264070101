"""An event of another form is refused by its place, before anybody's record is looked at."""

import msgspec
import pytest

from kumihimo.kernel.refusal import Refusal
from kumihimo.people.check_digits import NumberSpace
from kumihimo.rooms.register.domain.forms import check_form
from tests.rooms.register.made import DAY, birth, correction


def refused(event):
    with pytest.raises(Refusal) as refusal:
        check_form(event, space=NumberSpace.TEST, today=DAY)
    return refusal.value


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"event": "not-an-id"}, "event"),
        ({"municipality": "\uff11\uff13\uff11\uff10\uff13\uff12"}, "municipality"),
        ({"officers": ("x" * 65,)}, "officers"),
        ({"officers": (" ",)}, "officers"),
        ({"officers": tuple(f"o{n}" for n in range(9))}, "officers"),
        ({"birth": "2030-01-01"}, "birth"),
        ({"name": "a\u0000b"}, "name"),
    ],
)
def test_each_attribute_of_another_form_is_named(changes, pointer):
    good = birth(1)
    check_form(good, space=NumberSpace.TEST, today=DAY)
    assert refused(msgspec.structs.replace(good, **changes)).pointer == pointer


def test_a_resident_code_has_one_notation():
    good = birth(1)
    spaced = f"{good.resident_code[:4]} {good.resident_code[4:]}"
    assert "eleven" in refused(msgspec.structs.replace(good, resident_code=spaced)).detail


def test_who_corrects_ex_officio_says_why():
    good = correction(1, name="高橋 花")
    check_form(good, space=NumberSpace.TEST, today=DAY)
    assert refused(msgspec.structs.replace(good, reason=" ")).pointer == "reason"
