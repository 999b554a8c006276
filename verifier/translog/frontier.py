"""A tree's right edge: enough to append and to know the root, in memory that grows with the logarithm of its size.

Who verifies a whole log, leaf by leaf, needs nothing else. A frontier may also start in the middle of a log, from the
complete subtrees to its left, and may end by taking in the subtrees to its right: so a part of a log can be checked
against the checkpoint of the whole.
"""

from collections.abc import Sequence

from verifier.translog.errors import BadProofError
from verifier.translog.merkle import HASH_BYTES, fold_hashes, hash_node, list_subtrees


class Frontier:
    """The complete subtrees along the right edge of a tree of `size` leaves."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Start behind `size` leaves, given the subtrees that cover them; `BadProofError` if their number is wrong."""
        if len(hashes) != size.bit_count():
            raise BadProofError(f"{len(hashes)} subtrees cannot cover the first {size} leaves")
        self._hashes: list[bytes] = []
        self._size = size
        self._hashes.extend(_checked(each) for each in hashes)

    @property
    def size(self) -> int:
        return self._size

    @property
    def hashes(self) -> tuple[bytes, ...]:
        return tuple(self._hashes)

    def append(self, leaf_hash: bytes) -> None:
        self._take(0, leaf_hash)

    def extend_to(self, size: int, subtrees: Sequence[bytes]) -> None:
        """Take in the subtrees that cover the leaves from here to `size`; `BadProofError` if their number is wrong."""
        places = list(list_subtrees(self._size, size))
        if len(places) != len(subtrees):
            raise BadProofError(f"{len(subtrees)} subtrees cannot cover the leaves {self._size} to {size}")
        for (level, _), subtree in zip(places, subtrees, strict=True):
            self._take(level, subtree)

    def compute_root(self) -> bytes:
        return fold_hashes(self._hashes)

    def _take(self, level: int, subtree: bytes) -> None:
        # Like carrying in binary addition: each set bit of the size is a subtree that closes with its neighbour.
        carried, node = self._size >> level, _checked(subtree)
        while carried & 1:
            node = hash_node(self._hashes.pop(), node)
            carried >>= 1
        self._hashes.append(node)
        self._size += 1 << level


def _checked(digest: bytes) -> bytes:
    if len(digest) != HASH_BYTES:
        raise BadProofError(f"a hash is not {HASH_BYTES} bytes long")
    return digest
