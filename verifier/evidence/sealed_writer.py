"""Seals a stream into the object store, a step at a time, behind a fence."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from verifier.errors import VerifierError
from verifier.evidence.documents import Ciphertext
from verifier.evidence.errors import UploadEndedError
from verifier.evidence.fence import Fence
from verifier.vault.errors import NotGivenError, UploadRemovedError
from verifier.vault.keys import PublicKey
from verifier.vault.objects import ObjectKey, ObjectStore
from verifier.vault.sealing import MOST_WAITING, Sealer

_STEP_BYTES: Final = 1024 * 1024


class SealedWriter:
    """One copy on its way into the store. `commit` makes it durable; anything else leaves nothing behind."""

    def __init__(self, objects: ObjectStore, key: ObjectKey, public_key: PublicKey, *, fence: Fence) -> None:
        self._objects: Final = objects
        self._key: Final = key
        self._fence: Final = fence
        self._sealer: Final = Sealer(public_key, key.context())
        self._writer: Final = objects.create(key)
        self.size = 0
        try:
            self._fence.verify_open()  # a pause before the object was created counts
            self._write(self._sealer.start())
        except VerifierError:
            self._writer.abort()
            raise

    def write(self, *pieces: bytes | memoryview) -> None:
        """Seal and store the next bytes, in as few steps as can be, however many pieces they came in.

        Raises:
            UploadTooSlowError, UploadEndedError, StoreUnavailableError, NoSpaceError
        """
        self._fence.keep_open()
        for step, size in _in_steps(pieces):
            self._writer.fill(size + MOST_WAITING, partial(self._sealer.update_into, step))
            self.size += size

    def _write(self, ciphertext: bytes) -> None:
        if ciphertext:
            self._writer.write(ciphertext)

    def commit(self) -> Ciphertext:
        """Make the copy durable under its name; only the fence's owner may.

        Raises:
            UploadTooSlowError, UploadEndedError, StoreUnavailableError, NoSpaceError
        """
        self._write(self._sealer.finalize())
        self._fence.keep_open()
        try:
            self._writer.commit()
        except UploadRemovedError:
            raise UploadEndedError from None  # disposal came first, and took it away
        return Ciphertext(digest=self._sealer.digest, length=self._sealer.length)

    def remove(self) -> None:
        """Take away whatever was written, committed or not. Raises: StoreUnavailableError"""
        self._writer.abort()
        with suppress(NotGivenError):  # a tier that only puts deletes nothing: disposal does, by the obligation
            self._objects.delete(self._key)


def _in_steps(pieces: Iterable[bytes | memoryview]) -> Iterator[tuple[list[memoryview], int]]:
    """The pieces in groups of at most a step, and how many bytes each group has."""
    step: list[memoryview] = []
    size = 0
    for piece in pieces:
        for start in range(0, len(piece), _STEP_BYTES):
            part = memoryview(piece)[start : start + _STEP_BYTES]
            if size + len(part) > _STEP_BYTES:
                yield step, size
                step, size = [], 0
            step.append(part)
            size += len(part)
    if step:
        yield step, size
