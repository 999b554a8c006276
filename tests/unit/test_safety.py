"""A setting that would break a promise is refused at start: by its name, with what to write instead. One test each."""

import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.case_policies import FOLDER
from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.safety import verify_closed, verify_safe
from verifier.settings import Settings, verify_settings
from verifier.vault.aws import Access, open_s3
from verifier.wiring import open_house


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        verify_safe(Settings(**settings))
    return refused.value.advice


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of an installation that was opened once."""
    open_house(Settings(home=tmp_path / "home", policies_folder=FOLDER)).close()
    return tmp_path / "home"


def _move(folder: Path, into: Path) -> None:
    """Let a folder lie elsewhere, with a link in its place."""
    into.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(into)
    folder.symlink_to(into)


def test_what_an_installation_makes_is_safe(home: Path) -> None:
    verify_safe(Settings(home=home))


@pytest.mark.parametrize("name", ["keys", "roots", "secrets"])
def test_keys_under_the_data_are_refused_wherever_a_link_leads(home: Path, name: str) -> None:
    _move(home / name, home / "data" / "elsewhere" / name)
    said = refusal(home=home)
    assert "VERIFIER_HOME" in said
    assert "a backup must hold no keys" in said


def test_data_under_the_keys_is_refused_too(home: Path) -> None:
    _move(home / "data", home / "keys" / "data")
    assert "a backup must hold no keys" in refusal(home=home)


@pytest.mark.parametrize("name", ["keys", "roots", "secrets"])
def test_keys_among_what_is_published_are_refused(home: Path, name: str) -> None:
    _move(home / name, home / "published" / name)
    assert "everybody may read" in refusal(home=home)


def test_what_is_published_must_outlive_the_data(home: Path) -> None:
    (home / "data" / "published").mkdir()
    (home / "published").symlink_to(home / "data" / "published")
    assert "must outlive the database" in refusal(home=home)


@pytest.mark.parametrize("name", ["keys", "roots", "secrets"])
def test_a_folder_of_keys_that_others_can_enter_is_refused(home: Path, name: str) -> None:
    (home / name).chmod(0o750)
    said = refusal(home=home)
    assert f"chmod -R go= {home / name}" in said


def test_a_key_file_that_others_can_read_is_refused(home: Path) -> None:
    file = home / "secrets" / "link"
    file.chmod(0o640)
    assert "is open to other users" in refusal(home=home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_file_of_somebody_else_is_refused(home: Path) -> None:
    os.chown(home / "secrets" / "link", 1, 1)
    assert "belongs to another user" in refusal(home=home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else for a while")
def test_a_folder_of_somebody_else_that_cannot_be_listed_is_refused_too() -> None:
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        keys = Path(place) / "keys"
        keys.mkdir(mode=0o700)
        os.seteuid(65_534)
        try:
            with pytest.raises(ConfigurationError, match="belongs to another user"):
                verify_closed(keys)
        finally:
            os.seteuid(0)


def test_a_process_does_not_start_with_what_is_refused(home: Path) -> None:
    (home / "secrets").chmod(0o755)
    with pytest.raises(ConfigurationError, match="open to other users"):
        open_house(Settings(home=home, policies_folder=FOLDER))


@pytest.mark.parametrize("password", ["guest", "minioadmin", "Postgres", "changeme"])
def test_a_password_that_products_come_with_is_refused(tmp_path: Path, password: str) -> None:
    file = tmp_path / "password"
    file.touch(mode=0o600)
    file.write_text(f"{password}\n")
    with pytest.raises(ConfigurationError) as refused:
        read_password(file, "VERIFIER_DATABASE_PASSWORD_FILE")
    assert "VERIFIER_DATABASE_PASSWORD_FILE" in refused.value.advice
    assert password not in refused.value.advice


def test_a_key_of_a_bucket_that_products_come_with_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    file.touch(mode=0o600)
    file.write_text('{"access_key_id": "minioadmin", "secret_access_key": "minioadmin"}')
    with pytest.raises(ConfigurationError, match="VERIFIER_KEYS_CREDENTIALS_FILE"):
        open_s3(Access("VERIFIER_KEYS", endpoint="http://127.0.0.1:9000", credentials_file=file))


def test_one_file_of_credentials_for_both_buckets_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    (tmp_path / "other").symlink_to(file)
    said = refusal(documents_credentials_file=file, keys_credentials_file=tmp_path / "other")
    assert "VERIFIER_KEYS_CREDENTIALS_FILE" in said


@pytest.mark.parametrize(
    ("name", "value", "form"),
    [
        ("sweep_every", timedelta(minutes=2), "PT1S to PT1M"),
        ("sweep_every", timedelta(0), "PT1S to PT1M"),
        ("compare_every", timedelta(days=2), "PT1M to P1D"),
        ("orphans_after", timedelta(minutes=1), "PT1H to P30D"),
        ("orphans_after", timedelta(days=60), "PT1H to P30D"),
        ("intake_closes_after", timedelta(days=3), "PT1M to P1D"),
    ],
)
def test_a_time_that_would_let_something_linger_is_refused(name: str, value: timedelta, form: str) -> None:
    said = refusal(**{name: value})
    assert f"VERIFIER_{name.upper()}" in said
    assert form in said


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0"])
def test_a_proxy_that_is_everybody_is_refused(everybody: str) -> None:
    assert "VERIFIER_TRUSTED_PROXIES" in refusal(trusted_proxies=(everybody,))


def test_a_proxy_that_is_no_network_is_refused() -> None:
    assert "VERIFIER_TRUSTED_PROXIES" in refusal(trusted_proxies=("proxy.example.org",))


def test_without_a_reserve_on_the_disk_people_are_not_served() -> None:
    said = refusal(public_url="https://verify.example.org", reserve_bytes=0)
    assert "VERIFIER_RESERVE_BYTES" in said
    verify_safe(Settings(reserve_bytes=0))


def test_http_on_a_public_host_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_PUBLIC_URL is http on a public host"):
        verify_settings(Settings(public_url="http://verify.example.org"))
