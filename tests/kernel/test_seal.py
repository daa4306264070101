import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SeededEntropy
from kumihimo.kernel.group import (
    NotInGroup,
    add,
    base,
    expand_message_xmd,
    hash_to_group,
    invert,
    multiply,
    parse_point,
    parse_scalar,
    product,
    quotient,
    random_scalar,
    subtract,
)
from kumihimo.kernel.seal import check_sealed, convert, open_sealed, seal

seeds = st.integers(min_value=0, max_value=2**32)


def test_multiples_of_the_generator_are_those_of_rfc_9496():
    expected = [
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    ]
    one = parse_scalar((1).to_bytes(32, "little"))
    point = generator = base(one)
    for text in expected:
        assert point.hex() == text
        point = add(point, generator)


def test_expansion_is_that_of_rfc_9380_with_sha_512():
    dst = b"QUUX-V01-CS02-with-expander-SHA512-256"
    assert expand_message_xmd(b"", dst, 32).hex() == (
        "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"
    )
    assert expand_message_xmd(b"abc", dst, 32).hex() == (
        "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc"
    )


@pytest.mark.parametrize("data", [b"", bytes(32), b"\xff" * 32, bytes(31), b"\x01" + bytes(31)])
def test_what_is_no_point_is_refused(data):
    with pytest.raises(NotInGroup):
        parse_point(data)


@pytest.mark.parametrize("data", [b"", bytes(32), b"\xff" * 32, bytes(33)])
def test_what_is_no_scalar_is_refused(data):
    with pytest.raises(NotInGroup):
        parse_scalar(data)


@given(seeds)
def test_the_receiver_opens_what_was_sealed_to_it_and_nobody_else_does(seed):
    entropy = SeededEntropy(seed)
    key, other = random_scalar(entropy), random_scalar(entropy)
    person = hash_to_group(entropy.bytes(32), b"test")
    sealed = seal(person, to=base(key), entropy=entropy)
    assert open_sealed(sealed, key=key) == person
    assert open_sealed(sealed, key=other) != person


@given(seeds)
def test_a_conversion_turns_one_domains_code_into_the_others_without_opening_it(seed):
    entropy = SeededEntropy(seed)
    a, b_from, b_to, key = (random_scalar(entropy) for _ in range(4))
    person = multiply(a, hash_to_group(entropy.bytes(32), b"test"))
    sealed = seal(multiply(b_from, person), to=base(key), entropy=entropy)
    converted = convert(sealed, by=quotient(b_to, b_from), to=base(key), entropy=entropy)
    assert open_sealed(converted, key=key) == multiply(b_to, person)
    assert {converted[:32], converted[32:]}.isdisjoint({sealed[:32], sealed[32:]})


NO_POINTS = (bytes(32), b"\xff" * 32, b"\x01" + bytes(31))


def test_a_seal_of_which_a_half_is_no_point_is_neither_opened_nor_converted():
    entropy = SeededEntropy(7)
    key, factor = random_scalar(entropy), random_scalar(entropy)
    to = base(key)
    good = seal(hash_to_group(b"somebody", b"test"), to=to, entropy=entropy)
    bad = [b"", good[:63], good + b"\0"]
    bad += [half + good[32:] for half in NO_POINTS] + [good[:32] + half for half in NO_POINTS]
    for sealed in bad:
        for use in (
            lambda s: open_sealed(s, key=key),
            lambda s: convert(s, by=factor, to=to, entropy=entropy),
            check_sealed,
        ):
            with pytest.raises(NotInGroup):
                use(sealed)
    check_sealed(good)
    check_sealed(convert(good, by=factor, to=to, entropy=entropy))


def test_no_operation_of_the_group_takes_what_is_no_point():
    entropy = SeededEntropy(8)
    scalar, point = random_scalar(entropy), hash_to_group(b"somebody", b"test")
    for bad in NO_POINTS:
        with pytest.raises(NotInGroup):
            multiply(scalar, bad)
    for bad in NO_POINTS[1:]:  # the identity is a summand like any other, and never a sum
        for use in (add, subtract):
            with pytest.raises(NotInGroup):
                use(bad, point)
            with pytest.raises(NotInGroup):
                use(point, bad)
    with pytest.raises(NotInGroup):
        subtract(point, point)
    assert subtract(add(point, base(scalar)), base(scalar)) == point


@given(seeds)
def test_acquisition_gives_the_same_code_whatever_the_blinding(seed):
    entropy = SeededEntropy(seed)
    a, b = random_scalar(entropy), random_scalar(entropy)
    person = hash_to_group(entropy.bytes(32), b"test")
    codes = set()
    for _ in range(2):
        r = random_scalar(entropy)
        blinded = multiply(product(r, a), person)
        codes.add(multiply(invert(r), multiply(b, blinded)))
    assert codes == {multiply(product(a, b), person)}


def test_a_scalar_does_not_print():
    scalar = random_scalar(SeededEntropy(1))
    assert repr(scalar) == "Scalar(<withheld>)"
    with pytest.raises(TypeError):
        f"{scalar}"
