"""Where tiles and checkpoints stand outside the database, for anyone to keep.

Guarantees of every publisher: a reader sees a file whole or not at all, and what a write returned from is durable.
Paths are those of C2SP tlog-tiles (`checkpoint`, `tile/...`), so a web server may serve the folder as it is.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from verifier.durability import sync_folder
from verifier.translog.checkpoint import LogSigner
from verifier.translog.tiles import TILE_WIDTH, Tile

_CHECKPOINT: Final = "checkpoint"
_ENDED: Final = "ended"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Publisher(Protocol):
    """The seam to where the log is published. Writing the same tile twice is harmless."""

    def read_checkpoint(self) -> str | None: ...

    def write_tile(self, path: str, data: bytes) -> None: ...

    def write_checkpoint(self, text: str) -> None: ...

    def note_ended(self, digests: Sequence[str]) -> None: ...


class FolderPublisher:
    """Publishes into a folder that others may read."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def read_checkpoint(self) -> str | None:
        try:
            return (self._folder / _CHECKPOINT).read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return None

    def write_tile(self, path: str, data: bytes) -> None:
        tile = Tile.parse(path)  # nothing but a tile's address is written, so nothing outside the folder
        target = self._folder / path
        full = self._folder / replace(tile, width=TILE_WIDTH).to_path()
        if target == full:
            _write_whole(full, data)
            # tlog-tiles: partial tiles may go once the full one is there; without this they would fill the disk.
            shutil.rmtree(full.with_name(f"{full.name}.p"), ignore_errors=True)
        elif not full.exists():
            try:
                _write_whole(target, data)
            except FileNotFoundError:
                if not full.exists():  # otherwise another sequencer just filled the tile and cleared its partial ones
                    raise

    def write_checkpoint(self, text: str) -> None:
        _write_whole(self._folder / _CHECKPOINT, text.encode())

    def note_ended(self, digests: Sequence[str]) -> None:
        """List what has ended (`verifier.audit.ended`); durable when this returns. Twice is harmless.

        Raises `OSError`.
        """
        if not digests:
            return
        _make_folder(self._folder)
        is_new = not (self._folder / _ENDED).exists()
        # A line begins with its own end of the one before: what a crash cut off spoils no other line.
        lines = "".join(f"\n{digest}\n" for digest in digests).encode("ascii")
        with (self._folder / _ENDED).open("ab", buffering=0) as file:
            if file.write(lines) < len(lines):  # in one piece, or another sequencer's lines could come between
                raise OSError(errno.ENOSPC, "the list of what has ended was cut off")
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._folder)

    def read_ended(self) -> frozenset[str]:
        """Every digest that was listed; what is no digest is left out."""
        try:
            lines = (self._folder / _ENDED).read_text(encoding="ascii", errors="replace").split("\n")
        except FileNotFoundError:
            return frozenset()
        return frozenset(line for line in lines if _DIGEST.fullmatch(line))


def open_publisher(folder: Path, signer: LogSigner, origin: str) -> FolderPublisher:
    """Where the log of this key is published: `folder`, and a numbered folder in it once the log was begun anew."""
    number = signer.origin.removeprefix(origin).strip("/")
    return FolderPublisher(folder / number if number else folder)


def _write_whole(target: Path, data: bytes) -> None:
    _make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)  # a new folder's name is durable only with the folder that holds it
