"""Key records as files in one folder: the key store of the embedded form.

Guarantees what the seam in `verifier.vault.key_store` asks for. Leaves to others: that the folder is in no backup, and
what the medium may keep of a deleted file; the root key that wrapped it is destroyed in its turn.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from verifier.ids import InstallationId, VerificationId
from verifier.vault.errors import KeyExistsError, KeyMissingError, UnsafeNameError, storage_errors
from verifier.vault.marked_folder import MarkedFolder
from verifier.vault.names import verify_id


class FileKeys:
    """A `KeyStore` in `folder`, 0700 and 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = MarkedFolder(folder)

    def put(self, verification: VerificationId, record: bytes) -> None:
        with self._folder.open_shard(verification) as shard, storage_errors():
            try:
                shard.write_once(verification, record)
            except FileExistsError as error:
                raise KeyExistsError from error

    def get(self, verification: VerificationId) -> bytes:
        with self._folder.open_shard(verification) as shard, storage_errors():
            try:
                return shard.read(verification)
            except FileNotFoundError as error:
                raise KeyMissingError from error

    def delete(self, verification: VerificationId) -> None:
        with self._folder.open_shard(verification) as shard, storage_errors():
            shard.remove(verification)

    def is_absent(self, verification: VerificationId) -> bool:
        with self._folder.open_shard(verification) as shard, storage_errors():
            return not shard.has(verification) and all(entry.name != verification for entry in shard.entries())

    def list(self) -> Iterator[VerificationId]:
        for shard in self._folder.shards():
            with storage_errors():
                names = sorted({entry.name for entry in shard.entries()})
            yield from (VerificationId(name) for name in names if _is_ours(name))

    def read_installation(self) -> InstallationId | None:
        return self._folder.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._folder.write_installation(installation)


def _is_ours(name: str) -> bool:
    try:
        verify_id(name, prefix="ver")
    except UnsafeNameError:
        return False
    return True
