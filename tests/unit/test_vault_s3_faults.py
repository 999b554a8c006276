"""What networks and stores do to ours: nothing counts as written or as gone that was not seen."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.servers.faulty_s3 import (
    Faulty,
    Request,
    after,
    asks,
    cut_answer,
    is_abort,
    is_delete,
    is_put,
    lose_answer,
    never_answer,
    refuse,
    reset_midway,
    run_faulty,
    say,
)
from tests.servers.store import Store
from verifier.ids import InstallationId, VerificationId, new_document_id, new_installation_id, new_verification_id
from verifier.vault.aws import open_kms
from verifier.vault.errors import (
    KeyExistsError,
    KeyMissingError,
    NoSpaceError,
    ObjectExistsError,
    StillPresentError,
    StoreUnavailableError,
    UploadRemovedError,
)
from verifier.vault.kms_roots import KmsRoots
from verifier.vault.objects import ObjectKey
from verifier.vault.root_files import FileRoots
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_keys import S3Keys
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.service import Vault

_TODAY: Final = date(2026, 11, 22)


class Bench:
    """A vault whose buckets lie behind a proxy, and the same vault by the straight way."""

    def __init__(self, faulty: Faulty, through: Store, folder: Path, *, is_versioned: bool) -> None:
        self.faulty = faulty
        self.installation: InstallationId = new_installation_id()
        names = faulty.store.make_bucket(is_versioned=is_versioned), faulty.store.make_bucket()
        self.straight = self._open(faulty.store, names, folder)
        self.straight.mark_stores()
        self.vault = self._open(through, names, folder)
        self.key = ObjectKey(self.installation, new_verification_id(), new_document_id(), "original")

    def _open(self, store: Store, names: tuple[str, str], folder: Path) -> Vault:
        documents, keys = (Bucket(store.open_client(), name) for name in names)
        return Vault(
            installation=self.installation,
            objects=S3Objects(documents, SpoolRoom(folder / "spool")),
            keys=S3Keys(keys),
            roots=FileRoots(folder / "roots"),
        )

    def upload(self, content: bytes = b"sealed") -> None:
        writer = self.vault.objects.create(self.key)
        writer.write(content)
        writer.commit()

    def stored(self) -> bytes:
        return b"".join(self.straight.objects.read(self.key))

    def count(self, choice: Callable[[Request], bool]) -> int:
        return sum(map(choice, self.faulty.seen))


@pytest.fixture(params=[False, True], ids=["plain", "versioned"])
def bench(request: pytest.FixtureRequest, moto: Store, tmp_path: Path) -> Iterator[Bench]:
    with run_faulty(moto) as (faulty, through):
        yield Bench(faulty, through, tmp_path, is_versioned=request.param)


@pytest.fixture
def plain(moto: Store, tmp_path: Path) -> Iterator[Bench]:
    with run_faulty(moto) as (faulty, through):
        yield Bench(faulty, through, tmp_path, is_versioned=False)


def test_a_lost_answer_to_a_write_is_asked_again_and_known_as_our_own(bench: Bench) -> None:
    bench.faulty.add(is_put, lose_answer, times=1)
    bench.upload()
    assert bench.stored() == b"sealed"
    assert bench.count(is_put) == 2
    assert len(list(bench.straight.objects.list(installation=bench.installation))) == 1


def test_a_lost_answer_to_a_write_does_not_make_anothers_object_ours(bench: Bench) -> None:
    writer = bench.vault.objects.create(bench.key)
    writer.write(b"late")
    other = bench.straight.objects.create(bench.key)
    other.write(b"early")
    other.commit()
    bench.faulty.add(is_put, lose_answer, times=1)
    with pytest.raises(ObjectExistsError):
        writer.commit()
    assert bench.stored() == b"early"


def test_where_no_answer_to_a_write_ever_comes_nobody_knows_and_the_key_can_be_deleted(bench: Bench) -> None:
    bench.faulty.add(is_put, lose_answer)
    writer = bench.vault.objects.create(bench.key)
    writer.write(b"sealed")
    with pytest.raises(StoreUnavailableError):
        writer.commit()
    assert bench.stored() == b"sealed"  # it is there, and the writer could not know
    writer.abort()
    bench.vault.delete_copy(bench.key)
    assert bench.straight.objects.is_absent(bench.key)


def test_a_store_that_is_slow_to_answer_is_given_up_in_time(bench: Bench) -> None:
    ended = threading.Event()
    bench.faulty.add(is_put, never_answer(ended))
    try:
        begun = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            bench.upload()
        assert time.monotonic() - begun < 15  # what a fence has left when a commit begins
    finally:
        ended.set()


def test_a_reset_in_the_middle_of_a_write_stores_nothing_twice(bench: Bench) -> None:
    bench.faulty.add(is_put, reset_midway, times=1)
    bench.upload(b"x" * 300_000)
    assert bench.stored() == b"x" * 300_000
    assert [found.is_unfinished for found in bench.straight.objects.list(installation=bench.installation)] == [False]


def test_a_write_that_is_always_reset_leaves_nothing_once_it_is_given_up(bench: Bench) -> None:
    bench.faulty.add(is_put, reset_midway)
    writer = bench.vault.objects.create(bench.key)
    writer.write(b"x" * 300_000)
    with pytest.raises(StoreUnavailableError):
        writer.commit()
    writer.abort()
    assert bench.straight.objects.is_absent(bench.key)


def test_a_store_that_asks_to_slow_down_is_unavailable_to_every_question(plain: Bench) -> None:
    bench = plain
    bench.upload()
    bench.straight.create_keys(bench.key.verification, _TODAY)
    bench.vault.keys.is_absent(bench.key.verification)  # the mark is known from here on
    bench.faulty.add(lambda _: True, refuse(503, "SlowDown"))
    verification = bench.key.verification
    questions: tuple[Callable[[], object], ...] = (
        lambda: bench.vault.objects.create(bench.key),
        lambda: bench.vault.objects.read(bench.key),
        lambda: bench.vault.objects.delete(bench.key),
        lambda: bench.vault.objects.is_absent(bench.key),
        lambda: list(bench.vault.objects.list(installation=bench.installation)),
        lambda: bench.vault.keys.put(verification, b"x"),
        lambda: bench.vault.keys.get(verification),
        lambda: bench.vault.keys.delete(verification),
        lambda: bench.vault.keys.is_absent(verification),
        lambda: list(bench.vault.keys.list()),
    )
    for question in questions:
        with pytest.raises(StoreUnavailableError) as refusal:
            question()
        assert refusal.value.facts == {"reason": "SlowDown"}
    assert bench.stored() == b"sealed"


def test_one_refusal_is_asked_again(bench: Bench) -> None:
    bench.faulty.add(is_put, refuse(503, "SlowDown"), times=1)
    bench.upload()
    assert bench.stored() == b"sealed"


def test_a_full_store_says_so(bench: Bench) -> None:
    bench.faulty.add(is_put, refuse(403, "QuotaExceeded"))
    with pytest.raises(NoSpaceError):
        bench.upload()


def test_a_store_that_lies_about_deletion_is_found_out(bench: Bench) -> None:
    bench.upload()
    bench.vault.create_keys(bench.key.verification, _TODAY)
    bench.faulty.add(is_delete, say(204))
    with pytest.raises(StillPresentError):
        bench.vault.delete_copy(bench.key)
    with pytest.raises(StillPresentError):
        bench.vault.shred(bench.key.verification)


def test_a_store_that_lies_about_an_open_upload_is_found_out(bench: Bench) -> None:
    bench.vault.objects.create(bench.key)
    bench.faulty.add(is_abort, say(204))
    with pytest.raises(StillPresentError):
        bench.vault.delete_copy(bench.key)


def test_a_deletion_whose_answer_was_lost_is_repeated(bench: Bench) -> None:
    bench.upload()
    bench.faulty.add(is_delete, lose_answer, times=1)
    bench.vault.delete_copy(bench.key)
    assert bench.straight.objects.is_absent(bench.key)


def test_a_key_deleted_while_its_bytes_are_on_the_way_is_not_stored(bench: Bench) -> None:
    # The deletion and its look come after the bytes were taken, and before the writer is told.
    bench.faulty.add(is_put, after(lambda: bench.straight.delete_copy(bench.key)), times=1)
    with pytest.raises(UploadRemovedError):
        bench.upload()
    assert bench.straight.objects.is_absent(bench.key)


def test_every_version_and_marker_of_years_is_removed(moto: Store, tmp_path: Path) -> None:
    with run_faulty(moto) as (faulty, through):
        bench = Bench(faulty, through, tmp_path, is_versioned=True)
        bench.upload()
        client = moto.open_client()
        (bucket,) = {request.path.split("/")[1] for request in faulty.seen if is_put(request)}
        for _ in range(3):
            client.put_object(Bucket=bucket, Key=bench.key.to_text(), Body=b"restored by somebody")
            client.delete_object(Bucket=bucket, Key=bench.key.to_text())
        assert not bench.vault.objects.is_absent(bench.key)  # to whoever asks by name alone, it is
        bench.vault.delete_copy(bench.key)
        assert client.list_object_versions(Bucket=bucket, Prefix=bench.key.to_text()).get("Versions", []) == []
        assert client.list_object_versions(Bucket=bucket, Prefix=bench.key.to_text()).get("DeleteMarkers", []) == []


def test_a_listing_goes_over_pages_and_names_each_object_once(moto: Store) -> None:
    client, name = moto.open_client(), moto.make_bucket(is_versioned=True)
    names = [f"a/{number:02}" for number in range(20)]
    for each in names:
        for _ in range(2):
            client.put_object(Bucket=name, Key=each, Body=b"")
    assert [found.name for found in Bucket(client, name, page_names=3).list_names("a/")] == names


def test_a_key_record_whose_answer_was_lost_is_put_once(bench: Bench) -> None:
    bench.faulty.add(is_put, lose_answer, times=1)
    bench.vault.keys.put(bench.key.verification, b"record")
    assert bench.straight.keys.get(bench.key.verification) == b"record"
    with pytest.raises(KeyExistsError):
        bench.vault.keys.put(bench.key.verification, b"another")


def test_a_copy_that_was_cut_on_its_way_is_not_taken_for_whole(bench: Bench) -> None:
    bench.upload(b"x" * 1_000_000)
    bench.faulty.add(lambda request: request.path.endswith("/original"), cut_answer)
    with pytest.raises(StoreUnavailableError):
        list(bench.vault.objects.read(bench.key))


def test_a_key_is_lost_only_in_a_store_that_is_ours(bench: Bench) -> None:
    verification = VerificationId(bench.key.verification)
    with pytest.raises(KeyMissingError):
        bench.vault.keys.get(verification)
    bench.faulty.add(lambda request: request.path.endswith("/installation"), refuse(404, "NoSuchKey"))
    with pytest.raises(StoreUnavailableError):
        bench.vault.keys.get(verification)
    with pytest.raises(StoreUnavailableError):
        bench.vault.shred(verification)


def test_uploads_without_a_listing_right_still_end(bench: Bench) -> None:
    bench.faulty.add(asks("versions"), refuse(403, "AccessDenied"))
    bench.upload()
    assert bench.stored() == b"sealed"


def test_creating_calls_kms_once_and_uploading_never(moto: Store, tmp_path: Path) -> None:
    with run_faulty(moto) as (faulty, through):
        kms = open_kms(through.get_access("VERIFIER_KMS"))
        key = kms.create_key()["KeyMetadata"]["Arn"]
        bench = Bench(Faulty(moto), moto, tmp_path, is_versioned=False)
        roots = KmsRoots(kms, key, days=FileRoots(tmp_path / "roots"))
        vault = Vault(installation=bench.installation, objects=bench.vault.objects, keys=bench.vault.keys, roots=roots)
        faulty.seen.clear()
        public_key = vault.create_keys(bench.key.verification, _TODAY)
        assert len(faulty.seen) == 1
        bench.upload()
        assert len(faulty.seen) == 1
        assert vault.open_keys(bench.key.verification).public_key().to_bytes() == public_key.to_bytes()
        assert len(faulty.seen) == 2
        vault.shred(bench.key.verification)
        with pytest.raises(KeyMissingError):
            vault.open_keys(bench.key.verification)
        assert len(faulty.seen) == 2


def test_kms_that_does_not_answer_loses_no_key(moto: Store, tmp_path: Path) -> None:
    with run_faulty(moto) as (faulty, through):
        kms = open_kms(through.get_access("VERIFIER_KMS"))
        roots = KmsRoots(kms, kms.create_key()["KeyMetadata"]["Arn"], days=FileRoots(tmp_path / "roots"))
        number = roots.current(_TODAY)
        wrapped = roots.wrap(number, b"key", context=b"whose")
        for code in ("ThrottlingException", "KMSInvalidStateException", "NotFoundException", "AccessDeniedException"):
            faulty.rules.clear()
            body = f'{{"__type": "{code}"}}'.encode()
            faulty.add(lambda _: True, say(400, body))
            with pytest.raises(StoreUnavailableError):
                roots.unwrap(number, wrapped, context=b"whose")
        faulty.rules.clear()
        assert roots.unwrap(number, wrapped, context=b"whose") == b"key"
