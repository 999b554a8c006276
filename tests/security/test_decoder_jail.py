"""The jail, tried for real: from inside a child, from behind each wall alone, and without any wall.

This file is also a program. Without arguments it serves children that report what they see around them; with a wall
and an attempt it stands behind that wall alone and makes the attempt.
"""

import ctypes
import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from verifier.sanitise.attempts import _TRIES, Attempt
from verifier.sanitise.decoder import Decoder, Limits
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.formats import MediaType
from verifier.sanitise.hardening import harden_process, prctl
from verifier.sanitise.jail import Jail, Mechanism, prepare
from verifier.sanitise.landlock import forbid_files, probe_landlock
from verifier.sanitise.pages import MIB
from verifier.sanitise.parent import serve
from verifier.sanitise.probe import SandboxReport, probe_sandbox
from verifier.sanitise.sheets import Sheets
from verifier.sanitise.warm import WarmParent
from verifier.sanitise.wire import Request

_LIMITS = Limits(max_pages=1, memory_bytes=64 * MIB, wall_seconds=5)
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_DUMPABLE = 3
_RLIMITS = {"CORE": 0, "CPU": 6, "FSIZE": 0, "NOFILE": 16, "NPROC": 0}

# --- the program ----------------------------------------------------------------------------------------------------


def report_surroundings(_document: bytes, _request: Request, sheets: Sheets) -> None:
    """Draw what this child sees as a page: the report's bytes are its pixels."""
    report = json.dumps(
        {
            "environment": sorted(os.environ),
            "descriptors": {str(number): kind for number in range(64) if (kind := _kind_of(number))},
        }
    ).encode()
    report += b" " * (-len(report) % 3)
    sheets.announce(1)
    sheets.request(len(report) // 3, 1)
    with sheets.sheet(len(report) // 3, 1) as sheet:
        sheet.write(report)
    sheets.finish([])


def _kind_of(descriptor: int) -> str | None:
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
    except OSError as error:
        return "socket" if error.errno == errno.ESPIPE else None
    return "memory" if size else "device"


def try_all_behind(wall: str, path: str) -> dict[str, str]:
    """Make each attempt with one wall up, each in a process of its own; say how they went."""
    return {attempt.value: _try_behind(wall, attempt, path) for attempt in Attempt}


def _try_behind(wall: str, attempt: Attempt, path: str) -> str:
    pid = os.fork()
    if pid:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return "succeeded" if code == 0 else errno.errorcode.get(code, f"left with {code}")
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if wall == "landlock":
        forbid_files(probe_landlock())
    elif wall == "seccomp":
        prepare().seccomp.load()
    try:
        _TRIES[attempt](os.fsencode(path))
    except OSError as error:
        os._exit(error.errno or 255)
    os._exit(0)


# --- the tests ------------------------------------------------------------------------------------------------------


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "root.key"
    path.write_text("canary")
    path.chmod(0o600)
    return path


def test_a_child_cannot_break_out_by_any_attempt(key_file: Path) -> None:
    report = probe_sandbox(key_file)
    assert report.succeeded == ()
    assert report.holds


def test_every_wall_stands_on_this_machine(key_file: Path) -> None:
    report = probe_sandbox(key_file)
    assert set(report.active) == set(Mechanism)
    assert report.missing == ()


def _run(wall: str, path: Path) -> dict[str, str]:
    command = [sys.executable, "-B", __file__, wall, str(path)]
    report = subprocess.run(command, timeout=60, check=True, capture_output=True).stdout
    return {str(attempt): str(outcome) for attempt, outcome in json.loads(report).items()}


def test_without_walls_every_attempt_succeeds_so_the_probe_is_no_sham(key_file: Path) -> None:
    assert _run("none", key_file) == dict.fromkeys(Attempt, "succeeded")


def test_behind_the_call_filter_alone_nothing_succeeds(key_file: Path) -> None:
    assert _run("seccomp", key_file) == dict.fromkeys(Attempt, "EPERM")


def test_behind_landlock_alone_no_file_port_or_process_is_reached(key_file: Path) -> None:
    outcomes = _run("landlock", key_file)
    for attempt in (Attempt.READ_FILE, Attempt.WRITE_FILE, Attempt.EXECUTE):
        assert outcomes[attempt] == "EACCES"
    if probe_landlock() < 6:
        pytest.skip("this kernel's Landlock knows files only: no port and no signal was tried")
    assert outcomes[Attempt.CONNECT] == "EACCES"
    assert outcomes[Attempt.SIGNAL_PARENT] == "EPERM"


def test_a_wall_that_the_kernel_lacks_is_missing_in_the_report_and_not_silently() -> None:
    pid = os.fork()
    if pid == 0:
        walls = Jail(landlock=0, seccomp=None, parent=os.getppid()).enter(_LIMITS)
        os._exit(0 if walls == set(Mechanism) - {Mechanism.LANDLOCK, Mechanism.SECCOMP} else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_process_that_is_filtered_already_as_in_a_container_still_builds_its_own_walls() -> None:
    behind_a_filter = (
        "import pyseccomp; from verifier.sanitise.jail import prepare\n"
        "pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW).load(); assert prepare().seccomp is not None"
    )
    subprocess.run([sys.executable, "-c", behind_a_filter], check=True, cwd=Path(__file__).resolve().parents[2])


def test_the_limits_of_a_child_are_those_that_were_asked_for() -> None:
    pid = os.fork()
    if pid == 0:
        Jail(landlock=0, seccomp=None, parent=os.getppid()).enter(_LIMITS)
        most = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in _RLIMITS}
        memory = resource.getrlimit(resource.RLIMIT_AS)[1]
        os._exit(0 if most == _RLIMITS and 64 * MIB < memory < 64 * 1024 * MIB else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_child_whose_parent_died_before_it_could_be_told_reads_nothing() -> None:
    pid = os.fork()
    if pid == 0:
        died = Jail(landlock=0, seccomp=None, parent=2**22 + 1)  # pid_max(5): no process has this number
        try:
            died.enter(_LIMITS)
        except ProcessLookupError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_probe_without_an_answer_is_an_error_and_not_a_pass() -> None:
    absent = SandboxReport(succeeded=(Attempt.READ_FILE,), active=())
    assert not absent.holds
    assert absent.missing == tuple(Mechanism)
    parent = WarmParent(("-c", ""))
    with pytest.raises(DecoderUnavailableError):
        parent.await_ready()
    parent.end()


def test_a_child_sees_no_secret_of_its_caller_in_environment_or_descriptors(
    monkeypatch: pytest.MonkeyPatch, key_file: Path
) -> None:
    monkeypatch.setenv("VERIFIER_ROOT_KEY", "canary")
    with key_file.open("rb") as opened:
        os.set_inheritable(opened.fileno(), True)
        pixels = []
        with Decoder(program=(__file__,)) as decoder:
            decoder.decode(b"document", MediaType.PDF, _LIMITS, lambda _number, page: pixels.append(bytes(page.rgb)))
    seen = json.loads(pixels[0])
    assert set(seen["environment"]) <= {"LC_ALL", "LC_CTYPE", "GLIBC_TUNABLES"}
    # /dev/null three times, the channel, the document; the sheet on which this is drawn comes later.
    assert seen["descriptors"] == {"0": "device", "1": "device", "2": "device", "3": "socket", "4": "memory"}


def test_the_decoder_loads_no_room_that_knows_keys() -> None:
    loaded = "import sys, verifier.sanitise.parent, verifier.sanitise.job; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", loaded]
    modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    rooms = {name.split(".")[1] for name in modules if name.startswith("verifier.")}
    assert rooms <= {"sanitise", "errors"}
    assert "cryptography" not in modules


def test_a_hardened_process_is_not_dumpable_and_leaves_no_core() -> None:
    pid = os.fork()
    if pid == 0:
        harden_process()
        dumpable = ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)
        os._exit(0 if dumpable == 0 and resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else 1)
    assert os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    if len(sys.argv) == 1:
        serve(report_surroundings)
    else:
        sys.stdout.write(json.dumps(try_all_behind(*sys.argv[1:])))
