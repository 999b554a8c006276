"""Programs in real processes of their own, forked from one that has imported the product already.

Guarantees: each program has a process of its own, with exactly the environment, folder and arguments given; it ends as
an interpreter ends, and nothing of it comes back but its exit code or the signal that killed it, and what it wrote. The
process that is forked has one thread and has run nothing but imports; it ends with the process of the tests, and with
it whatever runs then. Leaves to real starts (`python -m verifier`) what only an interpreter's start does: what is
imported and when, and variables that the loader or Python itself reads, which are refused here.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import IO, Any, Final

_ROOT: Final = Path(__file__).resolve().parents[1]
_WARM: Final = ("verifier.cli", "verifier.wiring", "verifier.serve", "verifier.recovery.restore")
_READ_AT_START: Final = ("LD_", "PYTHON")
_LONGEST: Final = 1 << 20


def run_verifier(
    *arguments: str, env: Mapping[str, str], cwd: Path = _ROOT, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """What `python -m verifier` with these arguments does."""
    return _template().run({"program": None, "arguments": arguments, "cwd": str(cwd)}, env, timeout)


def run_program(
    program: str, *arguments: str, env: Mapping[str, str], cwd: Path = _ROOT, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """What `python -c` with this program and these arguments does."""
    return _template().run({"program": program, "arguments": arguments, "cwd": str(cwd)}, env, timeout)


class _Template:
    """The process that is forked, from outside; one program at a time."""

    def __init__(self) -> None:
        self._env: Final = {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")}
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._turn: Final = threading.Lock()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._channel.setsockopt(socket.SOL_SOCKET, option, _LONGEST)
        with theirs:
            self._process: Final = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
                env=self._env, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip

    def run(self, asked: Mapping[str, Any], env: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
        late = [name for name in env if name.startswith(_READ_AT_START) and env[name] != self._env.get(name)]
        if late:
            raise ValueError(f"only an interpreter's start heeds {late}: start one")
        request = json.dumps({**asked, "env": dict(env), "timeout": timeout}).encode()
        with TemporaryFile() as out, TemporaryFile() as err:
            with self._turn:
                socket.send_fds(self._channel, [request], [out.fileno(), err.fileno()])
                answer = self._channel.recv(100)
            if not answer:
                raise RuntimeError(f"the process that is forked ended with {self._process.wait()}")
            said = [_read(out), _read(err)]
        returncode = json.loads(answer)
        if returncode is None:
            raise subprocess.TimeoutExpired(str(asked["arguments"]), timeout, *said)
        return subprocess.CompletedProcess(asked["arguments"], returncode, *said)

    def close(self) -> None:
        self._channel.close()
        self._process.wait()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _template() -> _Template:
    template = _Template()
    atexit.register(template.close)
    return template


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. Returns twice: in a child what it is to run, and nothing where the tests have ended."""
    while True:
        request, outputs, _, _ = socket.recv_fds(channel, _LONGEST, 2)
        if not request:
            return None
        asked: dict[str, Any] = json.loads(request)
        child = os.fork()
        if child == 0:
            for target, output in enumerate(outputs, 1):
                os.dup2(output, target)
        for output in outputs:
            os.close(output)
        if child == 0:
            return asked
        ended = _await(child, channel, asked["timeout"])
        with suppress(BrokenPipeError):  # the tests have ended: what is read next says so
            channel.send(json.dumps(ended).encode())


def _await(child: int, channel: socket.socket, timeout: float) -> int | None:
    """How it ended; nothing where it was ended here, because it took too long or the tests have ended."""
    handle = os.pidfd_open(child)
    ended, _, _ = select.select([handle, channel.fileno()], [], [], timeout)
    os.close(handle)
    if handle not in ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if handle in ended else None


def _become(asked: Mapping[str, Any]) -> None:
    """Run what was asked, as the main module of this process."""
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv = ["-c", *asked["arguments"]]
    if asked["program"] is None:
        runpy.run_module("verifier", run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(asked["program"], "<string>", "exec"), vars(main))


def _main() -> None:
    for name in _WARM:
        importlib.import_module(name)
    if len(os.listdir("/proc/self/task")) != 1:  # noqa: PTH208 -- names are enough
        raise RuntimeError("an import started a thread: what is forked from here may hang")
    gc.freeze()  # or each child, at its end, would walk and copy all that was imported
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        asked = _serve(channel)
    # The child goes on here, with nothing above it: it ends as any interpreter does, exit handlers and threads too.
    if asked is not None:
        _become(asked)


if __name__ == "__main__":
    _main()
