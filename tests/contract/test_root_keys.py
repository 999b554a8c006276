"""What every custody of root keys must do; a new implementation joins by adding its maker to `_MAKERS`."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.servers.store import Store
from verifier.ids import new_installation_id
from verifier.vault.aws import open_kms
from verifier.vault.counted import CountedRoots
from verifier.vault.errors import BrokenRecordError, KeyMissingError, RootMissingError, TooManyRootsError
from verifier.vault.kms_roots import KmsRoots
from verifier.vault.records import KeyRecord
from verifier.vault.root_files import FileRoots
from verifier.vault.roots import RootKeys, RootNumber, day_and_turn, number_after, root_number_on
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_roots import S3Roots

Maker = Callable[[pytest.FixtureRequest, Path], RootKeys]


def _in_kms(request: pytest.FixtureRequest, days: RootKeys) -> RootKeys:
    store: Store = request.getfixturevalue("moto")
    client = open_kms(store.get_access("VERIFIER_KMS"))
    return KmsRoots(client, client.create_key()["KeyMetadata"]["Arn"], days=days)


def _in_bucket(request: pytest.FixtureRequest, server: str) -> RootKeys:
    store: Store = request.getfixturevalue(server)
    bucket = Bucket(store.open_client(), store.make_bucket())
    bucket.write_installation(new_installation_id())
    return S3Roots(bucket)


_MAKERS: Final[dict[str, Maker]] = {
    "file": lambda _, folder: FileRoots(folder / "roots"),
    "counted": lambda _, folder: CountedRoots(FileRoots(folder / "roots")),
    "kms, days in a folder": lambda request, folder: _in_kms(request, FileRoots(folder / "roots")),
    "kms, days in moto": lambda request, _: _in_kms(request, _in_bucket(request, "moto")),
    "kms, days in the real store": lambda request, _: _in_kms(request, _in_bucket(request, "real_s3")),
}
_TODAY: Final = date(2026, 11, 21)


@pytest.fixture(params=sorted(_MAKERS))
def roots(request: pytest.FixtureRequest, tmp_path: Path) -> RootKeys:
    made: RootKeys = _MAKERS[request.param](request, tmp_path)
    return made


def test_what_was_wrapped_unwraps(roots: RootKeys) -> None:
    number = roots.current(_TODAY)
    wrapped = roots.wrap(number, b"a private key", context=b"whose")
    assert b"a private key" not in wrapped
    assert roots.unwrap(number, wrapped, context=b"whose") == b"a private key"


def test_the_same_key_never_wraps_to_the_same_bytes(roots: RootKeys) -> None:
    number = roots.current(_TODAY)
    assert roots.wrap(number, b"k", context=b"c") != roots.wrap(number, b"k", context=b"c")


def test_one_root_lasts_one_day(roots: RootKeys) -> None:
    morning = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    first = roots.current(morning)
    assert roots.current(morning + timedelta(hours=23, minutes=59)) == first
    assert roots.current(morning + timedelta(days=1)) == first + 1
    assert roots.list() == [first, first + 1]


def test_a_root_that_is_begun_is_todays_at_once_and_the_one_before_still_opens(roots: RootKeys) -> None:
    before = roots.current(_TODAY)
    wrapped = roots.wrap(before, b"k", context=b"c")
    begun = roots.begin(_TODAY)
    assert begun != before
    assert roots.current(_TODAY) == begun
    assert roots.unwrap(before, wrapped, context=b"c") == b"k"
    with pytest.raises(BrokenRecordError):
        roots.unwrap(begun, wrapped, context=b"c")
    again = roots.begin(_TODAY)
    tomorrow = roots.current(_TODAY + timedelta(days=1))
    assert tomorrow == before + 1
    assert roots.list() == [before, begun, again, tomorrow]


def test_a_wrapped_key_opens_in_no_other_context_and_under_no_other_root(roots: RootKeys) -> None:
    today, tomorrow = roots.current(_TODAY), roots.current(_TODAY + timedelta(days=1))
    wrapped = roots.wrap(today, b"k", context=b"mine")
    with pytest.raises(BrokenRecordError):
        roots.unwrap(today, wrapped, context=b"yours")
    with pytest.raises(BrokenRecordError):
        roots.unwrap(tomorrow, wrapped, context=b"mine")


def test_every_flipped_bit_and_every_cut_of_a_wrapped_key_is_found(roots: RootKeys) -> None:
    number = roots.current(_TODAY)
    wrapped = roots.wrap(number, b"key", context=b"c")
    for bit in range(len(wrapped) * 8):
        flipped = bytearray(wrapped)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenRecordError):
            roots.unwrap(number, bytes(flipped), context=b"c")
    for length in range(len(wrapped)):
        with pytest.raises(BrokenRecordError):
            roots.unwrap(number, wrapped[:length], context=b"c")


def test_a_destroyed_root_opens_nothing_and_is_not_listed(roots: RootKeys) -> None:
    number = roots.current(_TODAY)
    wrapped = roots.wrap(number, b"k", context=b"c")
    roots.destroy(number)
    roots.destroy(number)
    assert roots.list() == []
    with pytest.raises(RootMissingError):
        roots.unwrap(number, wrapped, context=b"c")
    with pytest.raises(KeyMissingError):
        roots.wrap(number, b"k", context=b"c")


def test_a_root_that_is_made_again_is_another_root(roots: RootKeys) -> None:
    number = roots.current(_TODAY)
    wrapped = roots.wrap(number, b"k", context=b"c")
    roots.destroy(number)
    assert roots.current(_TODAY) == number
    with pytest.raises(BrokenRecordError):
        roots.unwrap(number, wrapped, context=b"c")


def test_a_root_that_nobody_made_does_not_wrap(roots: RootKeys) -> None:
    roots.current(_TODAY)
    with pytest.raises(RootMissingError):
        roots.wrap(RootNumber(1), b"k", context=b"c")


def test_everyone_who_needs_todays_root_first_gets_the_same_one(roots: RootKeys) -> None:
    barrier = threading.Barrier(8)
    wrapped: list[bytes] = []

    def wrap() -> None:
        barrier.wait()
        wrapped.append(roots.wrap(roots.current(_TODAY), b"k", context=b"c"))

    threads = [threading.Thread(target=wrap) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    number = root_number_on(_TODAY)
    assert [roots.unwrap(number, each, context=b"c") for each in wrapped] == [b"k"] * 8
    assert roots.list() == [number]


def test_a_number_says_day_and_turn_and_a_record_has_room_for_it() -> None:
    number = root_number_on(_TODAY)
    for turn in range(1, 4_001):
        number = number_after(number)
        assert day_and_turn(number) == (root_number_on(_TODAY), turn)
    assert KeyRecord.parse(KeyRecord(number, b"wrapped").to_bytes()).root == number
    with pytest.raises(TooManyRootsError):
        number_after(number)


def test_roots_are_numbered_by_days_since_1970() -> None:
    assert root_number_on(date(1970, 1, 2)) == 1
    assert root_number_on(datetime(2026, 11, 21, 23, 59, tzinfo=UTC)) == 20778
