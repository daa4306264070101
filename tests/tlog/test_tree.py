"""Trees against the definition, word for word, and against the tree that everyone tests with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kumihimo.kernel.tlog.tree import (
    EMPTY_ROOT,
    ProofBroken,
    consistency_path,
    inclusion_path,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.tlog import naive

# The tree of Certificate Transparency's own tests: eight entries, and the root after each.
REFERENCE = [bytes.fromhex(e) for e in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SMALL = naive.entries(17)
sizes = st.integers(min_value=1, max_value=len(SMALL))
other = st.binary(min_size=32, max_size=32)


def hashes(path, entries):
    return [naive.root(entries[start:end]) for start, end in path]


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS, start=1)))
def test_the_reference_tree_has_the_published_roots(size, root):
    assert naive.root(REFERENCE[:size]).hex() == root


def test_the_published_proofs_of_the_reference_tree_hold():
    # As certificate-transparency's merkle_verifier_test has them.
    root, leaf = bytes.fromhex(ROOTS[7]), leaf_hash(REFERENCE[0])
    proof = [
        bytes.fromhex(h)
        for h in (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        )
    ]
    verify_inclusion(0, 8, leaf, root, proof)
    assert hashes(inclusion_path(0, 8), REFERENCE) == proof


@given(sizes, st.data())
def test_an_inclusion_proof_is_the_one_of_the_definition_and_holds(size, data):
    entries = SMALL[:size]
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = hashes(inclusion_path(index, size), entries)
    assert proof == naive.path(index, entries)
    verify_inclusion(index, size, leaf_hash(entries[index]), naive.root(entries), proof)


@given(sizes, st.data())
def test_a_consistency_proof_is_the_one_of_the_definition_and_holds(new, data):
    old = data.draw(st.integers(min_value=0, max_value=new))
    entries = SMALL[:new]
    proof = hashes(consistency_path(old, new), entries)
    assert proof == (naive.proof(old, entries) if old else [])
    verify_consistency(old, new, naive.root(entries[:old]), naive.root(entries), proof)


@given(sizes, st.data(), other)
def test_no_other_entry_place_size_or_root_is_proved_by_it(size, data, stray):
    entries = SMALL[:size]
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    leaf, root = leaf_hash(entries[index]), naive.root(entries)
    proof = naive.path(index, entries)
    wrong = [
        (index, size, stray, root, proof),
        (index, size, leaf, stray, proof),
        (index, size, leaf, root, [*proof, stray]),
        (index, size, leaf, root, [stray, *proof]),
        (index, size, leaf, root[:31], proof),
        (size, size, leaf, root, proof),
        (-1, size, leaf, root, proof),
    ]
    wrong += [(index, size, leaf, root, proof[:-1])] if proof else []
    wrong += [
        (index, size, leaf, root, [*proof[:at], stray, *proof[at + 1 :]])
        for at in range(len(proof))
    ]
    wrong += [(other, size, leaf, root, proof) for other in range(size) if other != index]
    for case in wrong:
        with pytest.raises(ProofBroken):
            verify_inclusion(*case)


@given(sizes, st.data(), other)
def test_no_other_history_is_proved_by_it(new, data, stray):
    old = data.draw(st.integers(min_value=1, max_value=new))
    entries = SMALL[:new]
    before, root = naive.root(entries[:old]), naive.root(entries)
    proof = naive.proof(old, entries)
    wrong = [
        (old, new, stray, root, proof),
        (old, new, before, stray, proof),
        (old, new, before, root, [*proof, stray]),
        (old, new, before, root, [stray, *proof]),
        (new + 1, new, before, root, proof),
        (0, new, before, root, proof),
    ]
    wrong += [(old, new, before, root, proof[:at]) for at in range(len(proof))]
    wrong += [
        (old, new, before, root, [*proof[:at], stray, *proof[at + 1 :]]) for at in range(len(proof))
    ]
    for case in wrong:
        with pytest.raises(ProofBroken):
            verify_consistency(*case)


def test_an_entry_that_was_replaced_before_the_old_size_shows():
    for old in range(1, 17):
        for place in range(old):
            forged = [*SMALL]
            forged[place] = b"another"
            with pytest.raises(ProofBroken):
                verify_consistency(
                    old, 17, naive.root(SMALL[:old]), naive.root(forged), naive.proof(old, forged)
                )


def test_nothing_is_the_beginning_of_everything_and_has_one_root():
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    verify_consistency(0, 3, EMPTY_ROOT, naive.root(SMALL[:3]), [])
    for case in (
        (0, 3, naive.root(SMALL[:3]), naive.root(SMALL[:3]), []),
        (0, 3, EMPTY_ROOT, naive.root(SMALL[:3]), [EMPTY_ROOT]),
        (0, 0, EMPTY_ROOT, bytes(32), []),
        (3, 3, naive.root(SMALL[:3]), naive.root(SMALL[1:4]), []),
        (3, 3, b"no hash", b"no hash", []),
    ):
        with pytest.raises(ProofBroken):
            verify_consistency(*case)
