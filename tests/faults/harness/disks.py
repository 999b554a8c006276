"""Disks that are full, or can only be read: real file systems in memory, mounted where the installation writes."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tests.faults.harness.load import Load
from tests.faults.harness.probing import is_disposed, send_once
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad
from tests.faults.running import wait_until
from tests.faults.stories import ACCOUNT, Story, make_photo

Place: TypeAlias = Literal["data", "documents", "keys", "temp", "log", "published"]
Trouble: TypeAlias = Literal["full", "exhausted", "read_only"]
"""Full has half of the reserve left; exhausted has nothing left at all."""

_SIZE: Final = "64m"
_LASTS: Final = 8.0
RESERVE: Final = 16_000_000
_SLACK: Final = 100_000
_GONE_WITHIN: Final = 90.0
_READ_ONLY_WITHIN: Final = 60.0


@dataclass(frozen=True)
class Disk(UnderLoad):
    """One place, one trouble. Only root may mount."""

    place: Place = "data"
    trouble: Trouble = "full"

    @contextmanager
    def around(self, folder: Path) -> Iterator[Mapping[str, str]]:
        with ExitStack() as ends:
            ends.enter_context(_mounted(_folder_of(self.place, folder)))
            if self.place == "log":
                (folder / "log.jsonl").symlink_to(_folder_of("log", folder) / "log.jsonl")
            yield {}

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        place = _folder_of(self.place, stage.folder)
        run.faults += 1
        if self.trouble == "read_only":
            make_read_only(place)
            try:
                time.sleep(_LASTS)
            finally:
                _run("mount", "-o", "remount,rw", str(place))
            return
        if self.place != "data" or self.trouble == "exhausted":
            with filled(place, leave=0):
                time.sleep(_LASTS)
            return
        story = Story(stage.cast)
        load.stories.append(story)
        story.begin(ACCOUNT).send("identity.back", make_photo())
        # Half of the reserve is left: enough to destroy, not to take in.
        with filled(place, leave=RESERVE // 2):
            _expect_refusal_and_disposal(stage, story, run)
        story.close()


def _expect_refusal_and_disposal(stage: Stage, story: Story, run: Run) -> None:
    """An upload is refused with 507 and leaves nothing half written; what was there can be destroyed all the same."""
    customer = story.customer
    assert customer is not None
    answer = send_once(customer, "identity.front")
    if answer is None or answer.status_code != 507:
        run.failures.append(f"an upload onto a full disk was answered {answer and answer.status_code}")
    story.agent.cancel(story.verification)
    wait_until(
        lambda: is_disposed(stage, story.verification),
        within=_GONE_WITHIN,
        what="nothing is destroyed while the disk is full",
    )
    time.sleep(_LASTS)


def _folder_of(place: Place, folder: Path) -> Path:
    return {
        "data": folder / "home" / "data",
        "documents": folder / "home" / "data" / "objects",
        "keys": folder / "home" / "keys",
        "temp": folder / "scratch",
        "log": folder / "log",
        "published": folder / "home" / "published",
    }[place]


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, mode=0o700)
    _run("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "faults", str(folder))
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError):
            _run("mount", "-o", "remount,rw", str(folder))
        _run("umount", "--lazy", str(folder))


@contextmanager
def filled(folder: Path, *, leave: int) -> Iterator[None]:
    """A file that takes all room but `leave` bytes, while the block runs."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(1, free - leave))
    try:
        left = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        assert left <= leave + _SLACK, f"{left} bytes are left: nothing was tried"
        yield
    finally:
        ballast.unlink()


def make_read_only(folder: Path) -> None:
    """Refused while a file is open for writing; between two of them it is not."""

    def is_done() -> bool:
        with suppress(subprocess.CalledProcessError):
            _run("mount", "-o", "remount,ro", str(folder))
            return True
        return False

    wait_until(is_done, within=_READ_ONLY_WITHIN, what="a file stays open for writing")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
