"""The key that stands over the issuers of the card's text, as settings write it."""

import pytest

from kumihimo.kernel.refusal import BadInput
from kumihimo.rooms.gateway.domain.chip import NO_AUTHORITY, TextAuthority


@pytest.mark.parametrize("octets", [b"", bytes(281), bytes(280)])
def test_what_is_no_key_is_refused_with_the_length_that_one_has(octets):
    with pytest.raises(BadInput, match="281 bytes"):
        TextAuthority.parse(octets)


def test_where_no_chip_is_read_there_is_no_authority():
    assert NO_AUTHORITY.current() is None
