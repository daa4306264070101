import pytest

from tests.meta.project import ROOT
from tests.order import FIRST, turn


@pytest.mark.parametrize("path", FIRST)
def test_what_is_to_come_first_is_there(path):
    assert (ROOT / path).exists()


def test_what_takes_long_comes_before_everything_else(request):
    found = [turn(item.nodeid) for item in request.session.items]
    assert found == sorted(found)


def test_a_file_has_its_own_turn_before_that_of_its_folder():
    assert turn("tests/interop/test_counter.py::test") < turn("tests/interop/test_go.py::test")
    assert turn("tests/interop/test_go.py::test") < turn("tests/people/test_names.py::test")
