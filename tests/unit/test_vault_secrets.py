"""Secrets of the installation: made once, private, never mixed up."""

import os
import stat
import threading
from pathlib import Path

import pytest

from verifier.vault.errors import ReadableByOthersError, StoreUnavailableError, UnsafeNameError
from verifier.vault.root_files import FileRoots
from verifier.vault.roots import root_number_on
from verifier.vault.secrets import keyed_digest, load_or_create_secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def test_a_secret_is_made_once_and_stays(folder: Path) -> None:
    secret = load_or_create_secret(folder, "link-key")
    assert len(secret) == 32
    assert load_or_create_secret(folder, "link-key") == secret
    assert load_or_create_secret(folder, "digest-key") != secret


def test_a_secret_is_private(folder: Path) -> None:
    load_or_create_secret(folder, "link-key")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "link-key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["link-key"]


def test_all_who_need_it_first_get_the_same_secret(folder: Path) -> None:
    barrier = threading.Barrier(8)
    found: list[bytes] = []

    def load() -> None:
        barrier.wait()
        found.append(load_or_create_secret(folder, "link-key"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_that_others_can_reach_is_refused(mode: int, folder: Path) -> None:
    load_or_create_secret(folder, "link-key")
    (folder / "link-key").chmod(mode)
    with pytest.raises(ReadableByOthersError) as refusal:
        load_or_create_secret(folder, "link-key")
    assert "link-key" in str(refusal.value)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o755])
def test_a_folder_that_others_can_enter_is_refused(mode: int, folder: Path) -> None:
    load_or_create_secret(folder, "link-key")
    folder.chmod(mode)
    with pytest.raises(ReadableByOthersError):
        load_or_create_secret(folder, "link-key")
    with pytest.raises(ReadableByOthersError):
        FileRoots(folder).list()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away: another owner was not tried")
def test_a_secret_that_belongs_to_another_user_is_refused(folder: Path) -> None:
    load_or_create_secret(folder, "link-key")
    os.chown(folder / "link-key", 12345, 12345)
    with pytest.raises(ReadableByOthersError):
        load_or_create_secret(folder, "link-key")


def test_a_root_key_that_others_can_read_wraps_and_unwraps_nothing(tmp_path: Path) -> None:
    from datetime import date

    roots, day = FileRoots(tmp_path / "roots"), date(2026, 11, 21)
    number = roots.current(day)
    wrapped = roots.wrap(number, b"k", context=b"c")
    (tmp_path / "roots" / f"root-{root_number_on(day)}").chmod(0o644)
    with pytest.raises(ReadableByOthersError):
        roots.wrap(number, b"k", context=b"c")
    with pytest.raises(ReadableByOthersError):
        roots.unwrap(number, wrapped, context=b"c")


def test_a_secret_that_was_cut_is_not_used(folder: Path) -> None:
    load_or_create_secret(folder, "link-key")
    (folder / "link-key").write_bytes(b"short")
    with pytest.raises(StoreUnavailableError):
        load_or_create_secret(folder, "link-key")


def test_a_secret_is_not_read_through_a_link(folder: Path, tmp_path: Path) -> None:
    load_or_create_secret(folder, "other")
    outside = tmp_path / "outside"
    outside.write_bytes(bytes(32))
    outside.chmod(0o600)
    (folder / "link-key").symlink_to(outside)
    with pytest.raises((StoreUnavailableError, ReadableByOthersError)):
        load_or_create_secret(folder, "link-key")


@pytest.mark.parametrize("name", ["", "../link-key", "a/b", ".", "..", "a~b", "A", "a\0b"])
def test_a_secret_has_a_strict_name(name: str, folder: Path) -> None:
    with pytest.raises(UnsafeNameError):
        load_or_create_secret(folder, name)
    assert not folder.exists()


def test_a_keyed_digest_depends_on_key_purpose_and_text() -> None:
    digest = keyed_digest(b"k" * 32, "account", "alice")
    others = [
        keyed_digest(b"l" * 32, "account", "alice"),
        keyed_digest(b"k" * 32, "body", "alice"),
        keyed_digest(b"k" * 32, "account", "alicf"),
    ]
    assert digest not in others
    assert digest == keyed_digest(b"k" * 32, "account", "alice")
    assert len(bytes.fromhex(digest)) == 32


def test_where_a_purpose_ends_is_never_in_doubt() -> None:
    assert keyed_digest(b"k" * 32, "a", "bc") != keyed_digest(b"k" * 32, "ab", "c")
    with pytest.raises(UnsafeNameError):
        keyed_digest(b"k" * 32, "a\0b", "c")


def test_a_keyed_digest_is_the_hmac_that_any_tool_computes() -> None:
    # printf 'verifier/v1/digest/account\0alice' | openssl dgst -sha256 -mac HMAC -macopt key:kkkk…
    expected = "0ffe4e30fefd6828adbb6bfd1e8a4157f1654927d6a7fe275127af51c9b1a7cf"
    assert keyed_digest(b"k" * 32, "account", "alice") == expected
