"""Stores that count what they could not do, around any store of the same seam.

Guarantees: passes everything through, and every error on; passes the contract suites of the stores that it stands
around. Leaves to others: that something was still there after a deletion, which only a look can tell (`service`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final, TypeVar

from verifier.ids import InstallationId, VerificationId
from verifier.meters import Store, StoreFault, get_meters
from verifier.vault.errors import NoSpaceError, StoreUnavailableError, WrongInstallationError
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectKey, ObjectStore, ObjectWriter, StoredObject
from verifier.vault.roots import RootKeys, RootNumber

T = TypeVar("T")


@contextmanager
def counting(store: Store) -> Iterator[None]:
    """Count the error that leaves the block, where it is one of a store's."""
    try:
        yield
    except NoSpaceError:
        get_meters().count_store_error(store, StoreFault.NO_SPACE)
        raise
    except StoreUnavailableError:
        get_meters().count_store_error(store, StoreFault.UNAVAILABLE)
        raise
    except WrongInstallationError:
        get_meters().count_store_error(store, StoreFault.WRONG_INSTALLATION)
        raise


class CountedObjects:
    """An object store that counts."""

    def __init__(self, store: ObjectStore) -> None:
        self._store: Final = store

    def create(self, key: ObjectKey) -> ObjectWriter:
        with counting(Store.OBJECTS):
            return _CountedWriter(self._store.create(key))

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        with counting(Store.OBJECTS):
            return _each(self._store.read(key), Store.OBJECTS)

    def delete(self, key: ObjectKey) -> None:
        with counting(Store.OBJECTS):
            self._store.delete(key)

    def is_absent(self, key: ObjectKey) -> bool:
        with counting(Store.OBJECTS):
            return self._store.is_absent(key)

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        with counting(Store.OBJECTS):
            return _each(self._store.list(installation=installation), Store.OBJECTS)

    def read_installation(self) -> InstallationId | None:
        with counting(Store.OBJECTS):
            return self._store.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        with counting(Store.OBJECTS):
            self._store.write_installation(installation)


class _CountedWriter:
    def __init__(self, writer: ObjectWriter) -> None:
        self._writer: Final = writer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        with counting(Store.OBJECTS):
            self._writer.write(data)

    def fill(self, most: int, put: Callable[[memoryview], int]) -> None:
        with counting(Store.OBJECTS):
            self._writer.fill(most, put)

    def commit(self) -> None:
        with counting(Store.OBJECTS):
            self._writer.commit()

    def abort(self) -> None:
        with counting(Store.OBJECTS):
            self._writer.abort()


class CountedKeys:
    """A key store that counts."""

    def __init__(self, store: KeyStore) -> None:
        self._store: Final = store

    def put(self, verification: VerificationId, record: bytes) -> None:
        with counting(Store.KEYS):
            self._store.put(verification, record)

    def get(self, verification: VerificationId) -> bytes:
        with counting(Store.KEYS):
            return self._store.get(verification)

    def delete(self, verification: VerificationId) -> None:
        with counting(Store.KEYS):
            self._store.delete(verification)

    def is_absent(self, verification: VerificationId) -> bool:
        with counting(Store.KEYS):
            return self._store.is_absent(verification)

    def list(self) -> Iterator[VerificationId]:
        with counting(Store.KEYS):
            return _each(self._store.list(), Store.KEYS)

    def read_installation(self) -> InstallationId | None:
        with counting(Store.KEYS):
            return self._store.read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        with counting(Store.KEYS):
            self._store.write_installation(installation)


class CountedRoots:
    """A custody of root keys that counts."""

    def __init__(self, roots: RootKeys) -> None:
        self._roots: Final = roots

    def current(self, now: date) -> RootNumber:
        with counting(Store.ROOTS):
            return self._roots.current(now)

    def begin(self, now: date) -> RootNumber:
        with counting(Store.ROOTS):
            return self._roots.begin(now)

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        with counting(Store.ROOTS):
            return self._roots.wrap(number, plaintext, context=context)

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        with counting(Store.ROOTS):
            return self._roots.unwrap(number, wrapped, context=context)

    def destroy(self, number: RootNumber) -> None:
        with counting(Store.ROOTS):
            self._roots.destroy(number)

    def list(self) -> list[RootNumber]:
        with counting(Store.ROOTS):
            return self._roots.list()


def _each(found: Iterator[T], store: Store) -> Iterator[T]:
    with counting(store):
        yield from found
