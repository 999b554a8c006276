"""The vault: makes, opens and shreds the keys of verifications, and deletes copies.

Guarantees: a key is recorded before its public half is handed out; nothing counts as deleted before a look found it
absent; an old root key is destroyed only when no record names it. Leaves to others: when to do any of this, holds,
rows, entries and the fault points between the steps.
"""

from contextlib import suppress
from datetime import date
from typing import Final

from verifier.ids import InstallationId, VerificationId
from verifier.meters import Store, StoreFault, get_meters
from verifier.vault.errors import (
    KeyMissingError,
    NotGivenError,
    StillPresentError,
    StoreUnavailableError,
    WrongInstallationError,
)
from verifier.vault.key_store import KeyStore
from verifier.vault.keys import PrivateKey, PublicKey, generate_key_pair
from verifier.vault.objects import ObjectKey, ObjectStore
from verifier.vault.records import KeyRecord, wrapping_context
from verifier.vault.roots import RootKeys, RootNumber, day_of, root_number_on

# Yesterday's root stays through today: whoever wrapped with it just before midnight may not have put the record yet.
_ROOT_STAYS_FOR_DAYS: Final = 1


class Vault:
    """One installation's stores, together."""

    def __init__(self, *, installation: InstallationId, objects: ObjectStore, keys: KeyStore, roots: RootKeys) -> None:
        self.installation: Final = installation
        self.objects: Final = objects
        self.keys: Final = keys
        self.roots: Final = roots

    def mark_stores(self) -> None:
        """Mark both stores as this installation's, when it is set up. Raises `WrongInstallationError`."""
        self.objects.write_installation(self.installation)
        self.keys.write_installation(self.installation)

    def verify_stores(self) -> None:
        """At start: the stores are this installation's. Raises `StoreUnavailableError`, `WrongInstallationError`.

        One that this process is not given at all it cannot look at: whoever writes and deletes there does.
        """
        for read_installation in (self.objects.read_installation, self.keys.read_installation):
            with suppress(NotGivenError):
                found = read_installation()
                if found is None:
                    raise StoreUnavailableError({"reason": "unmarked"})
                if found != self.installation:
                    raise WrongInstallationError

    def create_keys(self, verification: VerificationId, now: date) -> PublicKey:
        """A new verification's key pair; its record is stored first. Raises `KeyExistsError`, `StoreUnavailableError`.

        `now` is in UTC: its day chooses the root.
        """
        private_key, public_key = generate_key_pair()
        root = self.roots.current(now)
        context = wrapping_context(self.installation, verification, root)
        wrapped = self.roots.wrap(root, private_key.to_bytes(), context=context)
        self.keys.put(verification, KeyRecord(root, wrapped).to_bytes())
        return public_key

    def open_keys(self, verification: VerificationId) -> PrivateKey:
        """The private key, for one operation. Raises `KeyMissingError`, `BrokenRecordError`."""
        record = KeyRecord.parse(self.keys.get(verification))
        context = wrapping_context(self.installation, verification, record.root)
        return PrivateKey.from_bytes(self.roots.unwrap(record.root, record.wrapped, context=context))

    def begin_root(self, now: date) -> RootNumber:
        """A new root for every key that is made from now on. Raises `TooManyRootsError`, `StoreUnavailableError`."""
        return self.roots.begin(now)

    def shred(self, verification: VerificationId) -> None:
        """Destroy the key and look. Safe to repeat. Raises `StillPresentError`, `StoreUnavailableError`."""
        self.keys.delete(verification)
        if not self.keys.is_absent(verification):
            get_meters().count_store_error(Store.KEYS, StoreFault.STILL_PRESENT)
            raise StillPresentError

    def delete_copy(self, key: ObjectKey) -> None:
        """Delete a copy and look. Safe to repeat. Raises `StillPresentError`, `StoreUnavailableError`."""
        self.objects.delete(key)
        if not self.objects.is_absent(key):
            get_meters().count_store_error(Store.OBJECTS, StoreFault.STILL_PRESENT)
            raise StillPresentError

    def find_unused_roots(self, now: date) -> list[RootNumber]:
        """The roots older than yesterday's that no record names: whoever destroys one says so before the next.

        A record that cannot be read keeps every root alive: it raises `BrokenRecordError`.
        """
        with suppress(NotGivenError):  # where only others make them
            # Today's is there, so that a folder that was lost is not one in which all is unused.
            self.roots.current(now)
        newest_old = root_number_on(now) - _ROOT_STAYS_FOR_DAYS
        old = [number for number in self.roots.list() if day_of(number) < newest_old]
        if not old:
            return []
        named = self._named_roots()
        return [number for number in old if number not in named]

    def destroy_root(self, number: RootNumber) -> None:
        """Destroy a root, and look. Safe to repeat. Raises `StillPresentError`, `StoreUnavailableError`."""
        try:
            self.roots.destroy(number)
        except StillPresentError:
            get_meters().count_store_error(Store.ROOTS, StoreFault.STILL_PRESENT)
            raise

    def _named_roots(self) -> set[RootNumber]:
        named = set()
        for verification in self.keys.list():
            try:
                named.add(KeyRecord.parse(self.keys.get(verification)).root)
            except KeyMissingError:
                continue  # shredded since the list was read, or a record that was never finished
        return named
