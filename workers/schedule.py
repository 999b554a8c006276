"""Every job on one screen: its name, its zone, how often it looks.

A zone is what may touch what: `sanitise` reads originals, `dispose` opens nothing, `log` signs. Each zone runs apart
from the others, so that a hanging decoder never delays a disposal. A job returns how much it found to do: it is asked
again at once while there is more, and after its period when there is none. The database is the work list; a wake-up
only makes a job look earlier.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

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
from workers.judge import judge, look_up
from workers.notify import notify
from workers.sequence import sequence
from workers.shred import shred
from workers.tidy import tidy


@dataclass(frozen=True)
class Job:
    """One line of the schedule."""

    name: str
    zone: str
    every: timedelta
    run: Callable[[Workshop], int]
    threads: int = 1


def plan_jobs(settings: Settings) -> Sequence[Job]:
    """The whole schedule."""
    soon = timedelta(milliseconds=150)
    return (
        Job("check", zone="sanitise", every=soon, run=check, threads=settings.decoder_children),
        Job("shred", zone="shred", every=soon, run=shred),
        Job("forget_unheld", zone="shred", every=soon, run=forget_unheld),
        Job("dispose", zone="dispose", every=soon, run=dispose),
        Job("sequence", zone="log", every=soon, run=sequence),
        # Several, because each waits for a server of others: one that hangs must not keep every notice.
        Job("notify", zone="notify", every=soon, run=notify, threads=4),
        Job("judge", zone="contacts", every=soon, run=judge, threads=2),
        # Apart, and several: looking a domain up waits for servers of others, and must not keep a code or a guess.
        Job("look_up", zone="lookups", every=soon, run=look_up, threads=4),
        Job("collect", zone="mailbox", every=settings.mailbox_every, run=collect),
        Job("expire", zone="sweep", every=settings.sweep_every, run=expire),
        Job("end_unfinished", zone="sweep", every=settings.sweep_every, run=end_unfinished),
        Job("forget", zone="sweep", every=settings.sweep_every, run=forget),
        Job("tidy", zone="sweep", every=settings.sweep_every, run=tidy),
        Job("compare", zone="sweep", every=settings.compare_every, run=compare),
    )
