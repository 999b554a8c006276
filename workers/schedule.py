"""Every job on one screen: its name, its zone, how often it looks.

A zone is what may touch what: `sanitise` reads originals, `dispose` opens nothing, `log` signs, `notify` speaks to
servers of others; each may run as a process of its own, with its rights only. Inside a zone, jobs of one line take
turns, and lines run beside each other, so that a slow comparison never delays a disposal. A job returns how much it
found to do: it is asked again at once while there is more, and after its period when there is none. The database is the
work list; a wake-up only makes a job look earlier.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from verifier.db.wakeups import Zone
from verifier.settings import Settings
from verifier.wiring import Workshop
from workers.check import check
from workers.collect import collect
from workers.compare import compare
from workers.dispose import dispose
from workers.end_unfinished import end_unfinished
from workers.expire import expire
from workers.forget import forget
from workers.forget_unheld import forget_unheld
from workers.heartbeat import heartbeat
from workers.judge import judge, look_up
from workers.look_again import look_again
from workers.notify import notify
from workers.sequence import sequence
from workers.shred import shred
from workers.tidy import tidy

_LIMIT: Final = timedelta(minutes=2)
_LONG: Final = timedelta(minutes=25)  # below the half hour after which RabbitMQ takes a message back


@dataclass(frozen=True)
class Job:
    """One line of the schedule."""

    name: str
    zone: Zone
    line: str
    every: timedelta
    run: Callable[[Workshop], int]
    threads: int = 1
    limit: timedelta = _LIMIT
    """How long a run for a message may take before its process is killed; what it left is found by the next."""


def plan_jobs(settings: Settings) -> Sequence[Job]:
    """The whole schedule."""
    # A broker wakes at once what the staff's doors and other jobs leave; the customers' doors know none (DESIGN 10).
    soon = settings.look_every if settings.broker_url else timedelta(milliseconds=150)
    sweep, looks = settings.sweep_every, settings.mailbox_every
    sanitise, dispose_, log, notify_ = Zone.SANITISE, Zone.DISPOSE, Zone.LOG, Zone.NOTIFY
    return (
        Job("check", sanitise, "check", soon, check, threads=settings.decoder_children),
        Job("shred", dispose_, "shred", soon, shred),
        Job("forget_unheld", dispose_, "shred", soon, forget_unheld),
        Job("dispose", dispose_, "dispose", soon, dispose),
        Job("sequence", log, "sequence", soon, sequence),
        # Several, because each waits for a server of others: one that hangs must not keep every notice.
        Job("notify", notify_, "notify", soon, notify, threads=4),
        Job("judge", notify_, "judge", soon, judge, threads=2),
        # Apart, and several: looking a domain up waits for servers of others, and must not keep a code or a guess.
        Job("look_up", notify_, "look_up", soon, look_up, threads=4),
        Job("collect", notify_, "collect", looks, collect, limit=_LONG),
        # On a line of its own: it waits for a server of others, and nothing waits for it.
        Job("heartbeat", notify_, "heartbeat", settings.heartbeat_every, heartbeat),
        Job("expire", dispose_, "sweep", sweep, expire),
        Job("end_unfinished", dispose_, "sweep", sweep, end_unfinished),
        Job("forget", dispose_, "sweep", sweep, forget),
        Job("tidy", dispose_, "sweep", sweep, tidy),
        # On a line of its own: a store that is slow to answer must not keep anything from expiring.
        Job("look_again", dispose_, "look_again", sweep, look_again),
        Job("compare", dispose_, "compare", settings.compare_every, compare, limit=_LONG),
    )
