"""The laws of the tree, against RFC 6962's recursive definition written out."""

from hypothesis import given
from hypothesis import strategies as st

from verifier.translog.errors import BadProofError
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import (
    EMPTY_ROOT,
    compute_root,
    hash_leaf,
    hash_node,
    list_subtrees,
    prove_consistency,
    prove_inclusion,
    verify_consistency,
    verify_inclusion,
)
from verifier.translog.tiles import Tile, TileHashes, append_leaves, list_partial_tiles

SIZES = st.integers(min_value=1, max_value=700)


def define_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hash_node(define_root(leaves[:k]), define_root(leaves[k:]))


def define_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*define_path(m, leaves[:k]), define_root(leaves[k:])]
    return [*define_path(m - k, leaves[k:]), define_root(leaves[:k])]


def define_subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, word for word."""
    if m == len(leaves):
        return [] if known else [define_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*define_subproof(m, leaves[:k], known=known), define_root(leaves[k:])]
    return [*define_subproof(m - k, leaves[k:], known=False), define_root(leaves[:k])]


LEAVES = [hash_leaf(f"{at}".encode()) for at in range(700)]


class Tiles:
    """Tiles kept in memory, grown in steps."""

    def __init__(self, sizes: list[int]) -> None:
        self.size = 0
        self._tiles: dict[tuple[int, int], bytes] = {}
        for size in sizes:
            partials = {tile.level: self._read_narrow(tile) for tile in list_partial_tiles(self.size)}
            growth = append_leaves(self.size, partials, LEAVES[self.size : size])
            self._tiles |= {(tile.level, tile.index): hashes for tile, hashes in growth.tiles.items()}
            self.size, self.root = growth.size, growth.root

    def _read_narrow(self, tile: Tile) -> bytes:
        return self._tiles[tile.level, tile.index][: tile.width * 32]

    def read_tile(self, level: int, index: int) -> bytes:
        return self._tiles[level, index]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, int]:
    new = draw(SIZES)
    return draw(st.integers(min_value=1, max_value=new)), new


@given(st.lists(SIZES, min_size=1, max_size=5, unique=True).map(sorted))
def test_however_it_grew_a_tree_has_the_root_of_its_leaves(sizes: list[int]) -> None:
    tiles = Tiles(sizes)
    assert tiles.root == define_root(LEAVES[: tiles.size])
    for size in sizes:  # the tiles of a larger tree still give the smaller ones
        assert compute_root(TileHashes(tiles), size) == define_root(LEAVES[:size])


@given(pairs())
def test_inclusion_proofs_are_those_of_the_definition_and_hold(pair: tuple[int, int]) -> None:
    index, size = pair[0] - 1, pair[1]
    proof = prove_inclusion(TileHashes(Tiles([700])), index=index, size=size)
    assert proof == define_path(index, LEAVES[:size])
    verify_inclusion(LEAVES[index], index=index, size=size, proof=proof, root=define_root(LEAVES[:size]))


@given(pairs())
def test_consistency_proofs_are_those_of_the_definition_and_hold(pair: tuple[int, int]) -> None:
    old, new = pair
    proof = prove_consistency(TileHashes(Tiles([700])), old=old, new=new)
    assert proof == define_subproof(old, LEAVES[:new], known=True)
    roots = define_root(LEAVES[:old]), define_root(LEAVES[:new])
    verify_consistency(old=old, new=new, old_root=roots[0], new_root=roots[1], proof=proof)


@given(pairs(), st.data())
def test_no_bent_inclusion_proof_holds(pair: tuple[int, int], data: st.DataObject) -> None:
    index, size = pair[0] - 1, pair[1]
    root = define_root(LEAVES[:size])
    proof = define_path(index, LEAVES[:size])
    bent = _bend(proof, data)
    other = data.draw(st.integers(min_value=0, max_value=size - 1))
    for at, path in ((index, bent), (other, proof), (other, bent)):
        if (at, path) == (index, proof):
            continue
        try:
            verify_inclusion(LEAVES[index], index=at, size=size, proof=path, root=root)
        except BadProofError:
            continue
        raise AssertionError("a bent proof was taken")


@given(pairs(), st.data())
def test_no_bent_consistency_proof_holds(pair: tuple[int, int], data: st.DataObject) -> None:
    old, new = pair
    roots = define_root(LEAVES[:old]), define_root(LEAVES[:new])
    proof = define_subproof(old, LEAVES[:new], known=True)
    bent = _bend(proof, data)
    if bent == proof:
        return
    try:
        verify_consistency(old=old, new=new, old_root=roots[0], new_root=roots[1], proof=bent)
    except BadProofError:
        return
    raise AssertionError("a bent proof was taken")


def _bend(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    bent = list(proof)
    way = data.draw(st.sampled_from(["flip", "drop", "double", "swap", "grow"]))
    if way == "grow" or not bent:
        return [*bent, hash_leaf(b"more")]
    at = data.draw(st.integers(min_value=0, max_value=len(bent) - 1))
    if way == "flip":
        bit = data.draw(st.integers(min_value=0, max_value=255))
        flipped = bytearray(bent[at])
        flipped[bit // 8] ^= 1 << bit % 8
        bent[at] = bytes(flipped)
    elif way == "drop":
        del bent[at]
    elif way == "double":
        bent.insert(at, bent[at])
    else:
        bent[at], bent[-1] = bent[-1], bent[at]
    return bent


@given(pairs(), st.integers(min_value=0, max_value=700))
def test_a_part_of_the_log_leads_to_the_root_of_the_whole(pair: tuple[int, int], more: int) -> None:
    begin, end = pair[0] - 1, pair[1]
    size = min(end + more, 700)
    reader = TileHashes(Tiles([700]))
    frontier = Frontier(begin, [reader.read_hash(*place) for place in list_subtrees(0, begin)])
    for leaf in LEAVES[begin:end]:
        frontier.append(leaf)
    frontier.extend_to(size, [reader.read_hash(*place) for place in list_subtrees(end, size)])
    assert frontier.size == size
    assert frontier.compute_root() == define_root(LEAVES[:size])
