"""Before anything is signed: what stands published, and what was signed last, must be the beginning of this log.

Guarantees: returns only where this log extends the published checkpoint, so that no restored, swapped or edited
database can make the sequencer sign a second history.
"""

from typing import Final

from sqlalchemy.orm import Session

from verifier.audit.errors import LogEndedError, LogForkedError, LogShortError, PublicationLostError
from verifier.audit.proofs import StoredTiles
from verifier.audit.tables import LogHeadRow
from verifier.translog.checkpoint import Checkpoint, LogVerifier
from verifier.translog.errors import BadCheckpointError, BadTileError
from verifier.translog.merkle import EMPTY_ROOT, HASH_BYTES, compute_root
from verifier.translog.tiles import Partials, Tile, TileHashes, compute_partial_root, list_partial_tiles

GO_ON: Final = (
    "This key's log has ended, and beginning the next one was interrupted. Go on with it: verifier restore "
    "--accept-loss."
)


def verify_extends_published(session: Session, note: str | None, *, verifier: LogVerifier) -> int:
    """The published size; raises a `LogStoppedError` unless the log in the database extends what is published."""
    head = session.get(LogHeadRow, 1)
    # 1. This log goes on: no other has taken its place.
    _verify_not_ended(head, verifier)
    # 2. What was published once is still there.
    if note is None:
        if head is not None and head.published_size > 0:
            raise PublicationLostError(
                "Checkpoints were published and are gone. Put the published folder back, point to the right one, or "
                "begin the log anew: verifier restore --accept-loss."
            )
        return 0
    # 3. This log's key signed it.
    published = _open(note, verifier, what="The published checkpoint is not by this log's key")
    # 4. The database holds at least as much.
    size = head.size if head is not None else 0
    if published.size > size:
        raise LogShortError(
            f"{published.size} entries were published, the database holds {size}: it was restored from an older"
            " backup. Restore a newer one, or begin the log anew: verifier restore --accept-loss."
        )
    # 5. At that size, the tiles in the database lead to the published root.
    try:
        root = compute_root(TileHashes(StoredTiles(session)), published.size)
    except BadTileError as error:
        raise LogForkedError("Tiles of the log are missing in the database. Restore the database.") from error
    if root != published.root:
        raise LogForkedError("The published checkpoint belongs to another history than the database.")
    return published.size


def has_ended(head: LogHeadRow | None, verifier: LogVerifier) -> bool:
    """Whether another log took the place of this key's, so that it signs nothing more (`verifier.audit.anew`)."""
    return head is not None and head.ended_key == verifier.to_text()


def _verify_not_ended(head: LogHeadRow | None, verifier: LogVerifier) -> None:
    if has_ended(head, verifier):
        raise LogEndedError(GO_ON)


def verify_head(head: LogHeadRow, *, verifier: LogVerifier) -> None:
    """Raise `LogForkedError` unless the head is what was signed last, `LogEndedError` where this log has ended."""
    _verify_not_ended(head, verifier)
    if head.checkpoint is None:
        if (head.size, head.root) != (0, EMPTY_ROOT):
            raise LogForkedError("The log's head has entries and no checkpoint. Restore the database.")
        return
    signed = _open(head.checkpoint, verifier, what="The log's head was not signed with this log's key")
    if (signed.size, signed.root) != (head.size, head.root):
        raise LogForkedError("The log's head is not what was signed last. Restore the database.")


def read_edge(session: Session, head: LogHeadRow) -> Partials:
    """The partial tiles at the tree's right edge; raises `LogForkedError` unless they lead to the head's root."""
    try:
        partials = {tile.level: read_narrow(session, tile) for tile in list_partial_tiles(head.size)}
        root = compute_partial_root(head.size, partials)
    except BadTileError as error:
        raise LogForkedError("Tiles of the log are missing in the database. Restore the database.") from error
    if root != head.root:
        raise LogForkedError("The tiles in the database do not lead to the log's root. Restore the database.")
    return partials


def read_narrow(session: Session, tile: Tile) -> bytes:
    """A tile as wide as `tile` says, though it may have grown since; `BadTileError` if it is missing."""
    return StoredTiles(session).read_tile(tile.level, tile.index)[: tile.width * HASH_BYTES]


def _open(note: str, verifier: LogVerifier, *, what: str) -> Checkpoint:
    try:
        return verifier.open_checkpoint(note)
    except BadCheckpointError as error:
        raise LogForkedError(f"{what}: {error}.") from error
