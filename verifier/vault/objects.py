"""The seam to the object store, where sealed copies lie.

Every implementation passes `tests/contract/test_object_stores.py`. It guarantees: written once; a commit that
returned is on the medium; `delete` takes every version and every unfinished upload of the key, and is safe to repeat;
`is_absent` looks, and answers only for a store that carries our mark, so that an empty mount point is no absence. It
leaves to others: what the bytes are, and whether they are ours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from verifier.ids import DocumentId, InstallationId, VerificationId
from verifier.vault.errors import UnsafeNameError
from verifier.vault.names import verify_id, verify_name
from verifier.vault.sealing import SealContext

_PARTS: Final = 4


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """`<installation>/<verification>/<document>/<copy>`; the copy is `original` or `page-1`, `page-2`…"""

    installation: InstallationId
    verification: VerificationId
    document: DocumentId
    copy: str

    def __post_init__(self) -> None:
        verify_id(self.installation, prefix="ins")
        verify_id(self.verification, prefix="ver")
        verify_id(self.document, prefix="doc")
        verify_name(self.copy)

    @classmethod
    def parse(cls, text: str) -> "ObjectKey":
        """Read what `to_text` wrote. Raises `UnsafeNameError`."""
        parts = text.split("/")
        if len(parts) != _PARTS:
            raise UnsafeNameError
        installation, verification, document, copy = parts
        return cls(InstallationId(installation), VerificationId(verification), DocumentId(document), copy)

    def to_text(self) -> str:
        return f"{self.installation}/{self.verification}/{self.document}/{self.copy}"

    def context(self) -> SealContext:
        """What the copy under this key is sealed to."""
        return SealContext(self.installation, self.verification, self.document, self.copy)

    def __str__(self) -> str:
        return self.to_text()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a listing found: an object, or (`is_unfinished`) an upload that was not committed."""

    key: ObjectKey
    size: int
    modified_at: datetime
    is_unfinished: bool = False


class ObjectWriter(Protocol):
    """One upload. Ends with `commit` or `abort`; until then it is an unfinished upload of its key."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append. Raises `NoSpaceError`, `StoreUnavailableError`."""

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        """Append what `put` puts into memory of `most` bytes, and counts: spares a copy. Raises as `write` does."""

    def commit(self) -> None:
        """Make it an object, synced. Raises `ObjectExistsError`, `UploadRemovedError`, `StoreUnavailableError`.

        After `StoreUnavailableError` nobody knows whether the object is there: delete the key.
        """

    def abort(self) -> None:
        """Leave nothing behind. Safe to repeat; after `commit` it does nothing."""


class ObjectStore(Protocol):
    """Sealed copies by key."""

    def create(self, key: ObjectKey) -> ObjectWriter:
        """Begin to write a copy. Raises `ObjectExistsError`, `StoreUnavailableError`."""

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        """The object's bytes in steps. Raises `ObjectMissingError` (at once), `StoreUnavailableError`."""

    def delete(self, key: ObjectKey) -> None:
        """Remove every version and unfinished upload. Absent already: nothing to do."""

    def is_absent(self, key: ObjectKey) -> bool:
        """Whether a look finds no object, no version and no unfinished upload."""

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        """Everything that is stored for this installation, unfinished uploads too."""

    def read_installation(self) -> InstallationId | None:
        """Whose store this is; `None` where nobody has marked it."""

    def write_installation(self, installation: InstallationId) -> None:
        """Mark the store, once. Raises `WrongInstallationError` where it is another's."""
