"""The Merkle tree of RFC 6962: hashes, proofs, and the checks that a stranger can repeat.

Guarantees: a `verify_…` function returns only where the proof holds, and raises `BadProofError` otherwise; nothing
can be proved about an empty tree. The empty tree has a root, SHA-256 of nothing (RFC 6962, section 2.1), but no leaf
is in it, and "the log extends the empty log" is true of every log: a proof that starts at size 0 is refused, so that
nobody takes it for evidence.

Leaves to others: where hashes are kept. Proofs are generated through a `HashReader`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from verifier.translog.errors import BadProofError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class HashReader(Protocol):
    """Reads the hash of the complete subtree over the leaves `[index << level, (index + 1) << level)`."""

    def read_hash(self, level: int, index: int) -> bytes: ...


def hash_leaf(leaf: bytes) -> bytes:
    """The leaf's hash; the prefix keeps a leaf from passing as a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def list_subtrees(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The fewest complete subtrees `(level, index)` that cover the leaves `[begin, end)`, from left to right."""
    while begin < end:
        aligned = (begin & -begin).bit_length() - 1 if begin else end.bit_length()
        level = min(aligned, (end - begin).bit_length() - 1)
        yield level, begin >> level
        begin += 1 << level


def fold_hashes(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that shrink from left to right, as those of any tree's left edge do."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = hash_node(left, root)
    return root


def _hash_range(reader: HashReader, begin: int, end: int) -> bytes:
    return fold_hashes([reader.read_hash(level, index) for level, index in list_subtrees(begin, end)])


def compute_root(reader: HashReader, size: int) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _hash_range(reader, 0, size)


def _split(begin: int, end: int) -> int:
    # RFC 6962, section 2.1: k is the largest power of two smaller than n.
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def prove_inclusion(reader: HashReader, *, index: int, size: int) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size:
        raise BadProofError(f"there is no leaf {index} in a tree of size {size}")
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            path.append(_hash_range(reader, middle, end))
            end = middle
        else:
            path.append(_hash_range(reader, begin, middle))
            begin = middle
    return path[::-1]


def prove_consistency(reader: HashReader, *, old: int, new: int) -> list[bytes]:
    """What shows that the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962, section 2.1.2)."""
    if not 0 < old <= new:
        raise BadProofError(f"no consistency can be proved from size {old} to size {new}")
    begin, end, path = 0, new, []
    while end != old:
        middle = _split(begin, end)
        if old <= middle:
            path.append(_hash_range(reader, middle, end))
            end = middle
        else:
            path.append(_hash_range(reader, begin, middle))
            begin = middle
    if begin > 0:  # the verifier cannot derive this subtree from the old root alone
        path.append(_hash_range(reader, begin, end))
    return path[::-1]


def verify_inclusion(leaf_hash: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `BadProofError` unless `leaf_hash` is leaf `index` of the tree with this `size` and `root`."""
    # RFC 9162, section 2.1.3.2.
    # 1. The leaf lies in the tree, and every hash is a hash.
    if not 0 <= index < size:
        raise BadProofError(f"there is no leaf {index} in a tree of size {size}")
    _verify_lengths(leaf_hash, root, *proof)
    # 2. Climb from the leaf: fn is the node's place in its row, sn the row's last place.
    fn, sn, seen = index, size - 1, leaf_hash
    for sibling in proof:
        if sn == 0:
            raise BadProofError("the inclusion proof is longer than the path to the root")
        if fn & 1 or fn == sn:
            seen = hash_node(sibling, seen)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            seen = hash_node(seen, sibling)
        fn, sn = fn >> 1, sn >> 1
    # 3. The climb ends exactly at the root.
    if sn != 0:
        raise BadProofError("the inclusion proof is shorter than the path to the root")
    if seen != root:
        raise BadProofError("the inclusion proof leads to another root")


def verify_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `BadProofError` unless the tree of size `new` begins with the tree of size `old`."""
    # RFC 9162, section 2.1.4.2.
    # 1. The sizes can be compared, and every hash is a hash.
    if not 0 < old <= new:
        raise BadProofError(f"no consistency can be proved from size {old} to size {new}")
    _verify_lengths(old_root, new_root, *proof)
    # 2. One size has one root, and needs no proof.
    if old == new:
        if proof:
            raise BadProofError("trees of the same size need an empty consistency proof")
        if old_root != new_root:
            raise BadProofError("two roots for one size")
        return
    # 3. Climb from the old tree's last complete subtree to both roots.
    seen_old, seen_new = _climb_both(old, new, old_root, proof)
    # 4. Both are the roots that were claimed.
    if seen_old != old_root:
        raise BadProofError("the consistency proof leads to another old root")
    if seen_new != new_root:
        raise BadProofError("the consistency proof leads to another new root")


def _climb_both(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # Where the old tree is complete, its root is the first node, and is left out of the proof.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise BadProofError("the consistency proof is empty")
    seen_old = seen_new = path[0]
    for node in path[1:]:
        if sn == 0:
            raise BadProofError("the consistency proof is longer than the path to the root")
        if fn & 1 or fn == sn:
            seen_old, seen_new = hash_node(node, seen_old), hash_node(node, seen_new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            seen_new = hash_node(seen_new, node)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise BadProofError("the consistency proof is shorter than the path to the root")
    return seen_old, seen_new


def _verify_lengths(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise BadProofError(f"a hash is not {HASH_BYTES} bytes long")
