"""Proofs and tiles out of the database, up to what is published.

Guarantees: nothing is shown that the outside could not also find published, so a database that falls back never
contradicts what it showed. Sizes and indexes beyond that are `UnknownIndexError`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.audit.errors import LogEmptyError, UnknownIndexError
from verifier.audit.tables import LogHeadRow, LogTileRow
from verifier.translog.errors import BadTileError
from verifier.translog.merkle import HASH_BYTES, list_subtrees, prove_consistency, prove_inclusion
from verifier.translog.proof import LogProof
from verifier.translog.tiles import TILE_HEIGHT, TILE_WIDTH, TileHashes


class StoredTiles:
    """Reads tiles from their rows."""

    def __init__(self, session: Session) -> None:
        self._session: Final = session

    def read_tile(self, level: int, index: int) -> bytes:
        query = select(LogTileRow.hashes).where(LogTileRow.level == level, LogTileRow.tile_index == index)
        hashes = self._session.scalar(query)
        if hashes is None:
            raise BadTileError(f"tile {index} of level {level} is missing")
        return hashes


@dataclass(frozen=True)
class PublishedHead:
    """The latest published checkpoint, its size, and when it was published."""

    size: int
    checkpoint: str
    published_at: datetime


def find_published_head(session: Session) -> PublishedHead | None:
    """What was last published; `None` if nothing was."""
    head = session.get(LogHeadRow, 1)
    if head is None or head.published_checkpoint is None or head.published_at is None:
        return None
    return PublishedHead(head.published_size, head.published_checkpoint, head.published_at)


def get_published_head(session: Session) -> PublishedHead:
    """What was last published; `LogEmptyError` if nothing was."""
    head = find_published_head(session)
    if head is None:
        raise LogEmptyError
    return head


def get_checkpoint(session: Session) -> str:
    """The latest published checkpoint, as a signed note; `LogEmptyError` if there is none."""
    return get_published_head(session).checkpoint


def get_inclusion(session: Session, log_index: int, size: int) -> list[bytes]:
    """The inclusion proof of entry `log_index` in the tree of `size`."""
    if not 0 <= log_index < size <= get_published_head(session).size:
        raise UnknownIndexError
    return prove_inclusion(TileHashes(StoredTiles(session)), index=log_index, size=size)


def get_consistency(session: Session, old: int, new: int) -> list[bytes]:
    """The consistency proof from size `old`, at least 1, to size `new`."""
    if not 0 < old <= new <= get_published_head(session).size:
        raise UnknownIndexError
    return prove_consistency(TileHashes(StoredTiles(session)), old=old, new=new)


def get_log_proof(session: Session, log_index: int) -> LogProof:
    """The offline proof of entry `log_index` under the latest published checkpoint."""
    head = get_published_head(session)
    hashes = get_inclusion(session, log_index, head.size)
    return LogProof(log_index, tuple(hashes), head.checkpoint)


def get_tile(session: Session, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
    """The first `width` hashes of a tile; `UnknownIndexError` where they are not published."""
    known = get_published_head(session).size >> (TILE_HEIGHT * level)
    if not 0 < width <= TILE_WIDTH or index < 0 or index * TILE_WIDTH + width > known:
        raise UnknownIndexError
    return StoredTiles(session).read_tile(level, index)[: width * HASH_BYTES]


def get_subtrees(session: Session, begin: int, end: int) -> list[bytes]:
    """The hashes of the complete subtrees that cover the leaves `[begin, end)`, from left to right."""
    reader = TileHashes(StoredTiles(session))
    return [reader.read_hash(level, index) for level, index in list_subtrees(begin, end)]
