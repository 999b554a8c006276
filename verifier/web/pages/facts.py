"""What holds for the whole proof that is asked for: who sees it, when it is gone, why, what else there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptByLaw:
    """What a law makes us keep for `keep_for` after the end. `what` ("Documents"), `law`: in the reader's language."""

    what: str
    keep_for: timedelta
    law: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a law keeps now, of a verification that has ended. `data`: its class ("documents")."""

    data: str
    what: str
    until: datetime
    law: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What holds for the whole proof, for whoever wonders before going on.

    `reviewers`: how many people look; 0 where contact checks decide alone. `is_first`: of all that is accepted here,
    this asks least. `can_choose`: another way is accepted too. `closed`: a sentence on a way that has just ended, "".
    `laws`: what stays longer than `destroy_by` says.
    """

    reviewers: int
    answer_for: timedelta
    destroy_by: datetime
    why: str
    is_first: bool = False
    can_choose: bool = False
    closed: str = ""
    laws: tuple[KeptByLaw, ...] = ()
