"""The Merkle tree of RFC 6962, section 2.1: one hash for the whole record, short proofs about parts of it.

An inclusion proof shows that an entry is in the record; a consistency proof, that today's record extends
yesterday's. The functions below follow the definitions of the RFC word by word: a tree of n leaves is
a full tree of k, the largest power of two below n, beside a tree of the remaining n - k.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from oadr.ledger.errors import Unproven

Proof = tuple[bytes, ...]
"""Hashes of the subtrees that are needed beside what is known, the lowest first."""

EMPTY = sha256().digest()

LARGEST: Final = 2**53
"""Leaves of the largest tree that a proof may speak of, which bounds the depth of what is computed from it."""


def leaf_hash(leaf: bytes) -> bytes:
    # The two prefixes keep an inner node from passing for a leaf.
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All of a tree that is needed to let it grow: the roots of its full subtrees, the largest first.

    size 7 = 4 + 2 + 1        nodes = (root of 0..3, root of 4..5, leaf 6)
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        return self.append_hash(leaf_hash(leaf))

    def append_hash(self, node: bytes) -> "Frontier":
        """As `append`, for a leaf of which only the hash is left."""
        nodes, size = self.nodes, self.size
        while size & 1:  # two full trees of one size make one of the next
            node, nodes, size = node_hash(nodes[-1], node), nodes[:-1], size >> 1
        return Frontier(self.size + 1, (*nodes, node))

    @property
    def root(self) -> bytes:
        if not self.nodes:
            return EMPTY
        *larger, node = self.nodes
        for left in reversed(larger):
            node = node_hash(left, node)
        return node


def root(leaves: Iterable[bytes]) -> bytes:
    return _root([leaf_hash(leaf) for leaf in leaves])


def inclusion_proof(leaves: Sequence[bytes], index: int) -> Proof:
    """PATH(index, leaves); IndexError when there is no such leaf."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"no leaf {index} among {len(leaves)}")
    return _path([leaf_hash(leaf) for leaf in leaves], index)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Proof, root: bytes) -> None:
    """Unproven unless the tree of that size and root has this leaf at that index."""
    if not 0 <= index < size <= LARGEST or _climb(leaf_hash(leaf), index, size, proof) != root:
        raise Unproven(f"this is not leaf {index} of the tree of size {size}")


def consistency_proof(leaves: Sequence[bytes], first: int) -> Proof:
    """PROOF(first, leaves): that the tree of all leaves extends the tree of the first ones."""
    if not 0 < first <= len(leaves):
        raise IndexError(f"no tree of size {first} within {len(leaves)}")
    return _subproof([leaf_hash(leaf) for leaf in leaves], first, known=True)


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Proof) -> None:
    """Unproven unless the tree of size `second` extends the tree of size `first`."""
    if not 0 < first <= second <= LARGEST or _both(first, second, proof, first_root) != (
        first_root,
        second_root,
    ):
        raise Unproven(f"the tree of size {second} does not extend that of size {first}")


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _root(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY
    if len(hashes) == 1:
        return hashes[0]
    k = _split(len(hashes))
    return node_hash(_root(hashes[:k]), _root(hashes[k:]))


def _path(hashes: Sequence[bytes], index: int) -> Proof:
    if len(hashes) == 1:
        return ()
    k = _split(len(hashes))
    if index < k:
        return (*_path(hashes[:k], index), _root(hashes[k:]))
    return (*_path(hashes[k:], index - k), _root(hashes[:k]))


def _climb(node: bytes, index: int, size: int, proof: Proof) -> bytes:
    """The root that the proof leads to from this leaf's hash."""
    if size == 1:
        return _end(proof, node)
    lower, sibling = _top(proof)
    k = _split(size)
    if index < k:
        return node_hash(_climb(node, index, k, lower), sibling)
    return node_hash(sibling, _climb(node, index - k, size - k, lower))


def _subproof(hashes: Sequence[bytes], first: int, known: bool) -> Proof:
    if first == len(hashes):
        return () if known else (_root(hashes),)
    k = _split(len(hashes))
    if first <= k:
        return (*_subproof(hashes[:k], first, known), _root(hashes[k:]))
    return (*_subproof(hashes[k:], first - k, known=False), _root(hashes[:k]))


def _both(first: int, second: int, proof: Proof, known: bytes | None) -> tuple[bytes, bytes]:
    """The roots of both trees by the proof; `known` is the first tree's, while that tree starts the second."""
    if first == second:
        lower, whole = (proof, known) if known else _top(proof)
        return (_end(lower, whole),) * 2
    lower, sibling = _top(proof)
    k = _split(second)
    if first <= k:
        old, new = _both(first, k, lower, known)
        return old, node_hash(new, sibling)
    old, new = _both(first - k, second - k, lower, None)
    return node_hash(sibling, old), node_hash(sibling, new)


def _top(proof: Proof) -> tuple[Proof, bytes]:
    if not proof:
        raise Unproven("the proof is too short")
    return proof[:-1], proof[-1]


def _end(proof: Proof, node: bytes) -> bytes:
    if proof:
        raise Unproven("the proof is too long")
    return node
