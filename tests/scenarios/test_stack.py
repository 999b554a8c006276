"""`make stack ONCE=1`, as a stranger runs it: every part with real servers, a story through them, and nothing left."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.servers import install_programs
from tests.servers.store import short_folder
from verifier.demo.errors import StepFailedError

_ROOT = Path(__file__).resolve().parents[2]
_ENDS_WITHIN = 600


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the stack lies. The test is skipped, with the one command, where its servers cannot be had."""
    try:
        install_programs()
    except StepFailedError as error:
        pytest.skip(str(error))
    with short_folder() as folder:
        folder.chmod(0o711)  # PostgreSQL runs as a user of its own, who must come through
        yield folder


def _start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.stack", *options],
        cwd=_ROOT, env=os.environ | {"TMPDIR": str(folder)}, text=True, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def _find_left(folder: Path) -> list[str]:
    """Processes that name anything in `folder`, and what lies there."""
    commands = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.is_file()]
    return [str(command) for command in commands if bytes(folder) in command] + [str(each) for each in folder.iterdir()]


@pytest.mark.soak
def test_the_stack_takes_the_main_job_through_every_part_and_leaves_nothing_behind(folder: Path) -> None:
    with _start(folder, "--once") as stack:
        told, _ = stack.communicate(timeout=_ENDS_WITHIN)
    assert stack.returncode == 0, told[-2000:]
    assert re.search(r"deletion receipts verified +2 of 2", told)
    assert "still running" in told
    assert _find_left(folder) == []


@pytest.mark.soak
def test_a_stack_that_is_stopped_half_way_leaves_nothing_behind(folder: Path) -> None:
    with _start(folder) as stack:
        assert stack.stdout is not None
        for line in stack.stdout:
            if "S3 started" in line:
                break
        time.sleep(1)  # somewhere in the next step, wherever that is
        stack.send_signal(signal.SIGTERM)
        stack.stdout.read()
        assert stack.wait(_ENDS_WITHIN) == 1
    assert _find_left(folder) == []
