"""What stands nowhere is looked for so that chance says nothing, and is found where it is."""

from secrets import token_urlsafe

import pytest

from tests.nowhere import nowhere, nowhere_by_itself

HEX = "0f" * 5_000


@pytest.mark.parametrize("value", ["b081", "1357", "3210000", "ABC123", b"2580", "", "x" * 4])
def test_a_value_that_chance_can_write_is_not_looked_for_bare(value):
    with pytest.raises(AssertionError, match="by chance"):
        nowhere(value, HEX)


@pytest.mark.parametrize("value", ["lg-131032", "123456789018", "高橋", "<b>"])
def test_a_value_that_chance_does_not_write_is_looked_for_as_it_is(value):
    assert nowhere(value, HEX)
    assert nowhere(value.encode(), HEX.encode())
    assert not nowhere(value, HEX + value)
    assert not nowhere(value.encode(), (HEX + value).encode())


@pytest.mark.parametrize("text", ["(b081,1)", '"b081"', "x=b081&", "b081", "••b081", ">b081<"])
def test_a_word_is_found_by_itself(text):
    assert not nowhere_by_itself("b081", text)
    assert not nowhere_by_itself(b"b081", text.encode())


def test_a_word_is_not_found_in_what_was_drawn():
    # Ten million letters hold four given ones about once.
    drawn = [token_urlsafe(48) for _ in range(300)]
    for whole in drawn:
        assert nowhere_by_itself(whole[:4], " ".join(drawn))
        assert nowhere_by_itself(whole[10:14], f"\\x{whole}")
