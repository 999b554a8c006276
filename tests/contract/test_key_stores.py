"""What every key store must do; a new implementation joins by adding its maker to `_MAKERS`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.servers.store import Store
from verifier.ids import new_installation_id, new_verification_id
from verifier.vault.counted import CountedKeys
from verifier.vault.errors import KeyExistsError, KeyMissingError, StoreUnavailableError, WrongInstallationError
from verifier.vault.key_files import FileKeys
from verifier.vault.key_store import KeyStore
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_keys import S3Keys

Maker = Callable[[pytest.FixtureRequest, Path], KeyStore]


def _in_bucket(server: str) -> Maker:
    def make(request: pytest.FixtureRequest, _folder: Path) -> KeyStore:
        store: Store = request.getfixturevalue(server)
        return S3Keys(Bucket(store.open_client(), store.make_bucket()))

    return make


_MAKERS: Final[dict[str, Maker]] = {
    "file": lambda _, folder: FileKeys(folder / "keys"),
    "counted": lambda _, folder: CountedKeys(FileKeys(folder / "keys")),
    "moto": _in_bucket("moto"),
    "real": _in_bucket("real_s3"),
}


@pytest.fixture(params=sorted(_MAKERS))
def unmarked(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    made: KeyStore = _MAKERS[request.param](request, tmp_path)
    return made


@pytest.fixture
def store(unmarked: KeyStore) -> KeyStore:
    unmarked.write_installation(new_installation_id())
    return unmarked


def test_a_record_comes_back_as_it_was_put(store: KeyStore) -> None:
    verification = new_verification_id()
    store.put(verification, bytes(range(256)))
    assert store.get(verification) == bytes(range(256))
    assert not store.is_absent(verification)


def test_a_record_that_was_never_put_is_absent(store: KeyStore) -> None:
    verification = new_verification_id()
    assert store.is_absent(verification)
    with pytest.raises(KeyMissingError) as refusal:
        store.get(verification)
    assert refusal.value.code == "key_lost"


def test_a_record_is_put_once(store: KeyStore) -> None:
    verification = new_verification_id()
    store.put(verification, b"first")
    with pytest.raises(KeyExistsError):
        store.put(verification, b"second")
    assert store.get(verification) == b"first"
    assert list(store.list()) == [verification]


def test_of_many_puts_at_once_exactly_one_counts(store: KeyStore) -> None:
    verification = new_verification_id()
    barrier = threading.Barrier(8)
    won: list[bytes] = []

    def put(record: bytes) -> None:
        barrier.wait()
        try:
            store.put(verification, record)
        except KeyExistsError:
            return
        won.append(record)

    threads = [threading.Thread(target=put, args=(b"%d" % n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.get(verification)] == won


def test_a_deletion_can_be_repeated_and_takes_only_its_record(store: KeyStore) -> None:
    verification, other = new_verification_id(), new_verification_id()
    store.put(verification, b"x")
    store.put(other, b"y")
    store.delete(verification)
    store.delete(verification)
    assert store.is_absent(verification)
    assert list(store.list()) == [other]
    assert store.get(other) == b"y"


def test_a_listing_names_every_verification_that_has_a_record(store: KeyStore) -> None:
    verifications = {new_verification_id() for _ in range(50)}
    for verification in verifications:
        store.put(verification, b"x")
    listed = list(store.list())
    assert set(listed) == verifications
    assert len(listed) == len(verifications)


def test_a_store_says_whose_it_is_and_cannot_be_marked_twice(unmarked: KeyStore) -> None:
    installation = new_installation_id()
    assert unmarked.read_installation() is None
    unmarked.write_installation(installation)
    unmarked.write_installation(installation)
    with pytest.raises(WrongInstallationError):
        unmarked.write_installation(new_installation_id())
    assert unmarked.read_installation() == installation


def test_a_store_without_a_mark_never_says_absent(unmarked: KeyStore) -> None:
    verification = new_verification_id()
    for ask in (unmarked.is_absent, unmarked.delete, unmarked.get):
        with pytest.raises(StoreUnavailableError):
            ask(verification)
    with pytest.raises(StoreUnavailableError):
        unmarked.put(verification, b"x")
    with pytest.raises(StoreUnavailableError):
        list(unmarked.list())
