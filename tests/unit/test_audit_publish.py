"""Publishing into a folder, and custody of the signing key."""

import os
from pathlib import Path

import pytest

from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.ended import digest_ended
from verifier.audit.publish import FolderPublisher, open_publisher
from verifier.errors import ConfigurationError
from verifier.ids import new_document_id
from verifier.translog.checkpoint import LogSigner
from verifier.translog.errors import BadTileError


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_nothing_but_whole_files_stands_in_the_folder(tmp_path: Path) -> None:
    publisher = FolderPublisher(tmp_path)
    assert publisher.read_checkpoint() is None
    publisher.write_tile("tile/0/x001/234.p/3", b"abc")
    publisher.write_checkpoint("first\n")
    publisher.write_checkpoint("second\n")
    assert publisher.read_checkpoint() == "second\n"
    assert list_files(tmp_path) == ["checkpoint", "tile/0/x001/234.p/3"]


def test_a_full_tile_takes_the_place_of_its_partial_ones(tmp_path: Path) -> None:
    publisher = FolderPublisher(tmp_path)
    publisher.write_tile("tile/0/000.p/3", b"abc")
    publisher.write_tile("tile/0/000.p/255", b"abcd")
    publisher.write_tile("tile/0/000", b"full")
    publisher.write_tile("tile/0/000.p/4", b"late")
    assert list_files(tmp_path) == ["tile/0/000"]


def test_a_line_that_a_crash_cut_off_spoils_no_other_end(tmp_path: Path) -> None:
    publisher = FolderPublisher(tmp_path)
    assert publisher.read_ended() == frozenset()
    first, second, third = (digest_ended(new_document_id()) for _ in range(3))
    publisher.note_ended([first])
    with (tmp_path / "ended").open("a") as file:
        file.write(f"\n{second[:30]}")
    publisher.note_ended([second, third])
    publisher.note_ended([third])
    assert publisher.read_ended() == {first, second, third}


def test_an_end_that_a_full_disk_did_not_take_is_not_passed_over_in_silence(small_disk: Path) -> None:
    publisher = FolderPublisher(small_disk)
    with pytest.raises(OSError, match="cut off"):
        publisher.note_ended([digest_ended(str(number)) for number in range(20_000)])


def test_a_log_that_was_begun_anew_is_published_in_a_folder_of_its_own(tmp_path: Path) -> None:
    origin = "example.com/log"
    for signed_by, name in ((origin, "published"), (f"{origin}/2", "published/2"), (f"{origin}/3", "published/3")):
        open_publisher(tmp_path / "published", LogSigner.generate(signed_by), origin).write_checkpoint("text\n")
        assert (tmp_path / name / "checkpoint").is_file()


@pytest.mark.parametrize("path", ["../outside", "checkpoint", "/tmp/x", "tile/0/../../x"])
def test_nothing_is_written_but_tiles(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadTileError):
        FolderPublisher(tmp_path / "published").write_tile(path, b"")
    assert list_files(tmp_path) == []


def test_a_signing_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "log-key" / "signing.key"
    made = load_or_create_signing_key(path, "example.com/log")
    assert load_or_create_signing_key(path, "example.com/log") == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list_files(tmp_path) == ["log-key/signing.key"]
    assert LogSigner.parse(path.read_text().strip()) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_signing_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "log-key" / "signing.key"
    load_or_create_signing_key(path, "example.com/log")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod go="):
        load_or_create_signing_key(path, "example.com/log")
    path.chmod(0o600)
    path.parent.chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod go="):
        load_or_create_signing_key(path, "example.com/log")


def test_a_link_to_a_signing_key_is_refused(tmp_path: Path) -> None:
    load_or_create_signing_key(tmp_path / "a" / "signing.key", "example.com/log")
    link = tmp_path / "b" / "signing.key"
    link.parent.mkdir(mode=0o700)
    for target in (tmp_path / "a" / "signing.key", tmp_path / "nowhere"):
        link.symlink_to(target)
        with pytest.raises(ConfigurationError, match="is a link"):
            load_or_create_signing_key(link, "example.com/log")
        link.unlink()


@pytest.mark.parametrize("content", [b"", b"\xff", b"PRIVATE+KEY+x+00000000+AAAA\n", b"x" * 10_000])
def test_what_is_no_signing_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log-key" / "signing.key"
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="is not a log's signing key"):
        load_or_create_signing_key(path, "example.com/log")
    assert path.read_bytes() == content


def test_the_key_of_another_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log-key" / "signing.key"
    load_or_create_signing_key(path, "example.com/log")
    with pytest.raises(ConfigurationError, match="another log"):
        load_or_create_signing_key(path, "example.com/other")


def test_a_key_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "log-key" / "signing.key"
    path.parent.mkdir(mode=0o700)
    leftover = path.with_name(".signing.key.0011223344556677")
    os.close(os.open(leftover, os.O_CREAT | os.O_EXCL, 0o600))
    assert load_or_create_signing_key(path, "example.com/log").origin == "example.com/log"
