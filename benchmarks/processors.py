"""Processor time, by part: each kind of process of an installation, the servers of others below it, and the load.

Guarantees: the time of processes that ended is counted with whoever waited for them, so that nothing is lost between
two looks. Leaves to others: dividing it by what was done meanwhile.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

LOAD: Final = "the load itself"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_OTHERS: Final = {"postgres": "PostgreSQL", "redis-server": "Redis"}


@dataclass(frozen=True)
class _Process:
    parent: int
    own_seconds: float
    ended_seconds: float
    """Of its children that have ended, and theirs."""


def read_cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, without its children's."""
    return _read(pid).own_seconds


def _read(pid: int) -> _Process:
    # proc(5): fields 4 and 14 to 17, counted behind the name, which may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, ended_user, ended_system = (int(field) / _TICKS for field in fields[11:15])
    return _Process(int(fields[1]), user + system, ended_user + ended_system)


class Processors:
    """Looks at every process that this one started, and at `more`, which left it: a name and a process id each."""

    def __init__(self, more: Callable[[], Iterable[tuple[str, int]]] = tuple) -> None:
        self._more: Final = more
        self._names: Final[dict[int, str]] = {}

    def read(self) -> Mapping[str, float]:
        """Seconds so far, by part."""
        found = {int(folder.name): process for folder in Path("/proc").iterdir() if (process := _find(folder))}
        children = defaultdict[int, list[int]](list)
        for pid, process in found.items():
            children[process.parent].append(pid)
        seconds = defaultdict[str, float](float)
        seconds[LOAD] = found[os.getpid()].own_seconds
        roots = [("", pid) for pid in children[os.getpid()]] + [*self._more()]
        while roots:
            above, pid = roots.pop()
            if pid not in found:
                continue
            # A process keeps the name that it was first seen with: it may be looked at while it becomes another.
            name = self._names.setdefault(pid, name_process(_read_words(pid), above=above))
            seconds[name] += found[pid].own_seconds + found[pid].ended_seconds
            roots += [(name, child) for child in children[pid]]
        return dict(seconds)


def _find(folder: Path) -> _Process | None:
    with suppress(OSError):
        return _read(int(folder.name)) if folder.name.isdigit() else None
    return None


def _read_words(pid: int) -> Sequence[str]:
    with suppress(OSError):
        return [word.decode(errors="replace") for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
    return ()


def name_process(words: Sequence[str], *, above: str) -> str:
    """The part that a process belongs to, by its command; that of the process above it where it says nothing new."""
    if "verifier.sanitise.parent" in words:
        return "decoder"
    if "beat" in words:
        return "beat"
    if "workers" in words:
        zones = [zone for option, zone in pairwise(words) if option == "--zone"]
        return f"worker, {' and '.join(zones)}" if zones else "worker"
    if "serve" in words:
        tier = next((word.rpartition("/ready-")[2] for word in words if "/ready-" in word), "")
        return f"{tier} tier" if tier else "web"
    program = Path(re.split("[ :]", words[0])[0]).name if words else ""  # some tell there what they do
    return _OTHERS.get(program, above or program or "other")


def since(before: Mapping[str, float], after: Mapping[str, float]) -> Mapping[str, float]:
    """What each part used between two looks."""
    return {name: seconds - before.get(name, 0.0) for name, seconds in after.items()}
