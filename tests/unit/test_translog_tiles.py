"""Tiles as C2SP tlog-tiles addresses and fills them."""

import pytest

from verifier.translog.errors import BadTileError
from verifier.translog.frontier import Frontier
from verifier.translog.merkle import EMPTY_ROOT, hash_leaf
from verifier.translog.tiles import (
    Tile,
    TileHashes,
    append_leaves,
    compute_partial_root,
    list_new_tiles,
    list_partial_tiles,
)


def test_addresses_are_those_of_the_specification() -> None:
    assert Tile(0, 1234067).to_path() == "tile/0/x001/x234/067"
    assert Tile(3, 999, 17).to_path() == "tile/3/999.p/17"
    assert Tile(0, 1000).to_path() == "tile/0/x001/000"
    for tile in (Tile(0, 1234067), Tile(3, 999, 17), Tile(63, 0, 1), Tile(0, 10**9, 255)):
        assert Tile.parse(tile.to_path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/0/x000/001",
        "tile/00/001",
        "tile/64/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/001\n",
        "tile/0/../001",
        "tile/0/x001/../../001",
        "tile/0/٠٠١",
        "tile/entries/001",
        "checkpoint",
        "",
    ],
)
def test_what_is_no_address_is_refused(path: str) -> None:
    with pytest.raises(BadTileError):
        Tile.parse(path)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    tiles = list(list_new_tiles(0, 70_000))
    full = [tile for tile in tiles if tile.width == 256]
    assert [sum(1 for tile in full if tile.level == level) for level in range(3)] == [273, 1, 0]
    partial = [tile for tile in tiles if tile.width != 256]
    assert partial == list(list_partial_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


def test_a_tree_of_256_is_one_full_tile_and_a_partial_one_above() -> None:
    assert list(list_new_tiles(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(list_new_tiles(256, 256)) == []
    assert list(list_new_tiles(255, 257)) == [Tile(0, 0), Tile(0, 1, 1), Tile(1, 0, 1)]


def test_appending_gives_exactly_the_new_tiles_and_the_same_root_as_one_leaf_after_another() -> None:
    partials: dict[int, bytes] = {}
    frontier = Frontier()
    size = 0
    for count in (1, 254, 1, 1, 255, 256, 700, 0, 64_000):
        leaves = [hash_leaf(f"{size + at}".encode()) for at in range(count)]
        for each in leaves:
            frontier.append(each)
        growth = append_leaves(size, partials, leaves)
        assert growth.root == frontier.compute_root()
        assert set(growth.tiles) == set(list_new_tiles(size, growth.size))
        assert all(len(hashes) == tile.width * 32 for tile, hashes in growth.tiles.items())
        size = growth.size
        known = {Tile(level, size >> 8 * (level + 1), len(row) // 32): row for level, row in partials.items()}
        known |= growth.tiles
        partials = {tile.level: known[tile] for tile in list_partial_tiles(size)}


def test_the_work_of_appending_does_not_grow_with_the_tree() -> None:
    few = append_leaves(0, {}, [hash_leaf(b"0")])
    size = 256**3 - 1
    partials = {level: hash_leaf(bytes([level])) * 255 for level in range(3)}
    many = append_leaves(size, partials, [hash_leaf(b"0")])
    assert len(few.tiles) == 1
    assert len(many.tiles) == 4, "three tiles close and one opens above"


def test_partial_tiles_of_another_size_are_refused() -> None:
    row = hash_leaf(b"")
    assert compute_partial_root(0, {}) == EMPTY_ROOT
    for partials in ({}, {0: row * 2}, {0: row, 1: row}, {1: row}, {0: row[:-1]}):
        with pytest.raises(BadTileError):
            compute_partial_root(1, partials)
    with pytest.raises(BadTileError):
        append_leaves(1, {}, [row])


def test_a_tile_that_is_too_narrow_gives_no_hash() -> None:
    class Narrow:
        def read_tile(self, level: int, index: int) -> bytes:
            return hash_leaf(b"") * 3

    with pytest.raises(BadTileError, match="too narrow"):
        TileHashes(Narrow()).read_hash(2, 0)
