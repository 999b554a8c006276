"""`make stack`: starts the servers, both tiers, a worker for each zone, and beat, and takes the main job through them.

Guarantees: exit code 0 only where every step did what it should; otherwise it says which one failed and why, and where
the logs are. However it ends, what it started has ended before it; of its folder only the logs of a failure stay.
"""

import argparse
import shlex
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from scripts.stack.house import Stack
from scripts.stack.servers import install_programs, open_servers
from verifier.demo import hosting, recovery
from verifier.demo.case import Case, Cast
from verifier.demo.desk import DeskKey
from verifier.demo.errors import StepFailedError
from verifier.demo.letters import Letters
from verifier.demo.stage import let_in, start_letters
from verifier.demo.steps import Steps, say

_STAYING: Final = "staying up"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make stack", description="Every part on this machine, and a story in them.")
    parser.add_argument("--once", action="store_true", help="stop after the stories")
    is_once = parser.parse_args().once
    signal.signal(signal.SIGTERM, _interrupt)
    steps, folder = Steps(), Path(tempfile.mkdtemp(prefix="stack-"))
    exit_code, is_failed = 1, False
    try:
        with ExitStack() as open_:
            _run(steps, folder, open_, is_once=is_once)
        exit_code = 0
    except (StepFailedError, OSError, RuntimeError, AssertionError) as error:
        is_failed = True
        say(f"\nFailed at: {steps.current}. {str(error).rstrip('.')}.\nThe logs are in {folder / 'log'}")
    except KeyboardInterrupt:
        exit_code = 0 if steps.current == _STAYING else 1
        say("\nStopped.")
    for path in folder.iterdir():
        if not (is_failed and path.name == "log"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not is_failed:
        folder.rmdir()
    return exit_code


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(steps: Steps, folder: Path, open_: ExitStack, *, is_once: bool) -> None:
    (folder / "log").mkdir()
    steps.take("servers installed", install_programs)
    servers = open_servers(open_, folder, steps)
    open_.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # impatience must not leave a server behind
    desk_key, letters = DeskKey(folder / "desk-keys.json"), Letters(folder / "letters")
    steps.take("mail and SMS started", lambda: start_letters(open_, letters))
    stack = Stack(folder, servers, sending=letters.settings | desk_key.settings)
    open_.callback(stack.processes.stop)
    stack.set_up(steps)
    stack.start(steps)
    with let_in(steps, stack, letters=letters, desk_key=desk_key) as cast:
        recovery.tell(steps, cast)
        hosting.tell(steps, cast)
        steps.begin("the stack", "as it was started")
        steps.take("still running", stack.processes.verify_all_running)
        if not is_once:
            steps.current = _STAYING
            _stay(stack, cast)


def _stay(stack: Stack, cast: Cast) -> None:
    case = Case(cast, reference="DEMO-9", policy=recovery.POLICY)
    case.request()
    verifier = " ".join(f"{name}={shlex.quote(value)}" for name, value in stack.environment.items())
    operator = stack.home / "operator"
    operator.touch(mode=0o700)
    operator.write_text(f'#!/bin/sh\nexec env {verifier} {sys.executable} -m verifier "$@"\n', encoding="utf-8")
    say(
        f"""
Everything stays up until you press Ctrl-C. Then all of it is removed. Try next:

  Be the customer   {case.link}
  Be the agent      {cast.sign_in["agent"]}
                    then {stack.staff_address}/new
  Be the reviewer   {cast.sign_in["reviewer"]}
                    then press Next
  Be the auditor    {cast.sign_in["auditor"]}
                    (each address works once, within 15 minutes; customers and staff have two host names)
  Be the operator   {operator} doctor
                    {operator} staff invite "Second reviewer" --role reviewer
  Read the letters  {cast.letters.folder}
  Read the logs     {stack.processes.log_folder}
"""
    )
    stack.processes.wait()


if __name__ == "__main__":
    sys.exit(main())
