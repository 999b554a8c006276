"""What waits for a bucket stays bounded in memory, is in no file with a name, and is not sent too late."""

from pathlib import Path

import pytest

from verifier.vault.errors import NoSpaceError, StoreUnavailableError
from verifier.vault.s3_spool import Spool, SpoolRoom


def content(spool: Spool) -> bytes:
    return spool.get_body().read()


def test_what_was_written_is_what_is_sent_in_memory_and_beyond(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path / "spool", memory_bytes=10)
    small, large = room.open(), room.open()
    small.write(b"12345")
    large.write(b"abc")
    large.write(memoryview(b"defghij"))
    large.write(bytearray(b"klm"))
    assert content(small) == b"12345"
    assert content(large) == b"abcdefghijklm"


def test_all_uploads_together_hold_no_more_memory_than_there_is(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path / "spool", memory_bytes=100)
    spools = [room.open() for _ in range(50)]
    for spool in spools:
        for _ in range(10):
            spool.write(b"x" * 10)
    in_memory = [spool for spool in spools if not spool.is_on_disk]
    assert len(in_memory) <= 1
    assert all(len(content(spool)) == 100 for spool in spools)


def test_memory_is_given_back_by_an_end_and_by_being_dropped(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path / "spool", memory_bytes=10)
    for _ in range(3):
        ended = room.open()
        ended.write(b"x" * 10)
        ended.close()
        ended.close()
        dropped = room.open()
        dropped.write(b"x" * 10)
        assert not dropped.is_on_disk
        del dropped
    assert room.take(10)


def test_what_does_not_fit_into_memory_has_no_name(tmp_path: Path) -> None:
    room = SpoolRoom(tmp_path / "spool", memory_bytes=0)
    spool = room.open()
    spool.write(b"sealed")
    assert list((tmp_path / "spool").iterdir()) == []
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_a_store_that_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file in its place")
    spool = SpoolRoom(tmp_path / "spool", memory_bytes=0).open()
    with pytest.raises(StoreUnavailableError):
        spool.write(b"sealed")


def test_a_full_disk_is_told_to_whoever_writes_and_keeps_nothing_from_being_closed(small_disk: Path) -> None:
    (small_disk / "rest").write_bytes(bytes(1000 * 1024))
    spool = SpoolRoom(small_disk, memory_bytes=0).open()
    with pytest.raises(NoSpaceError):
        _write_small_steps(spool, 100)
    spool.close()


def _write_small_steps(spool: Spool, count: int) -> None:
    for _ in range(count):
        spool.write(b"x" * 1000)


def test_a_body_is_not_sent_once_its_time_is_over(tmp_path: Path) -> None:
    now = 100.0
    spool = SpoolRoom(tmp_path / "spool").open()
    spool.write(b"sealed")
    body = spool.get_body(steady_clock=lambda: now)
    assert body.read(3) == b"sea"
    now += 5.9
    body.seek(0)
    assert body.read() == b"sealed"
    now += 0.1
    body.seek(0)
    with pytest.raises(TimeoutError):
        body.read()
