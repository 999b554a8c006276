"""Installs what a test drives, where we may; elsewhere the test is skipped, with the one command."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

_LOCK: Final = Path(tempfile.gettempdir()) / "verifier-tests-install.lock"


def install(*packages: str, is_there: Callable[[], bool]) -> str:
    """Install the packages where we may and must; the one command that is left to others, or nothing."""
    step = ("install", "--yes", "--no-install-recommends", *packages)
    if not is_there() and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        with _LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes, and apt in one at a time
            for each in () if is_there() else (("update",), step):
                subprocess.run(["apt-get", "-qq", *each], env=environment, check=False, capture_output=True)
    return "" if is_there() else f"sudo apt-get {' '.join(step)}"


def need_program(program: str, *, package: str) -> None:
    """Skip the test unless `program` is here, or can be installed."""
    command = install(package, is_there=lambda: shutil.which(program) is not None)
    if command:
        pytest.skip(f"{program} is not installed. Run: {command}")
