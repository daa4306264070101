"""What names a database is looked at before it is used, and never quoted."""

import pytest

from kumihimo.kernel.reaching import is_dsn
from kumihimo.kernel.withheld import Withheld


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (b"host=127.0.0.1 dbname=x password=hunter2", True),
        (b"postgresql://role:hunter2@127.0.0.1/x", True),
        (b"hunter2", False),
        (b"no_such_setting=hunter2", False),
        (b"host=x password=\xff", False),
        (b"host=x\0password=hunter2", False),
    ],
)
def test_it_is_one_or_none(content, is_one):
    assert is_dsn(Withheld(content)) is is_one
