"""The main job with documents and keys in buckets and KMS around the roots: the same doors, and nothing that stays."""

from datetime import date
from pathlib import Path

import pytest

from tests.case_policies import FOLDER
from tests.journey import Desk, make_jpeg
from tests.servers.store import Store
from tests.workers_by_hand import Work
from verifier.doctor import examine
from verifier.errors import ConfigurationError
from verifier.ids import new_verification_id
from verifier.settings import Settings
from verifier.vault.aws import open_kms
from verifier.vault.s3_bucket import Bucket
from verifier.wiring import House, open_house


@pytest.fixture(params=["moto", "real_s3"])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def settings(store: Store, moto: Store, tmp_path: Path) -> Settings:
    kms = open_kms(moto.get_access("VERIFIER_KMS"))
    keys_credentials = tmp_path / "keys-credentials"
    keys_credentials.touch(mode=0o600)
    keys_credentials.write_bytes(store.credentials_file.read_bytes())
    return Settings(
        home=tmp_path / "home",
        policies_folder=FOLDER,
        documents_bucket=store.make_bucket(),
        documents_endpoint=store.url,
        documents_credentials_file=store.credentials_file,
        keys_bucket=store.make_bucket(),
        keys_endpoint=store.url,
        keys_credentials_file=keys_credentials,
        root_custody="kms",
        kms_key=kms.create_key()["KeyMetadata"]["Arn"],
        kms_endpoint=moto.url,
        kms_credentials_file=moto.credentials_file,
    )


def names_in(store: Store, bucket: str) -> list[str]:
    opened = Bucket(store.open_client(), bucket)
    return [found.name.rsplit("/", 1)[-1] for found in (*opened.list_names(""), *opened.list_uploads(""))]


def test_a_document_is_sent_checked_and_destroyed_in_buckets(
    store: Store, settings: Settings, desk: Desk, work: Work
) -> None:
    asked = desk.request()
    answer = desk.customer(asked).upload("diploma.all_pages", make_jpeg(width=64, height=48))
    assert answer.status_code == 201
    assert sorted(names_in(store, settings.documents_bucket)) == ["installation", "original"]
    work()
    assert sorted(names_in(store, settings.documents_bucket)) == ["installation", "page-1"]
    assert asked["id"] in names_in(store, settings.keys_bucket)
    assert desk.post(asked["id"], "cancel").status_code == 200
    work()
    assert names_in(store, settings.documents_bucket) == ["installation"]
    assert asked["id"] not in names_in(store, settings.keys_bucket)
    assert not (settings.home / "keys").exists()
    assert not (settings.home / "roots").exists()
    assert not settings.objects_folder.exists()


def test_the_doctor_tries_what_the_settings_name(settings: Settings, house: House) -> None:
    house.close()
    found = {finding.check: finding for finding in examine(settings)}
    for check in ("documents", "key bucket", "kms", "objects", "key store"):
        assert found[check].is_ok, found[check]


def test_the_doctor_says_what_is_wrong_with_a_bucket(store: Store, settings: Settings) -> None:
    locked = settings.model_copy(update={"documents_bucket": store.make_bucket(is_locked=True)})
    found = {finding.check: finding for finding in examine(locked)}
    assert "object lock" in found["documents"].sentence
    assert found["key bucket"].is_ok


def test_a_bucket_that_fails_the_probe_is_never_set_up(store: Store, settings: Settings) -> None:
    versioned = settings.model_copy(update={"keys_bucket": store.make_bucket(is_versioned=True)})
    with pytest.raises(ConfigurationError, match="never had versioning"):
        open_house(versioned)
    assert names_in(store, versioned.keys_bucket) == []
    assert names_in(store, versioned.documents_bucket) == []


def test_a_second_installation_on_the_same_buckets_is_refused_and_deletes_nothing(
    settings: Settings, house: House, tmp_path: Path
) -> None:
    verification = new_verification_id()
    house.vault.create_keys(verification, date(2026, 11, 22))
    with pytest.raises(ConfigurationError, match="belong to an installation"):
        open_house(settings.model_copy(update={"home": tmp_path / "second"}))
    assert list(house.vault.keys.list()) == [verification]
    house.vault.verify_stores()
