"""Files that are written past the page cache hold exactly what was written, wherever they lie."""

import os
import tempfile
from collections.abc import Iterator, Sequence
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
