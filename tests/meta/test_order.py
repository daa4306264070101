import pytest

from tests.meta.project import ROOT
from tests.order import FIRST, begun_first


@pytest.mark.parametrize("path", FIRST)
def test_what_is_to_come_first_is_there(path):
    assert (ROOT / path).exists()


def test_what_starts_federations_comes_before_everything_else(request):
    found = [begun_first(item.nodeid) for item in request.session.items]
    assert found == sorted(found, reverse=True)
