"""A party's keys come from one secret in a file; what they lock opens in its own place only."""

import resource

import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.entropy import SeededEntropy, SystemEntropy
from kumihimo.kernel.group import NotInGroup
from kumihimo.kernel.keys import (
    KeyFileUnsafe,
    Locker,
    NotSealedForUs,
    Opening,
    PartyKeys,
    Sealing,
    load_master,
    new_master,
    open_payload,
    save_master,
    seal_payload,
)
from kumihimo.kernel.withheld import Withheld

MASTER = Withheld(bytes(range(32)))


def locker(seed=1, secret=MASTER):
    return Locker.of(secret, SeededEntropy(seed))


@given(st.binary(max_size=600), st.sampled_from([1, 128, 256, 512]))
def test_what_is_locked_opens_as_it_was(value, block):
    locked = locker().lock(value, label=b"a", block=block)
    assert locker().unlock(locked, label=b"a") == value


@given(st.integers(0, 511), st.integers(0, 511))
def test_within_a_block_the_length_does_not_tell(one, other):
    lengths = {len(locker().lock(b"\0" * n, label=b"a", block=512)) for n in (one, other)}
    assert lengths == {12 + 512 + 16}


def test_past_a_block_comes_the_next():
    assert len(locker().lock(bytes(512), label=b"a", block=512)) == 12 + 1024 + 16


def test_the_same_value_never_looks_the_same_and_its_tag_always_does():
    keys = Locker.of(MASTER, SystemEntropy())
    assert keys.lock(b"v", label=b"a") != keys.lock(b"v", label=b"a")
    assert keys.tag(b"v", label=b"a") == locker().tag(b"v", label=b"a")


def test_in_another_place_or_under_another_key_or_altered_it_does_not_open():
    locked = locker().lock(b"v", label=b"a")
    for other, label, altered in (
        (locker(), b"b", locked),
        (locker(secret=Withheld(bytes(32))), b"a", locked),
        (locker(), b"a", locked[:-1] + bytes([locked[-1] ^ 1])),
        (locker(), b"a", locked[:20]),
    ):
        with pytest.raises(InvalidTag):
            other.unlock(altered, label=label)


def test_a_tag_is_of_its_value_its_label_and_its_key():
    tags = {
        locker().tag(b"v", label=b"a"),
        locker().tag(b"w", label=b"a"),
        locker().tag(b"v", label=b"b"),
        locker().tag(b"av", label=b""),
        locker(secret=Withheld(bytes(32))).tag(b"v", label=b"a"),
    }
    assert len(tags) == 5


def test_one_secret_gives_two_parties_unrelated_keys():
    one, other = PartyKeys("lg-1", MASTER), PartyKeys("lg-2", MASTER)
    same = PartyKeys("lg-1", MASTER)
    assert one.public == same.public
    assert one.secret("columns").reveal() == same.secret("columns").reveal()
    published = [getattr(k.public, n) for k in (one, other) for n in k.public.__struct_fields__]
    secrets = [k.secret(name).reveal() for k in (one, other) for name in ("columns", "rotation")]
    assert len({*published, *secrets}) == 10
    assert MASTER.reveal().hex() not in repr(one)


def test_a_payload_opens_for_its_receiver_in_its_context_only():
    keys, other = PartyKeys("lg-1", MASTER), PartyKeys("lg-2", MASTER)
    sealed = seal_payload(b"v", to=keys.public.payload, context=b"permit")
    assert open_payload(sealed, key=keys.payload, context=b"permit") == b"v"
    for key, context in ((other.payload, b"permit"), (keys.payload, b"other")):
        with pytest.raises(NotSealedForUs):
            open_payload(sealed, key=key, context=context)


def test_payloads_that_are_sealed_together_open_one_by_one_each_in_its_context_only():
    keys, other = PartyKeys("lg-1", MASTER), PartyKeys("lg-2", MASTER)
    sealing = Sealing.to(keys.public.payload, SystemEntropy())
    sealed = {name: sealing.seal(b"v " + name, context=name) for name in (b"one", b"two")}
    later = Sealing.to(keys.public.payload, SystemEntropy()).seal(b"v later", context=b"later")
    opening = Opening(keys.payload)
    for name, one in {**sealed, b"later": later}.items():
        assert opening.open(one, context=name) == b"v " + name
    for bad, context in (
        (sealed[b"one"], b"two"),
        (later[:64] + sealed[b"one"][64:], b"one"),
        *((sealed[b"one"][:size], b"one") for size in (0, 63, 64, 70, 76, 90)),
        *((bytes(flipped(sealed[b"one"], at)), b"one") for at in range(len(sealed[b"one"]))),
    ):
        with pytest.raises(NotSealedForUs):
            opening.open(bad, context=context)
    with pytest.raises(NotSealedForUs):
        Opening(other.payload).open(sealed[b"one"], context=b"one")


def test_what_is_sealed_together_is_sealed_under_one_key_and_no_nonce_twice():
    sealing = Sealing.to(PartyKeys("lg-1", MASTER).public.payload, SystemEntropy())
    sealed = [sealing.seal(b"same", context=b"same") for _ in range(100)]
    assert {one[:64] for one in sealed} == {sealing.sealed}
    assert len({one[64:76] for one in sealed}) == len({one[76:] for one in sealed}) == 100


def flipped(data, at):
    changed = bytearray(data)
    changed[at] ^= 1
    return changed


def test_a_key_file_is_made_once_and_read_by_its_owner_only(tmp_path):
    path, master = tmp_path / "key", new_master(SystemEntropy())
    save_master(path, master)
    assert load_master(path) == master
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        save_master(path, new_master(SystemEntropy()))
    assert load_master(path) == master
    path.chmod(0o640)
    with pytest.raises(KeyFileUnsafe, match="chmod 600"):
        load_master(path)


@pytest.mark.parametrize(
    "content", [b"", b"AAAA", b"A" * 43, b"!" * 44, b"A" * 2_000, b"\xff" * 44]
)
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path, content):
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(KeyFileUnsafe) as refused:
        load_master(path)
    assert content.decode("latin-1") not in str(refused.value) or not content


def test_a_key_that_is_missing_is_named_by_its_path(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileUnsafe, match=str(path)):
            load_master(path)


def test_on_a_disk_that_takes_nothing_no_half_key_is_left(tmp_path):
    path = tmp_path / "master"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_master(path, new_master(SystemEntropy()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not path.exists()
    save_master(path, new_master(SystemEntropy()))  # and nothing stands in the way of the next


def test_a_receiving_key_that_is_no_point_is_refused_however_often_it_is_asked_for():
    good = PartyKeys("anybody", new_master(SystemEntropy())).public
    bad = msgspec.structs.replace(good, receiving=b"\xff" * 32)
    for _ in range(2):
        assert good.receiving_point() == good.receiving
        with pytest.raises(NotInGroup):
            bad.receiving_point()
