"""Files in one folder that only our user can read: written once, synced, never reached through a link.

Guarantees: a name appears with all of its bytes or not at all (written under an unfinished name, synced, then linked
without overwriting); what was created or removed is on the medium when the call returns; folders are opened once and
files relative to them, so a path that changes meanwhile leads nowhere else. Raises plain `OSError`: each store says
what that means to it.
"""

import os
import secrets
import stat
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Self

from verifier.vault.direct_file import DirectFile

UNFINISHED: Final = "~"  # not a sign of any name that we form, so an unfinished name is never taken for another

_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, a named pipe in the place of a file would hang its reader.
_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CREATE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the folder; `name` is the name it has or was to have."""

    name: str
    file_name: str

    @property
    def is_unfinished(self) -> bool:
        return self.name != self.file_name


class PrivateFolder:
    """An open folder. Close it, or use it in a `with`; closing repeats."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: Final = descriptor
        # Also run when a holder is dropped without closing: a lost upload must not cost a descriptor for ever.
        self._close: Final = weakref.finalize(self, os.close, descriptor)

    @classmethod
    def open(cls, path: Path) -> "PrivateFolder":
        return cls(os.open(path, _FOLDER_FLAGS))

    def open_inner(self, name: str) -> "PrivateFolder":
        return PrivateFolder(os.open(name, _FOLDER_FLAGS, dir_fd=self._descriptor))

    def make_inner(self, name: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self._descriptor)

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def stat(self, name: str = ".") -> os.stat_result:
        """About the file or link itself, never about what a link leads to."""
        return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)

    def has(self, name: str) -> bool:
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def entries(self) -> list[Entry]:
        """Every file here, unfinished ones too."""
        with os.scandir(self._descriptor) as found:
            return [Entry(file.name.partition(UNFINISHED)[0], file.name) for file in found]

    def open_file(self, name: str) -> FileIO:
        """A regular file, for reading."""
        file = FileIO(os.open(name, _READ_FLAGS, dir_fd=self._descriptor))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(0, "not a regular file")
        return file

    def read(self, name: str) -> bytes:
        with self.open_file(name) as file:
            return file.readall()

    def begin(self, name: str) -> "UnfinishedFile":
        """A new file under an unfinished name, which says what it is to become."""
        file_name = f"{name}{UNFINISHED}{secrets.token_hex(8)}"
        file = DirectFile(os.open(file_name, _CREATE_FLAGS, 0o600, dir_fd=self._descriptor))
        return UnfinishedFile(self, name, file_name, file)

    def write_once(self, name: str, data: bytes) -> None:
        """Create `name` with these bytes. Raises `FileExistsError`."""
        unfinished = self.begin(name)
        try:
            unfinished.write(data)
            unfinished.commit()
        finally:
            unfinished.discard()

    def remove(self, name: str) -> None:
        """Remove the file and every unfinished one of its name. Absent already: only the sync is repeated."""
        # Unfinished names first: once they are gone, no writer can link one of them to the name.
        found = sorted((entry for entry in self.entries() if entry.name == name), key=lambda e: not e.is_unfinished)
        for entry in found:
            self.unlink(entry.file_name)
        # Synced even when nothing was found: an earlier remover may have died before its sync.
        self.sync()

    def unlink(self, file_name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(file_name, dir_fd=self._descriptor)

    def link(self, file_name: str, name: str) -> None:
        os.link(file_name, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor, follow_symlinks=False)


def make_private_folder(path: Path) -> None:
    """Make the folder, 0700, and sync its entry in its parent. There already: only the sync is repeated."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with PrivateFolder.open(path.parent.resolve()) as parent:
        parent.sync()


class UnfinishedFile:
    """A file that is being written. `commit` gives it its name; `discard` removes it unless it has one."""

    def __init__(self, folder: PrivateFolder, name: str, file_name: str, file: DirectFile) -> None:
        self._folder: Final = folder
        self._name: Final = name
        self._file_name: Final = file_name
        self._file: Final = file

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._file.write(data)

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        self._file.fill(most, put)

    def commit(self) -> None:
        """Sync, name, sync. Raises `FileExistsError`; `FileNotFoundError` if it was removed meanwhile."""
        self._file.sync()
        self._file.close()
        self._folder.link(self._file_name, self._name)
        self._folder.unlink(self._file_name)
        self._folder.sync()

    def discard(self) -> None:
        self._file.close()
        self._folder.unlink(self._file_name)
