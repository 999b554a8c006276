"""Sealed copies as files in one folder: the object store of the embedded form.

Guarantees what the seam in `verifier.vault.objects` asks for. An unfinished upload is a file beside the others, named
after its key, so that a look finds it whoever left it behind. Leaves to others: what the medium itself may keep of a
deleted file (SECURITY.md); the shredded key makes that unreadable.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Final

from verifier.ids import DocumentId, InstallationId, VerificationId
from verifier.vault.errors import (
    ObjectExistsError,
    ObjectMissingError,
    UnsafeNameError,
    UploadRemovedError,
    storage_errors,
)
from verifier.vault.marked_folder import MarkedFolder
from verifier.vault.objects import ObjectKey, StoredObject
from verifier.vault.private_files import Entry, PrivateFolder, UnfinishedFile

_STEP_BYTES: Final = 256 * 1024
_NAME_PARTS: Final = 3


class FileObjects:
    """An `ObjectStore` in `folder`, 0700 and 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = MarkedFolder(folder)

    def create(self, key: ObjectKey) -> "FileWriter":
        shard = self._open_shard(key)
        try:
            return FileWriter(shard, _begin(shard, _file_name(key)))
        except BaseException:
            shard.close()
            raise

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        with self._open_shard(key) as shard:
            steps = _steps(shard, _file_name(key))
            # Begun here, so that a missing object is known at once, and a reader that is dropped closes its file.
            next(steps)
        return steps

    def delete(self, key: ObjectKey) -> None:
        with self._open_shard(key) as shard, storage_errors():
            shard.remove(_file_name(key))

    def is_absent(self, key: ObjectKey) -> bool:
        name = _file_name(key)
        with self._open_shard(key) as shard, storage_errors():
            return not shard.has(name) and all(entry.name != name for entry in shard.entries())

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        for shard in self._folder.shards(installation):
            for entry in _entries(shard):
                found = _stored_object(shard, entry, installation)
                if found is not None:
                    yield found

    def read_installation(self) -> InstallationId | None:
        return self._folder.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._folder.write_installation(installation)

    def _open_shard(self, key: ObjectKey) -> PrivateFolder:
        return self._folder.open_shard(key.verification, key.installation)


class FileWriter:
    """An upload into a file. Holds its folder open, so that it ends where it began."""

    def __init__(self, shard: PrivateFolder, file: UnfinishedFile) -> None:
        self._shard: Final = shard
        self._file: Final = file
        self._is_open = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._verify_open()
        with storage_errors():
            self._file.write(data)

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        self._verify_open()
        with storage_errors():
            self._file.fill(most, put)

    def commit(self) -> None:
        self._verify_open()
        try:
            with storage_errors():
                self._file.commit()
        except BaseException as error:
            self.abort()
            cause = error.__cause__
            if isinstance(cause, FileExistsError):
                raise ObjectExistsError from error
            if isinstance(cause, FileNotFoundError):
                raise UploadRemovedError from error
            raise
        self._close()

    def abort(self) -> None:
        if not self._is_open:
            return
        try:
            with storage_errors():
                self._file.discard()
        finally:
            self._close()

    def _close(self) -> None:
        self._is_open = False
        self._shard.close()

    def _verify_open(self) -> None:
        if not self._is_open:
            raise ValueError("this upload has ended")


def _begin(shard: PrivateFolder, name: str) -> UnfinishedFile:
    with storage_errors():
        if shard.has(name):
            raise ObjectExistsError
        return shard.begin(name)


def _steps(shard: PrivateFolder, name: str) -> Iterator[bytes]:
    with _open_file(shard, name) as file:
        yield b""
        while True:
            with storage_errors():
                step = file.read(_STEP_BYTES)
            if not step:
                return
            yield step


def _open_file(shard: PrivateFolder, name: str) -> FileIO:
    with storage_errors():
        try:
            return shard.open_file(name)
        except FileNotFoundError as error:
            raise ObjectMissingError from error


def _file_name(key: ObjectKey) -> str:
    return f"{key.verification}.{key.document}.{key.copy}"


def _parse_file_name(name: str, installation: InstallationId) -> ObjectKey | None:
    """The key that a file is named after; `None` for a file that is not ours."""
    parts = name.split(".")
    if len(parts) != _NAME_PARTS:
        return None
    verification, document, copy = parts
    try:
        return ObjectKey(installation, VerificationId(verification), DocumentId(document), copy)
    except UnsafeNameError:
        return None


def _entries(shard: PrivateFolder) -> list[Entry]:
    with storage_errors():
        return shard.entries()


def _stored_object(shard: PrivateFolder, entry: Entry, installation: InstallationId) -> StoredObject | None:
    key = _parse_file_name(entry.name, installation)
    if key is None:
        return None
    with storage_errors():
        try:
            about = shard.stat(entry.file_name)
        except FileNotFoundError:
            return None  # deleted since the folder was read
    return StoredObject(key, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC), entry.is_unfinished)
