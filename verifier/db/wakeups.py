"""Wake-ups: a transaction says what it left to be done, and once it has committed, whoever is to know is told.

What there is to do, and in which zone of trust each job runs, are named here: worker, broker and figures share them.

Guarantees: nothing is told of a transaction that did not commit, and nothing before it did; what is told is only which
job has something to do. Leaves to others: the telling, which must return at once and never raise. A wake-up that is
lost costs time and nothing else: the database is the work list, and every job looks at it by its own clock.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

_KEY: Final = "work"


class Work(StrEnum):
    """What there may be to do at once, in the order in which it is told. The values are names of jobs."""

    CHECK = "check"
    SHRED = "shred"
    DISPOSE = "dispose"
    JUDGE = "judge"
    LOOK_UP = "look_up"
    NOTIFY = "notify"
    SEQUENCE = "sequence"


class Zone(StrEnum):
    """What may touch what; each has its queue, and runs with its rights only (DESIGN 10)."""

    SANITISE = "sanitise"
    DISPOSE = "dispose"
    LOG = "log"
    NOTIFY = "notify"


ZONE_OF: Final[Mapping[Work, Zone]] = {
    Work.CHECK: Zone.SANITISE,
    Work.SHRED: Zone.DISPOSE,
    Work.DISPOSE: Zone.DISPOSE,
    Work.JUDGE: Zone.NOTIFY,
    Work.LOOK_UP: Zone.NOTIFY,
    Work.NOTIFY: Zone.NOTIFY,
    Work.SEQUENCE: Zone.LOG,
}


Tell = Callable[[Collection[Work]], None]


def wake(session: Session, *works: Work) -> None:
    """Say that this transaction leaves something for these jobs, once it has committed."""
    session.info.setdefault(_KEY, set()).update(works)


def find_work(session: Session) -> frozenset[Work]:
    """What this session's transaction left to be done."""
    return frozenset(session.info.get(_KEY, ()))


def tell_nobody(_works: Collection[Work]) -> None:
    """Without a broker, each worker looks by its own clock, many times a second."""
