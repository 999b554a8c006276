"""The vault's story: keys are recorded, opened, shredded; nothing is taken for gone that was not looked at."""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from verifier.ids import InstallationId, VerificationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.errors import (
    BrokenRecordError,
    BrokenSealError,
    KeyExistsError,
    KeyMissingError,
    StillPresentError,
    StoreUnavailableError,
    WrongInstallationError,
)
from verifier.vault.key_files import FileKeys
from verifier.vault.key_store import KeyStore
from verifier.vault.object_files import FileObjects
from verifier.vault.objects import ObjectKey, ObjectStore
from verifier.vault.records import KeyRecord
from verifier.vault.root_files import FileRoots
from verifier.vault.roots import RootNumber, root_number_on
from verifier.vault.sealing import Sealer, open_bytes, open_object, seal_bytes
from verifier.vault.service import Vault

_NOW: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_DAY: Final = timedelta(days=1)


class _KeepingObjects(FileObjects):
    """A store that answers "deleted" and keeps the bytes."""

    def delete(self, key: ObjectKey) -> None:
        self.read(key)


class _KeepingKeys(FileKeys):
    """A key store that answers "deleted" and keeps the record."""

    def delete(self, verification: VerificationId) -> None:
        self.get(verification)


class _ForgetfulKeys(FileKeys):
    """A key store that no longer gets what it still lists."""

    def get(self, verification: VerificationId) -> bytes:
        raise KeyMissingError


@pytest.fixture
def installation() -> InstallationId:
    return new_installation_id()


@pytest.fixture
def build(tmp_path: Path, installation: InstallationId) -> Callable[..., Vault]:
    def build_vault(objects: type[FileObjects] = FileObjects, keys: type[FileKeys] = FileKeys) -> Vault:
        made: tuple[ObjectStore, KeyStore] = (objects(tmp_path / "objects"), keys(tmp_path / "keys"))
        roots = FileRoots(tmp_path / "roots")
        vault = Vault(installation=installation, objects=made[0], keys=made[1], roots=roots)
        vault.mark_stores()
        return vault

    return build_vault


@pytest.fixture
def vault(build: Callable[..., Vault]) -> Vault:
    return build()


@pytest.fixture
def key(installation: InstallationId) -> ObjectKey:
    return ObjectKey(installation, new_verification_id(), new_document_id(), "original")


def _store_sealed(vault: Vault, key: ObjectKey, data: bytes) -> Sealer:
    sealer = Sealer(vault.create_keys(key.verification, _NOW), key.context())
    writer = vault.objects.create(key)
    for part in (sealer.start(), sealer.update(data), sealer.finalize()):
        writer.write(part)
    writer.commit()
    return sealer


def test_a_copy_opens_until_its_key_is_shredded(vault: Vault, key: ObjectKey) -> None:
    sealer = _store_sealed(vault, key, b"a photo")
    private_key = vault.open_keys(key.verification)
    chunks = vault.objects.read(key)
    digest, length = sealer.digest, sealer.length
    assert open_object(private_key, key.context(), chunks, expected_digest=digest, expected_bytes=length) == b"a photo"
    vault.shred(key.verification)
    with pytest.raises(KeyMissingError) as refusal:
        vault.open_keys(key.verification)
    assert refusal.value.code == "key_lost"


def test_shredding_and_deleting_can_be_repeated(vault: Vault, key: ObjectKey) -> None:
    _store_sealed(vault, key, b"a photo")
    for _ in range(3):
        vault.shred(key.verification)
        vault.delete_copy(key)
    assert vault.keys.is_absent(key.verification)
    assert vault.objects.is_absent(key)


def test_shredding_what_never_had_a_key_is_done_at_once(vault: Vault) -> None:
    vault.shred(new_verification_id())


def test_keys_are_created_once(vault: Vault) -> None:
    verification = new_verification_id()
    public_key = vault.create_keys(verification, _NOW)
    with pytest.raises(KeyExistsError):
        vault.create_keys(verification, _NOW)
    assert vault.open_keys(verification).public_key() == public_key


def test_a_store_that_says_deleted_and_keeps_the_bytes_is_caught(build: Callable[..., Vault], key: ObjectKey) -> None:
    vault = build(objects=_KeepingObjects)
    _store_sealed(vault, key, b"a photo")
    with pytest.raises(StillPresentError) as refusal:
        vault.delete_copy(key)
    assert refusal.value.code == "still_present"


def test_a_key_store_that_says_deleted_and_keeps_the_record_is_caught(build: Callable[..., Vault]) -> None:
    vault = build(keys=_KeepingKeys)
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    with pytest.raises(StillPresentError):
        vault.shred(verification)
    vault.open_keys(verification)


def test_a_late_upload_is_still_present(vault: Vault, key: ObjectKey) -> None:
    vault.delete_copy(key)
    writer = vault.objects.create(key)
    writer.write(b"late")
    assert not vault.objects.is_absent(key)
    vault.delete_copy(key)
    writer.abort()


def test_a_record_opens_for_no_other_verification(vault: Vault) -> None:
    one, two = new_verification_id(), new_verification_id()
    vault.create_keys(one, _NOW)
    vault.keys.put(two, vault.keys.get(one))
    with pytest.raises(BrokenRecordError):
        vault.open_keys(two)


def test_a_record_opens_in_no_other_installation(vault: Vault) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    other = Vault(installation=new_installation_id(), objects=vault.objects, keys=vault.keys, roots=vault.roots)
    with pytest.raises(BrokenRecordError):
        other.open_keys(verification)


def test_every_changed_byte_and_every_cut_of_a_record_is_found(vault: Vault) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    record = vault.keys.get(verification)
    for at in range(len(record)):
        changed = bytearray(record)
        changed[at] ^= 1 << at % 8
        vault.shred(verification)
        vault.keys.put(verification, bytes(changed))
        with pytest.raises((BrokenRecordError, KeyMissingError)):  # another root's number: a root that is not there
            vault.open_keys(verification)
    for length in range(len(record)):
        with pytest.raises(BrokenRecordError):
            KeyRecord.parse(record[:length])


def test_a_record_names_its_root_without_being_unwrapped(vault: Vault) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    record = KeyRecord.parse(vault.keys.get(verification))
    assert record.root == root_number_on(_NOW)
    assert KeyRecord.parse(record.to_bytes()) == record


def destroy_unused_roots(vault: Vault, now: datetime) -> list[RootNumber]:
    unused = vault.find_unused_roots(now)
    for number in unused:
        vault.destroy_root(number)
    return unused


def test_a_root_outlives_its_last_record_and_no_longer(vault: Vault) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    first = root_number_on(_NOW)
    assert destroy_unused_roots(vault, _NOW + 30 * _DAY) == []
    vault.open_keys(verification)
    vault.shred(verification)
    assert destroy_unused_roots(vault, _NOW + 30 * _DAY) == [first]
    assert vault.roots.list() == [first + 30]
    assert destroy_unused_roots(vault, _NOW + 30 * _DAY) == []


def test_only_the_roots_that_no_record_names_are_destroyed(vault: Vault) -> None:
    verifications = [new_verification_id() for _ in range(5)]
    for age, verification in enumerate(verifications):
        vault.create_keys(verification, _NOW + age * _DAY)
    for verification in verifications[::2]:
        vault.shred(verification)
    first = root_number_on(_NOW)
    assert destroy_unused_roots(vault, _NOW + 10 * _DAY) == [first, first + 2, first + 4]
    for verification in verifications[1::2]:
        vault.open_keys(verification)


def test_todays_and_yesterdays_roots_stay_even_unused(vault: Vault) -> None:
    # Whoever wrapped with yesterday's root just before midnight may put the record just after the sweep looked.
    yesterday = vault.roots.current(_NOW)
    today = vault.roots.current(_NOW + _DAY)
    assert destroy_unused_roots(vault, _NOW + _DAY) == []
    assert vault.roots.list() == [yesterday, today]


def test_a_root_that_another_took_over_from_goes_once_no_record_names_it(vault: Vault) -> None:
    old, other = new_verification_id(), new_verification_id()
    vault.create_keys(old, _NOW)
    first = vault.roots.current(_NOW)
    begun = vault.begin_root(_NOW)
    vault.create_keys(other, _NOW)
    assert destroy_unused_roots(vault, _NOW + 2 * _DAY) == []
    vault.open_keys(old)
    vault.shred(old)
    assert destroy_unused_roots(vault, _NOW + 2 * _DAY) == [first]
    vault.open_keys(other)
    assert begun in vault.roots.list()


def test_a_root_from_a_clock_that_ran_ahead_stays(vault: Vault) -> None:
    ahead = vault.roots.current(_NOW + 100 * _DAY)
    assert destroy_unused_roots(vault, _NOW) == []
    assert ahead in vault.roots.list()


def test_a_record_that_cannot_be_read_keeps_every_root(vault: Vault) -> None:
    vault.roots.current(_NOW)
    vault.keys.put(new_verification_id(), b"not a record")
    with pytest.raises(BrokenRecordError):
        destroy_unused_roots(vault, _NOW + 10 * _DAY)
    assert root_number_on(_NOW) in vault.roots.list()


def test_a_record_that_was_never_finished_keeps_no_root(vault: Vault, tmp_path: Path) -> None:
    verification = new_verification_id()
    old = vault.roots.current(_NOW)
    shard = tmp_path / "keys" / vault.installation / verification[4]
    (shard / f"{verification}~0123456789abcdef").write_bytes(b"half a record")
    assert list(vault.keys.list()) == [verification]
    assert destroy_unused_roots(vault, _NOW + 10 * _DAY) == [old]


def test_a_key_store_that_lists_what_it_does_not_get_is_not_absent(build: Callable[..., Vault]) -> None:
    vault = build(keys=_ForgetfulKeys)
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    assert not vault.keys.is_absent(verification)


def test_a_lost_root_is_a_lost_key(vault: Vault) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    vault.roots.destroy(RootNumber(root_number_on(_NOW)))
    with pytest.raises(KeyMissingError) as refusal:
        vault.open_keys(verification)
    assert refusal.value.code == "key_lost"


def test_a_missing_roots_folder_is_unavailable_and_not_a_lost_key(vault: Vault, tmp_path: Path) -> None:
    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    (tmp_path / "roots").rename(tmp_path / "unmounted")
    with pytest.raises(StoreUnavailableError):
        vault.open_keys(verification)


def test_stores_are_checked_at_start(tmp_path: Path, vault: Vault) -> None:
    vault.verify_stores()
    other = Vault(installation=new_installation_id(), objects=vault.objects, keys=vault.keys, roots=vault.roots)
    with pytest.raises(WrongInstallationError):
        other.verify_stores()
    with pytest.raises(WrongInstallationError):
        other.mark_stores()
    empty = FileKeys(tmp_path / "empty")
    unmarked = Vault(installation=vault.installation, objects=vault.objects, keys=empty, roots=vault.roots)
    with pytest.raises(StoreUnavailableError):
        unmarked.verify_stores()


def test_no_key_no_wrapped_key_and_no_plaintext_can_be_printed(vault: Vault, key: ObjectKey) -> None:
    canary = b"CANARY-of-a-customer-0123456789" * 4000
    public_key = vault.create_keys(key.verification, _NOW)
    private_key = vault.open_keys(key.verification)
    record = vault.keys.get(key.verification)
    broken = bytearray(seal_bytes(public_key, key.context(), canary))
    broken[-1] ^= 1
    with pytest.raises(BrokenSealError) as refusal:
        open_bytes(private_key, key.context(), bytes(broken))
    # A traceback that shows variables, without this test's own frame, which holds the canary.
    trace = traceback.TracebackException.from_exception(refusal.value, capture_locals=True, limit=-3)
    trace.stack[:] = [frame for frame in trace.stack if frame.name != trace.stack[0].name]
    sealer = Sealer(public_key, key.context())
    printed = "\n".join(
        [str(each) + repr(each) for each in (vault, private_key, public_key, sealer, KeyRecord.parse(record))]
        + [str(vault.roots), repr(refusal.value), *trace.format()]
    )
    assert "open_bytes" in printed
    secrets = [private_key.to_bytes()[:8], private_key.to_bytes()[-8:], record[-8:], b"CANARY"]
    for secret in secrets:
        assert repr(secret)[2:-1] not in printed
        assert secret.hex() not in printed


def test_a_private_key_is_not_pickled(vault: Vault) -> None:
    import pickle

    verification = new_verification_id()
    vault.create_keys(verification, _NOW)
    with pytest.raises(TypeError):
        pickle.dumps(vault.open_keys(verification))
