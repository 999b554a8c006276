"""A worker does not outlive the web process that started it, whenever that one died."""

import os
import signal
import subprocess
import sys

import pytest

from tests.faults.running import ROOT
from verifier.sanitise.hardening import STARTED_BY

_PROGRAM = "from verifier.sanitise.hardening import end_with_parent; end_with_parent()"


@pytest.mark.parametrize(
    ("started_by", "exit_code"),
    [pytest.param(os.getpid(), 0, id="lives"), pytest.param(1 << 22, -signal.SIGTERM, id="died")],
)
def test_a_process_whose_parent_died_while_it_started_ends_at_once(started_by: int, exit_code: int) -> None:
    known = {**os.environ, STARTED_BY: str(started_by)}
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], env=known, cwd=ROOT, check=False)
    assert ended.returncode == exit_code
