"""Signed notes: the published ones hold, and nothing that is one bit off does."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.tlog.note import (
    NOTE_BYTES_MAX,
    BadNote,
    Kind,
    Note,
    NoteKey,
    NoteSigner,
    Signature,
    unbase64,
)

# From c2sp.org/signed-note, and from the tests of golang.org/x/mod/sumdb/note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
    "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WW"
    "d1RvMc+QQ=\n"
)
SEED = bytes(range(32))
WITNESS = NoteSigner(
    "witness.example/w1", Kind.COSIGNATURE, Ed25519PrivateKey.from_private_bytes(SEED)
)
LOG = NoteSigner("log.example", Kind.TEXT, Ed25519PrivateKey.from_private_bytes(SEED[::-1]))


def peter():
    secret = Ed25519PrivateKey.from_private_bytes(unbase64(PETER_SECRET)[1:])
    return NoteSigner("PeterNeumann", Kind.TEXT, secret)


def test_the_example_of_the_specification_holds():
    note = Note.parse(EXAMPLE)
    [held] = note.check([NoteKey.parse(EXAMPLE_KEY)])
    assert (note.text, held.key.name, held.at) == (
        "This is an example message.\n",
        "example.com/foo",
        None,
    )
    assert note.encode() == EXAMPLE
    assert held.key.vkey() == EXAMPLE_KEY


def test_a_note_is_signed_as_go_signs_it():
    assert peter().key.vkey() == PETER_KEY
    note = Note(TEXT, (peter().sign(TEXT),))
    assert note.encode().decode() == f"{TEXT}\n{PETER_LINE}"


def test_a_note_of_two_holds_for_whoever_knows_one_of_them():
    note = Note.parse(f"{TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode())
    both = [NoteKey.parse(PETER_KEY), NoteKey.parse(ENOCH_KEY)]
    assert [held.key for held in note.check(both)] == both
    assert [held.key for held in note.check(both[:1])] == both[:1]
    with pytest.raises(BadNote, match="no key"):
        note.check([NoteKey.parse(EXAMPLE_KEY)])


def test_a_key_counts_once_however_often_it_signed():
    note = Note.parse(f"{TEXT}\n{PETER_LINE}{PETER_LINE}".encode())
    assert len(note.check([NoteKey.parse(PETER_KEY)])) == 1


def test_one_false_line_in_a_known_name_spoils_the_note():
    false = Signature.parse(PETER_LINE.removesuffix("\n"))
    false = Signature(false.name, false.key_id, bytes(64))
    note = Note(TEXT, (peter().sign(TEXT), false))
    with pytest.raises(BadNote, match="does not hold"):
        note.check([NoteKey.parse(PETER_KEY)])


def test_a_key_with_any_letter_changed_or_cut_is_none():
    for start in range(len(PETER_KEY)):
        for end in range(start + 1, len(PETER_KEY) + 1):
            if (start, end) != (0, len(PETER_KEY)):
                with pytest.raises(BadNote):
                    NoteKey.parse(PETER_KEY[start:end])
    for place, letter in enumerate(PETER_KEY):
        with pytest.raises(BadNote):
            NoteKey.parse(PETER_KEY[:place] + chr(ord(letter) + 1) + PETER_KEY[place + 1 :])


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann",
        "",
    ],
)
def test_a_key_of_another_length_or_kind_is_none(key):
    with pytest.raises(BadNote):
        NoteKey.parse(key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        TEXT.encode(),
        f"{TEXT}\n".encode(),
        f"{TEXT}\n{PETER_LINE}"[:-1].encode(),
        f"{TEXT}{PETER_LINE}".encode(),
        f"{TEXT}\n{PETER_LINE}more\n".encode(),
        f"{TEXT}\n{PETER_LINE.replace(' ', '  ')}".encode(),
        f"{TEXT}\n— a+b x08go/ZJkuBS\n".encode(),
        f"{TEXT}\n— a x08g\n".encode(),
        f"{TEXT}\n— a b !!!\n".encode(),
        f"{TEXT}\n— a x08go\n".encode(),
        f"{TEXT}\n-- a x08go/ZJkuBS\n".encode(),
        f"{TEXT}\t\n{PETER_LINE}".encode(),
        f"{TEXT}\r\n\n{PETER_LINE}".encode(),
        f"\xff{TEXT}\n{PETER_LINE}".encode("latin-1", "replace"),
        f"{TEXT}\n{PETER_LINE * 101}".encode(),
        b"a" * NOTE_BYTES_MAX + b"\n\n" + PETER_LINE.encode(),
    ],
)
def test_what_is_no_note_is_refused(data):
    with pytest.raises(BadNote):
        Note.parse(data)


def test_an_empty_line_in_the_text_belongs_to_the_text():
    text = "one\n\ntwo\n"
    note = Note.parse(Note(text, (LOG.sign(text),)).encode())
    assert note.text == text
    note.check([LOG.key])


@given(st.integers(min_value=0, max_value=8 * len(f"{TEXT}\n{PETER_LINE}".encode()) - 1))
def test_no_bit_can_be_turned(bit):
    data = bytearray(f"{TEXT}\n{PETER_LINE}".encode())
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadNote):
        Note.parse(bytes(data)).check([NoteKey.parse(PETER_KEY)])


def test_a_cosignature_says_when_and_no_other_time_holds():
    text = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    made = WITNESS.sign(text, at=1_679_315_147)
    [held] = Note(text, (made,)).check([WITNESS.key])
    assert held.at == 1_679_315_147
    later = Signature(made.name, made.key_id, (1_679_315_148).to_bytes(8, "big") + made.value[8:])
    far = Signature(made.name, made.key_id, b"\xff" * 8 + made.value[8:])
    for false in (later, far, Signature(made.name, made.key_id, made.value[8:])):
        with pytest.raises(BadNote):
            Note(text, (false,)).check([WITNESS.key])


def test_the_same_bytes_can_hold_as_both_kinds_so_a_key_is_used_for_one_only():
    text = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    as_text = NoteSigner(WITNESS.name, Kind.TEXT, WITNESS.private)
    assert as_text.key.key_id != WITNESS.key.key_id
    signed = as_text.sign(f"cosignature/v1\ntime 5\n{text}")
    borrowed = Signature(WITNESS.name, WITNESS.key.key_id, (5).to_bytes(8, "big") + signed.value)
    # The same bytes: this is why one key is never used for both kinds.
    assert Note(text, (borrowed,)).check([WITNESS.key])
    with pytest.raises(AssertionError, match="says when"):
        WITNESS.sign(text)
    with pytest.raises(AssertionError, match="says when"):
        LOG.sign(text, at=1)


def test_a_signers_secret_does_not_print():
    assert "private" not in repr(LOG)
