"""Where documents, keys and roots lie follows from settings alone; what would break a promise is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.stores import choose_stores, get_probes, open_stores, verify_store_settings
from verifier.vault.key_files import FileKeys
from verifier.vault.kms_roots import KmsRoots
from verifier.vault.object_files import FileObjects
from verifier.vault.root_files import FileRoots
from verifier.vault.s3_keys import S3Keys
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_roots import S3Roots

_BUCKETS = {"documents_bucket": "papers", "documents_endpoint": "https://s3.example.org", "keys_bucket": "keys"}
_KMS = {"root_custody": "kms", "kms_key": "alias/verifier", "kms_endpoint": "https://kms.example.org"}


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    file = tmp_path / "credentials.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"access_key_id": "any", "secret_access_key": "any"}))
    return file


def settings_with(tmp_path: Path, **chosen: Any) -> Settings:
    return Settings(home=tmp_path / "home", **chosen)


def test_without_settings_everything_lies_in_folders(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    stores = choose_stores(settings)
    assert (type(stores.objects), type(stores.keys), type(stores.roots)) == (FileObjects, FileKeys, FileRoots)
    assert settings.roots_folder.is_dir()
    assert get_probes(settings) == {}


def test_opening_makes_nothing(tmp_path: Path) -> None:
    settings = settings_with(tmp_path)
    open_stores(settings)
    assert not settings.home.exists()


def test_buckets_and_kms_stand_for_folders(tmp_path: Path, credentials: Path) -> None:
    files = {f"{part}_credentials_file": credentials for part in ("documents", "keys", "kms")}
    settings = settings_with(tmp_path, **_BUCKETS, keys_endpoint="https://keys.example.org", **_KMS, **files)
    stores = choose_stores(settings)
    assert (type(stores.objects), type(stores.keys), type(stores.roots)) == (S3Objects, S3Keys, KmsRoots)
    assert isinstance(stores.roots, KmsRoots)
    assert isinstance(stores.roots._days, S3Roots)
    assert not settings.home.exists()
    assert list(get_probes(settings)) == ["documents", "key bucket", "kms"]


def test_the_days_roots_lie_beside_the_keys_only_with_kms_around_them(tmp_path: Path, credentials: Path) -> None:
    where = {"keys_bucket": "keys", "keys_endpoint": "https://s3.example.org", "keys_credentials_file": credentials}
    settings = settings_with(tmp_path, **where)
    assert isinstance(choose_stores(settings).roots, FileRoots)
    assert settings.roots_folder.is_dir()
    assert not settings.keys_folder.exists()


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({**_BUCKETS, "keys_bucket": "papers", "keys_endpoint": "https://s3.example.org/"}, "VERIFIER_KEYS_BUCKET is"),
        ({"documents_endpoint": "https://s3.example.org"}, "VERIFIER_DOCUMENTS_BUCKET names no bucket"),
        ({"documents_region": "eu-central-1"}, "VERIFIER_DOCUMENTS_REGION"),
        ({"keys_credentials_file": Path("any")}, "VERIFIER_KEYS_CREDENTIALS_FILE"),
        ({"kms_region": "eu-central-1"}, "VERIFIER_ROOT_CUSTODY is not kms"),
        ({"kms_key": "alias/verifier"}, "VERIFIER_ROOT_CUSTODY is not kms"),
        ({"root_custody": "kms"}, "VERIFIER_KMS_KEY names no key"),
        ({**_BUCKETS, "documents_endpoint": "http://s3.example.org"}, "VERIFIER_DOCUMENTS_ENDPOINT is http"),
        ({**_BUCKETS, "keys_endpoint": "https://s3.example.org/path"}, "VERIFIER_KEYS_ENDPOINT must be"),
        ({**_BUCKETS, "keys_endpoint": "https://user@s3.example.org"}, "VERIFIER_KEYS_ENDPOINT must be"),
        ({**_BUCKETS, "documents_endpoint": "s3.example.org"}, "VERIFIER_DOCUMENTS_ENDPOINT must be"),
        ({**_BUCKETS, "documents_endpoint": "https://[::1"}, "VERIFIER_DOCUMENTS_ENDPOINT must be"),
        ({**_BUCKETS, "documents_endpoint": "https://:word@s3.example.org"}, "VERIFIER_DOCUMENTS_ENDPOINT must be"),
        ({**_BUCKETS, "documents_endpoint": "https://s3.example.org:none"}, "VERIFIER_DOCUMENTS_ENDPOINT must be"),
        ({**_KMS, "kms_endpoint": "http://kms.example.org"}, "VERIFIER_KMS_ENDPOINT is http"),
    ],
)
def test_settings_that_would_break_a_promise_are_refused_by_name(
    tmp_path: Path, chosen: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        verify_store_settings(settings_with(tmp_path, **chosen))
    assert said in refusal.value.advice


def test_two_stores_may_have_buckets_of_one_name(tmp_path: Path) -> None:
    verify_store_settings(
        settings_with(tmp_path, **{**_BUCKETS, "keys_bucket": "papers", "keys_endpoint": "https://other.example.org"})
    )


@pytest.mark.parametrize(
    ("mode", "text", "said"),
    [
        (0o644, '{"access_key_id": "a", "secret_access_key": "s"}', "other users can read"),
        (0o600, "a:s", "is not"),
        (0o600, '{"access_key_id": "a"}', "is not"),
        (0o600, '["a", "s"]', "is not"),
        (0o600, '{"access_key_id": "a", "secret_access_key": 1}', "is not"),
    ],
)
def test_a_file_of_credentials_that_is_open_or_malformed_is_refused(
    tmp_path: Path, mode: int, text: str, said: str
) -> None:
    file = tmp_path / "credentials.json"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(ConfigurationError) as refusal:
        choose_stores(settings_with(tmp_path, **_BUCKETS, documents_credentials_file=file))
    assert "VERIFIER_DOCUMENTS_CREDENTIALS_FILE" in refusal.value.advice
    assert said in refusal.value.advice
    assert 'secret_access_key": 1' not in refusal.value.advice


def test_a_bucket_has_a_buckets_name() -> None:
    with pytest.raises(ValueError, match="documents_bucket"):
        Settings(documents_bucket="../elsewhere")
