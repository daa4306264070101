"""Whom a verifier believes is a file that it brings itself (c2sp.org/tlog-policy)."""

import pytest

from kumihimo.kernel.tlog.note import Kind, Note, Signature
from kumihimo.kernel.tlog.policy import NotBelieved, Policy, PolicyBroken
from tests.tlog import naive
from tests.tlog.keys import LOG, ORIGIN, STRANGER, WITNESSES, signed, signer

KEYS = [witness.key.vkey() for witness in WITNESSES]
THREE = f"""# three witnesses, two of them are enough
log {LOG.key.vkey()} https://log.example/42

witness w1 {KEYS[0]}
\twitness  w2\t{KEYS[1]}  https://witness.example/w2
witness w3 {KEYS[2]}
group two-of-three 2 w1 w2 w3
quorum two-of-three
"""
ROOT = naive.root(naive.entries(3))


def test_as_many_witnesses_as_are_asked_for_are_enough_and_one_less_is_not():
    policy = Policy.parse(THREE)
    believed = policy.believe(signed(3, ROOT, by=(LOG, *WITNESSES[1:]), at=9))
    assert (believed.checkpoint.size, believed.checkpoint.root) == (3, ROOT)
    assert believed.witnessed == {"w2": 9, "w3": 9}
    with pytest.raises(NotBelieved, match="too few"):
        policy.believe(signed(3, ROOT, by=(LOG, WITNESSES[0])))


def test_witnesses_without_the_log_are_nothing():
    with pytest.raises(NotBelieved, match="the log"):
        Policy.parse(THREE).believe(signed(3, ROOT, by=WITNESSES))


def test_a_log_speaks_under_its_own_name_only():
    policy = Policy.parse(THREE.replace(LOG.key.vkey(), STRANGER.key.vkey()))
    with pytest.raises(NotBelieved, match="the log"):
        policy.believe(signed(3, ROOT, by=(STRANGER, *WITNESSES)))
    same_name = signer("log.example/43", Kind.TEXT)
    with pytest.raises(NotBelieved, match="the log"):
        policy.believe(signed(3, ROOT, by=(same_name, *WITNESSES)))


def test_a_false_line_in_a_witness_name_spoils_the_whole():
    good = signed(3, ROOT, by=(LOG, *WITNESSES))
    last = good.signatures[-1]
    false = Signature(last.name, last.key_id, last.value[:-1] + b"\0")
    note = Note(good.text, (*good.signatures[:-1], false))
    with pytest.raises(NotBelieved, match="w3"):
        Policy.parse(THREE).believe(note)


def test_what_is_no_checkpoint_is_not_believed():
    note = Note("text\n", (LOG.sign("text\n"),))
    with pytest.raises(NotBelieved, match="checkpoint"):
        Policy.parse(THREE).believe(note)


@pytest.mark.parametrize(
    ("quorum", "by", "enough"),
    [
        ("quorum none", (), True),
        ("quorum w1", (0,), True),
        ("quorum w1", (1,), False),
        ("group g any w1 w2\nquorum g", (1,), True),
        ("group g all w1 w2\nquorum g", (1,), False),
        ("group g all w1 w2\nquorum g", (0, 1), True),
        ("group a any w1 w2\ngroup g all a w3\nquorum g", (0, 2), True),
        ("group a any w1 w2\ngroup g all a w3\nquorum g", (0, 1), False),
    ],
)
def test_the_quorum_says_how_many(quorum, by, enough):
    policy = Policy.parse(
        THREE.replace("group two-of-three 2 w1 w2 w3\nquorum two-of-three", quorum)
    )
    note = signed(3, ROOT, by=(LOG, *(WITNESSES[place] for place in by)))
    if enough:
        assert policy.believe(note).checkpoint.origin == ORIGIN
    else:
        with pytest.raises(NotBelieved):
            policy.believe(note)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "quorum"),
        ("quorum w1", "line 1: a name that is not known"),
        ("quorum none\nquorum none", "line 2"),
        ("quorum", "line 1"),
        ("log", "line 1"),
        (f"log {KEYS[0]}", "line 1: a log signs text"),
        (f"witness w1 {LOG.key.vkey()}", "line 1: a log signs text"),
        (f"witness none {KEYS[0]}", "taken"),
        (f"witness w1 {KEYS[0]}\nwitness w1 {KEYS[1]}", "line 2: this name is taken"),
        (f"witness w1 {KEYS[0]}\nwitness w2 {KEYS[0]}", "line 2: this key stands twice"),
        (f"log {LOG.key.vkey()}\nlog {LOG.key.vkey()}", "line 2: this key stands twice"),
        (f"witness w1 {KEYS[0]}\ngroup g any", "line 2"),
        (f"witness w1 {KEYS[0]}\ngroup g 2 w1", "line 2: more than"),
        (f"witness w1 {KEYS[0]}\ngroup g 0 w1", "line 2: any, all"),
        (f"witness w1 {KEYS[0]}\ngroup g some w1", "line 2: any, all"),
        (f"witness w1 {KEYS[0]}\ngroup g any w1 w1", "line 2: a member"),
        (f"witness w1 {KEYS[0]}\ngroup g any w2", "line 2: a name that is not known"),
        (f"witness w1 {KEYS[0]} x y", "line 1"),
        ("witness w1 not-a-key", "line 1"),
        ("rule none", "line 1"),
        ("#\n" * 1_001, "too many"),
    ],
)
def test_what_is_no_policy_is_refused_with_its_line(text, told):
    with pytest.raises(PolicyBroken, match=told):
        Policy.parse(text)
