"""Files that are written past the page cache hold exactly what was written, wherever they lie."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.vault.direct_file import DirectFile

_BLOCK = 4096
_PIECES = st.lists(st.integers(0, 3 * _BLOCK) | st.sampled_from([_BLOCK, 256 * 1024, 300_001]), max_size=8)


@pytest.fixture(params=["the data folder", "a folder in memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "the data folder":
        yield tmp_path
        return
    if not Path("/dev/shm").is_dir():
        pytest.skip("this machine has no file system in memory")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as text:
        yield Path(text)


def _write(path: Path, pieces: Sequence[bytes]) -> None:
    file = DirectFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        for piece in pieces:
            file.write(piece)
        file.sync()
    finally:
        file.close()


@settings(max_examples=40, deadline=None)
@given(sizes=_PIECES)
def test_whatever_the_pieces_the_file_is_their_sum(sizes: list[int]) -> None:
    pieces = [os.urandom(size) for size in sizes]
    with tempfile.TemporaryDirectory() as text:
        path = Path(text) / "file"

        _write(path, pieces)

        assert path.read_bytes() == b"".join(pieces)


@pytest.mark.parametrize("size", [0, 1, _BLOCK - 1, _BLOCK, _BLOCK + 1, 256 * 1024, 1_000_003])
def test_it_works_where_the_cache_cannot_be_passed_by_too(folder: Path, size: int) -> None:
    data = os.urandom(size)

    _write(folder / "file", [data[: size // 3], data[size // 3 :]])

    assert (folder / "file").read_bytes() == data


def test_a_full_disk_is_an_error_and_no_shorter_file() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    file = DirectFile(os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(OSError, match="No space left"):
        file.write(bytes(2 * _BLOCK))
    file.close()
    file.close()


@settings(max_examples=40, deadline=None)
@given(sizes=_PIECES)
def test_what_is_put_into_its_own_memory_is_written_too(sizes: list[int]) -> None:
    pieces = [os.urandom(size) for size in sizes]

    def put(piece: bytes, room: memoryview) -> int:
        room[: len(piece)] = piece
        return len(piece)

    with tempfile.TemporaryDirectory() as text:
        path = Path(text) / "file"
        file = DirectFile(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        for piece in pieces:
            file.fill(len(piece) + 100, partial(put, piece))  # it may put less than there is room for
        file.sync()
        file.close()

        assert path.read_bytes() == b"".join(pieces)


def test_who_puts_nothing_and_raises_changes_nothing(tmp_path: Path) -> None:
    file = DirectFile(os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT, 0o600))
    file.write(b"before")

    def refuse(_room: memoryview) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file.fill(10, refuse)
    file.write(b" and after")
    file.sync()
    file.close()

    assert (tmp_path / "file").read_bytes() == b"before and after"
