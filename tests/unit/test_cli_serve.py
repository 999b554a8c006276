"""`verifier serve` and the worker that it keeps alive: real processes, ended in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

import httpx2
import pytest

from verifier.address import address_of, at_address
from verifier.errors import ConfigurationError
from verifier.sanitise.attempts import Attempt
from verifier.sanitise.jail import Mechanism
from verifier.sanitise.probe import SandboxReport
from verifier.serve import Supervisor, judge_sandbox
from verifier.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[2]
_WITHIN: Final = 60.0

# Notes its own id, and, when it is asked to end, that it finished.
_CHILD: Final = """
import os, signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write("ended ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], "a").write(f"{os.getpid()} ")
time.sleep(600)
"""

T = TypeVar("T")


def wait_for(find: Callable[[], T | None]) -> T:
    ends_at = time.monotonic() + _WITHIN
    while (found := find()) is None:
        assert time.monotonic() < ends_at, "waited in vain"
        time.sleep(0.02)
    return found


def words_in(file: Path, count: int) -> list[str] | None:
    words = file.read_text().split() if file.exists() else []
    return words if len(words) >= count else None


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_that_is_killed_comes_back_and_one_that_is_stopped_finishes(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor = Supervisor((sys.executable, "-c", _CHILD, str(notes)), environment={})
    supervisor.start()
    first = wait_for(lambda: words_in(notes, 1))[0]
    os.kill(int(first), signal.SIGKILL)
    second = wait_for(lambda: words_in(notes, 2))[1]
    supervisor.stop()
    assert notes.read_text().split() == [first, second, "ended"]
    assert is_gone(int(second))


def test_a_child_that_cannot_live_is_started_ever_more_slowly(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    dying = "import sys, time; open(sys.argv[1], 'a').write(f'{time.monotonic()} ')"
    supervisor = Supervisor((sys.executable, "-c", dying, str(notes)), environment={})
    supervisor.start()
    starts = [float(word) for word in wait_for(lambda: words_in(notes, 4))]
    supervisor.stop()
    pauses = [after - before for before, after in pairwise(starts)]
    assert pauses[0] >= 0.2
    assert pauses[1] >= 0.4
    assert pauses[2] >= 0.8


@pytest.mark.parametrize(
    ("given", "port", "public_url"),
    [
        ({}, None, "http://127.0.0.1:8080"),
        ({"port": 9000}, None, "http://127.0.0.1:9000"),
        ({"port": 0}, 41234, "http://127.0.0.1:41234"),
        ({"host": "::1", "port": 9000}, None, "http://[::1]:9000"),
        ({"host": "0.0.0.0"}, None, "http://127.0.0.1:8080"),
        ({"port": 9000, "public_url": "https://verify.example.org"}, None, "https://verify.example.org"),
    ],
)
def test_the_public_address_follows_host_and_port_unless_it_was_named(
    given: dict[str, object], port: int | None, public_url: str
) -> None:
    assert at_address(Settings.model_validate(given), port=port).public_url == public_url


def test_an_address_reaches_this_machine_whatever_it_listens_on() -> None:
    assert address_of(Settings(host="::"), port=1) == "http://[::1]:1"


def test_a_sandbox_that_does_not_hold_stops_production_and_warns_elsewhere() -> None:
    broken = SandboxReport((Attempt.READ_FILE, Attempt.CONNECT), tuple(Mechanism))
    with pytest.raises(ConfigurationError, match="managed to read file, connect"):
        judge_sandbox(broken, is_production=True)
    assert "Never send it a real document" in judge_sandbox(broken, is_production=False)[0]


@pytest.mark.parametrize("walls", [tuple(Mechanism), ()])
def test_a_sandbox_that_holds_is_no_reason_to_warn_whichever_wall_holds_it(walls: tuple[Mechanism, ...]) -> None:
    assert judge_sandbox(SandboxReport((), walls), is_production=True) == ()


def test_serve_answers_replaces_its_worker_and_ends_in_order(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")}
    service = subprocess.Popen(
        (sys.executable, "-m", "verifier", "serve", "--ready-file", str(ready_file)),
        cwd=ROOT,
        env=environment | {"VERIFIER_HOME": str(tmp_path / "home"), "VERIFIER_PORT": "0"},
        stderr=subprocess.DEVNULL,
    )
    try:
        address = wait_for(lambda: ready_file.read_text().strip() if ready_file.exists() else None)
        answer = httpx2.get(f"{address}/health/live")
        assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
        assert "server" not in answer.headers
        first = wait_for(lambda: find_worker(service.pid, other_than=None))
        os.kill(first, signal.SIGKILL)
        second = wait_for(lambda: find_worker(service.pid, other_than=first))
        wait_for(lambda: True if httpx2.get(f"{address}/health/ready").status_code == 200 else None)
        service.send_signal(signal.SIGTERM)
        assert service.wait(_WITHIN) == 0
        assert is_gone(second)
    finally:
        service.kill()
        service.wait()


def find_worker(parent: int, *, other_than: int | None) -> int | None:
    """The child that runs the jobs, by its command line."""
    for child in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in map(int, child.read_text().split()):
            if pid != other_than and b"workers" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None
