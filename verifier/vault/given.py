"""Stores of which a process is given only some uses: what a part of the house may not do, its vault cannot.

Guarantees: a use that is not given raises `NotGivenError` and never reaches a store; where none is given, there is no
store behind it at all. Leaves to others: the store's own rules for the credentials of that process, without which this
only keeps our own faults in bounds.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeVar

from verifier.ids import InstallationId, VerificationId
from verifier.vault.errors import NotGivenError
from verifier.vault.key_store import KeyStore
from verifier.vault.objects import ObjectKey, ObjectStore, ObjectWriter, StoredObject
from verifier.vault.roots import RootKeys, RootNumber

S = TypeVar("S")
R = TypeVar("R", bound=StrEnum)


class ObjectRight(StrEnum):
    """What can be done with sealed copies."""

    CREATE = "create"
    READ = "read"
    DELETE = "delete"
    LOOK = "look"
    LIST = "list"


class KeyRight(StrEnum):
    """What can be done with key records."""

    PUT = "put"
    GET = "get"
    DELETE = "delete"
    LOOK = "look"
    LIST = "list"


class RootRight(StrEnum):
    """What can be done with root keys; whoever wraps makes today's."""

    WRAP = "wrap"
    UNWRAP = "unwrap"
    LIST = "list"
    DESTROY = "destroy"


class _Given(Generic[S, R]):
    """A store, and what may be done with it."""

    def __init__(self, store: S | None, rights: AbstractSet[R]) -> None:
        self._store: Final = store if rights else None
        self._rights: Final = frozenset(rights)

    def _get(self, right: R | None = None) -> S:
        """The store, for this use of it; without one, for what every use needs."""
        if self._store is None or (right is not None and right not in self._rights):
            raise NotGivenError
        return self._store


class GivenObjects(_Given[ObjectStore, ObjectRight]):
    """An object store within bounds."""

    def create(self, key: ObjectKey) -> ObjectWriter:
        return self._get(ObjectRight.CREATE).create(key)

    def read(self, key: ObjectKey) -> Iterator[bytes]:
        return self._get(ObjectRight.READ).read(key)

    def delete(self, key: ObjectKey) -> None:
        self._get(ObjectRight.DELETE).delete(key)

    def is_absent(self, key: ObjectKey) -> bool:
        return self._get(ObjectRight.LOOK).is_absent(key)

    def list(self, *, installation: InstallationId) -> Iterator[StoredObject]:
        return self._get(ObjectRight.LIST).list(installation=installation)

    def read_installation(self) -> InstallationId | None:
        return self._get().read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._get().write_installation(installation)


class GivenKeys(_Given[KeyStore, KeyRight]):
    """A key store within bounds."""

    def put(self, verification: VerificationId, record: bytes) -> None:
        self._get(KeyRight.PUT).put(verification, record)

    def get(self, verification: VerificationId) -> bytes:
        return self._get(KeyRight.GET).get(verification)

    def delete(self, verification: VerificationId) -> None:
        self._get(KeyRight.DELETE).delete(verification)

    def is_absent(self, verification: VerificationId) -> bool:
        return self._get(KeyRight.LOOK).is_absent(verification)

    def list(self) -> Iterator[VerificationId]:
        return self._get(KeyRight.LIST).list()

    def read_installation(self) -> InstallationId | None:
        return self._get().read_installation()

    def write_installation(self, installation: InstallationId) -> None:
        self._get().write_installation(installation)


class GivenRoots(_Given[RootKeys, RootRight]):
    """Root keys within bounds."""

    def current(self, now: date) -> RootNumber:
        return self._get(RootRight.WRAP).current(now)

    def begin(self, now: date) -> RootNumber:
        return self._get(RootRight.WRAP).begin(now)

    def wrap(self, number: RootNumber, plaintext: bytes, *, context: bytes) -> bytes:
        return self._get(RootRight.WRAP).wrap(number, plaintext, context=context)

    def unwrap(self, number: RootNumber, wrapped: bytes, *, context: bytes) -> bytes:
        return self._get(RootRight.UNWRAP).unwrap(number, wrapped, context=context)

    def destroy(self, number: RootNumber) -> None:
        self._get(RootRight.DESTROY).destroy(number)

    def list(self) -> list[RootNumber]:
        return self._get(RootRight.LIST).list()
