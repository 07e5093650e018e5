"""The Merkle tree of RFC 6962, against known roots and against one that is built level by level."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.ledger import tree
from oadr.ledger.errors import Unproven
from oadr.ledger.tree import Frontier
from tests.oadr.ledger import second_verifier

# Known to every implementation of certificate transparency: these leaves, and the roots of the first n of them.
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def leaves(size: int) -> tuple[bytes, ...]:
    return tuple(str(n).encode() for n in range(size))


def frontier(of: tuple[bytes, ...]) -> Frontier:
    grown = Frontier()
    for leaf in of:
        grown = grown.append(leaf)
    return grown


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_everybody_computes(size: int) -> None:
    assert tree.root(LEAVES[:size]).hex() == ROOTS[size]
    assert frontier(LEAVES[:size]).root.hex() == ROOTS[size]


@pytest.mark.parametrize("size", range(70))
def test_three_ways_lead_to_one_root(size: int) -> None:
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves(size)]
    root = second_verifier.tree_root(hashes)
    assert tree.root(leaves(size)) == root
    assert frontier(leaves(size)).root == root


def test_a_frontier_holds_a_node_for_each_bit_of_its_size() -> None:
    assert len(frontier(leaves(63)).nodes) == 6
    assert len(frontier(leaves(64)).nodes) == 1


sizes = st.integers(1, 40)


@given(sizes, st.data())
def test_a_leaf_is_proved_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    all_, proof = leaves(size), tree.inclusion_proof(leaves(size), index)
    root = tree.root(all_)
    tree.verify_inclusion(all_[index], index, size, proof, root)
    for wrong in (b"other", all_[index] + b"0"):
        with pytest.raises(Unproven):
            tree.verify_inclusion(wrong, index, size, proof, root)
    for place in set(range(size + 1)) - {index}:
        with pytest.raises(Unproven):
            tree.verify_inclusion(all_[index], place, size, proof, root)
    for bad in _spoilt(proof):
        with pytest.raises(Unproven):
            tree.verify_inclusion(all_[index], index, size, bad, root)


@given(sizes, st.data())
def test_an_extension_is_proved_and_nothing_else_is(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    all_, proof = leaves(second), tree.consistency_proof(leaves(second), first)
    old, new = tree.root(all_[:first]), tree.root(all_)
    tree.verify_consistency(first, second, old, new, proof)
    forged = tree.root((b"other", *all_[1:first]))
    with pytest.raises(Unproven):
        tree.verify_consistency(first, second, forged, new, proof)
    with pytest.raises(Unproven):
        tree.verify_consistency(first, second, old, forged, proof)
    for bad in _spoilt(proof):
        with pytest.raises(Unproven):
            tree.verify_consistency(first, second, old, new, bad)


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = (tree.leaf_hash(leaf) for leaf in leaves(2))
    with pytest.raises(Unproven):
        tree.verify_inclusion(left + right, 0, 1, (), tree.root(leaves(2)))


def test_sizes_that_no_log_has_prove_nothing_and_break_nothing() -> None:
    endless = (bytes(32),) * 5_000
    with pytest.raises(Unproven):
        tree.verify_inclusion(b"", 0, 2**5_000, endless, bytes(32))
    with pytest.raises(Unproven):
        tree.verify_consistency(1, 2**5_000, bytes(32), bytes(32), endless)
    with pytest.raises(Unproven):
        tree.verify_consistency(0, 1, bytes(32), bytes(32), ())


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(IndexError):
        tree.inclusion_proof(leaves(3), 3)
    with pytest.raises(IndexError):
        tree.consistency_proof(leaves(3), 4)


def _spoilt(proof: tree.Proof) -> tuple[tree.Proof, ...]:
    changed = tuple((*proof[:i], bytes(32), *proof[i + 1 :]) for i in range(len(proof)))
    return ((*proof, bytes(32)), *changed, *((proof[:-1],) if proof else ()))
