"""A wall clock for processes of the tests that is wrong, and can be set while they run (`moved_clock.c`).

A Python process and the SQLite in it tell the moved time; clocks that measure intervals go on, as they do when the
clock of a machine is set. Needs a C compiler.
"""

import os
import shutil
import struct
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.servers.installing import install

_SOURCE: Final = Path(__file__).with_suffix(".c")
_OFFSET: Final = struct.Struct("=q")
_FILE: Final = "offset"


class MissingCompilerError(RuntimeError):
    """There is no C compiler; the text is the one command."""


def make_wall_clock(folder: Path, offset: timedelta) -> dict[str, str]:
    """What goes into the environment of processes whose clock shall be wrong by this much."""
    library = _build(folder)
    (folder / _FILE).write_bytes(_pack(offset))
    return {"LD_PRELOAD": str(library), "MOVED_CLOCK_FILE": str(folder / _FILE)}


def set_wall_clock(folder: Path, offset: timedelta) -> None:
    """From now on it is wrong by this much: written in place, for processes have it mapped."""
    file = os.open(folder / _FILE, os.O_WRONLY)
    try:
        os.pwrite(file, _pack(offset), 0)
    finally:
        os.close(file)


def _pack(offset: timedelta) -> bytes:
    return _OFFSET.pack(int(offset.total_seconds()))


def _build(folder: Path) -> Path:
    command = install("gcc", "libc6-dev", is_there=lambda: shutil.which("cc") is not None)
    if command:
        raise MissingCompilerError(f"There is no C compiler. Run: {command}")
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / "moved_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True, capture_output=True)
    return library
