"""Tiles (C2SP tlog-tiles): the tree's hashes in rows of 256, addressed so that a folder or a bucket can serve them.

Guarantees: appending costs work in the number of new leaves, not in the size of the tree; a tile only ever grows, so a
reader of an older size may read a newer tile. Leaves to others: keeping the tiles and telling who may read them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from verifier.translog.errors import BadTileError
from verifier.translog.merkle import HASH_BYTES, compute_root, hash_node

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
_PATH: Final = re.compile(
    r"tile/(0|[1-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)

Partials = Mapping[int, bytes]
"""The hashes of the partial tile of each level; a level without one is absent."""


@dataclass(frozen=True)
class Tile:
    """The address of one tile: its first `width` hashes, 256 where it is full."""

    level: int
    index: int
    width: int = TILE_WIDTH

    def to_path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, with N in groups of three digits."""
        groups = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            groups.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{'/'.join(groups)}{suffix}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Raise `BadTileError` unless `path` is the one address of a tile."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise BadTileError("not the address of a tile")
        level, index, width = match.groups()
        tile = cls(int(level), int(index.replace("x", "").replace("/", "")), int(width or TILE_WIDTH))
        if tile.to_path() != path:
            raise BadTileError("not the shortest address of this tile")
        return tile


class TileReader(Protocol):
    """Reads a tile as wide as it is known: a multiple of 32 bytes, or raises `BadTileError`."""

    def read_tile(self, level: int, index: int) -> bytes: ...


class TileHashes:
    """Reads the tree's hashes out of tiles. Keeps what it read: make one per proof."""

    def __init__(self, tiles: TileReader) -> None:
        self._tiles: Final = tiles
        self._kept: Final[dict[tuple[int, int], bytes]] = {}

    def read_hash(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        place = (tile_level, tile_index)
        if place not in self._kept:
            self._kept[place] = self._tiles.read_tile(*place)
        row = self._kept[place][offset * HASH_BYTES : (offset + (1 << height)) * HASH_BYTES]
        if len(row) != HASH_BYTES << height:
            raise BadTileError(f"tile {tile_index} of level {tile_level} is too narrow for the tree")
        return _hash_row(row)


def _hash_row(row: bytes) -> bytes:
    hashes = [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [hash_node(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


class PartialTiles:
    """Reads the partial tiles of a tree of `size` leaves: enough for its root."""

    def __init__(self, size: int, partials: Partials) -> None:
        self._size: Final = size
        self._partials: Final = partials

    def read_tile(self, level: int, index: int) -> bytes:
        if index != self._size >> (TILE_HEIGHT * (level + 1)) or level not in self._partials:
            raise BadTileError(f"tile {index} of level {level} is missing")
        return self._partials[level]


def list_partial_tiles(size: int) -> Iterator[Tile]:
    """The partial tiles of a tree of `size` leaves, from the leaves up."""
    level = 0
    while size:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            yield Tile(level, index, width)
        size, level = index, level + 1


def list_new_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles of a tree of `new` leaves that a tree of `old` leaves does not have, from the leaves up."""
    level = 0
    while old < new:
        for index in range(old // TILE_WIDTH, new // TILE_WIDTH):
            yield Tile(level, index)
        if width := new % TILE_WIDTH:
            yield Tile(level, new // TILE_WIDTH, width)
        old, new, level = old // TILE_WIDTH, new // TILE_WIDTH, level + 1


@dataclass(frozen=True)
class Growth:
    """What appending leaves gave: the tree's size and root, and each tile that is new or wider, with its hashes."""

    size: int
    root: bytes
    tiles: Mapping[Tile, bytes]


def compute_partial_root(size: int, partials: Partials) -> bytes:
    """The root of the tree of `size` leaves; `BadTileError` unless `partials` are its partial tiles."""
    expected = {tile.level: tile.width * HASH_BYTES for tile in list_partial_tiles(size)}
    if {level: len(hashes) for level, hashes in partials.items()} != expected:
        raise BadTileError(f"these are not the partial tiles of a tree of size {size}")
    return compute_root(TileHashes(PartialTiles(size, partials)), size)


def append_leaves(size: int, partials: Partials, leaf_hashes: Sequence[bytes]) -> Growth:
    """Append to a tree of `size` leaves, given its partial tiles."""
    tiles: dict[Tile, bytes] = {}
    edge = dict(partials)
    level, below, coming = 0, size, list(leaf_hashes)
    while coming:
        row = edge.pop(level, b"") + b"".join(coming)
        index, coming = below // TILE_WIDTH, []
        for at in range(0, len(row), TILE_WIDTH * HASH_BYTES):
            hashes = row[at : at + TILE_WIDTH * HASH_BYTES]
            width = len(hashes) // HASH_BYTES
            tiles[Tile(level, index, width)] = hashes
            if width == TILE_WIDTH:  # only a full tile is hashed into the level above
                coming.append(_hash_row(hashes))
                index += 1
            else:
                edge[level] = hashes
        level, below = level + 1, below // TILE_WIDTH
    grown = size + len(leaf_hashes)
    return Growth(grown, compute_partial_root(grown, edge), tiles)
