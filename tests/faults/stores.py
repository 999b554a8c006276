"""Stores that fail, for the seams of an installation: they lie, they break, or something happens between their steps.

Each passes everything through to a real store and changes one thing, when a test says so.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final

from verifier.ids import DocumentId, InstallationId, VerificationId
from verifier.vault.errors import StoreUnavailableError
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectKey, ObjectStore, ObjectWriter, StoredObject


class Mood(Enum):
    """How a store behaves."""

    HONEST = auto()
    KEEPING = auto()
    """Answers every deletion, and keeps the bytes."""
    DOWN = auto()
    """Answers nothing."""


def _nothing() -> None:
    """What happens by default."""


class MoodyObjects:
    """An object store.

    What is set to happen happens once. `poisoned`: the document whose deletion breaks as nobody foresaw.
    `is_late`: a commit succeeds even where the upload was deleted before it, as in a store that is reached by network.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store: Final = store
        self.mood = Mood.HONEST
        self.poisoned: DocumentId | None = None
        self.is_late = False
        self.before_commit: Callable[[], None] = _nothing
        self.before_delete: Callable[[], None] = _nothing
        self.after_list: Callable[[], None] = _nothing

    def _verify_up(self) -> None:
        if self.mood is Mood.DOWN:
            raise StoreUnavailableError({"reason": "down"})

    def create(self, key: ObjectKey) -> ObjectWriter:
        self._verify_up()
        return _Writer(self._store, key, self)

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        self._verify_up()
        return self._store.read(key)

    def delete(self, key: ObjectKey) -> None:
        self._verify_up()
        happens, self.before_delete = self.before_delete, _nothing
        happens()
        if key.document == self.poisoned:
            raise ZeroDivisionError
        if self.mood is Mood.HONEST:
            self._store.delete(key)

    def is_absent(self, key: ObjectKey) -> bool:
        self._verify_up()
        return self._store.is_absent(key)

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        self._verify_up()
        found = list(self._store.list(installation=installation))
        happens, self.after_list = self.after_list, _nothing
        happens()
        yield from found

    def read_installation(self) -> InstallationId | None:
        return self._store.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._store.write_installation(installation)


class _Writer:
    def __init__(self, store: ObjectStore, key: ObjectKey, moody: MoodyObjects) -> None:
        self._store: Final = store
        self._key: Final = key
        self._moody: Final = moody
        self._writer = store.create(key)
        self._sent: Final = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent.extend(data)
        self._writer.write(data)

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        room = memoryview(bytearray(most))
        self.write(room[: put(room)])

    def commit(self) -> None:
        happens, self._moody.before_commit = self._moody.before_commit, _nothing
        happens()
        if self._moody.is_late:
            self._writer.abort()
            self._writer = self._store.create(self._key)
            self._writer.write(self._sent)
        self._writer.commit()

    def abort(self) -> None:
        self._writer.abort()


class MoodyKeys:
    """A key store."""

    def __init__(self, store: KeyStore) -> None:
        self._store: Final = store
        self.mood = Mood.HONEST
        self.after_list: Callable[[], None] = _nothing
        self.after_get: Callable[[], None] = _nothing

    def _verify_up(self) -> None:
        if self.mood is Mood.DOWN:
            raise StoreUnavailableError({"reason": "down"})

    def put(self, verification: VerificationId, record: bytes) -> None:
        self._verify_up()
        self._store.put(verification, record)

    def get(self, verification: VerificationId) -> bytes:
        self._verify_up()
        record = self._store.get(verification)
        happens, self.after_get = self.after_get, _nothing
        happens()
        return record

    def delete(self, verification: VerificationId) -> None:
        self._verify_up()
        if self.mood is Mood.HONEST:
            self._store.delete(verification)

    def is_absent(self, verification: VerificationId) -> bool:
        self._verify_up()
        return self._store.is_absent(verification)

    def list(self) -> Iterator[VerificationId]:
        self._verify_up()
        found = list(self._store.list())
        happens, self.after_list = self.after_list, _nothing
        happens()
        yield from found

    def read_installation(self) -> InstallationId | None:
        return self._store.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._store.write_installation(installation)
