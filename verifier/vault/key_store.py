"""The seam to the key store, where the wrapped private keys of verifications lie.

It is not the database, not the documents' store, and in no backup: deleting a record here is what shreds. Every
implementation passes `tests/contract/test_key_stores.py`. It guarantees: a record is written once and is on the
medium when `put` returns; `delete` is safe to repeat; `is_absent` gets and lists, in a store that carries a mark.
"""

from collections.abc import Iterator
from typing import Protocol

from verifier.ids import InstallationId, VerificationId


class KeyStore(Protocol):
    """One record per verification."""

    def put(self, verification: VerificationId, record: bytes) -> None:
        """Store a record, synced. Raises `KeyExistsError`, `NoSpaceError`, `StoreUnavailableError`."""

    def get(self, verification: VerificationId) -> bytes:
        """The record. Raises `KeyMissingError`, `StoreUnavailableError`."""

    def delete(self, verification: VerificationId) -> None:
        """Remove the record and whatever was left of writing it. Absent already: nothing to do."""

    def is_absent(self, verification: VerificationId) -> bool:
        """Whether getting finds no record and listing names none."""

    def list(self) -> Iterator[VerificationId]:
        """Every verification that has a record, or something left of writing one."""

    def read_installation(self) -> InstallationId | None:
        """Whose store this is; `None` where nobody has marked it."""

    def write_installation(self, installation: InstallationId) -> None:
        """Mark the store, once. Raises `WrongInstallationError` where it is another's."""
