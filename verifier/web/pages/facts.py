"""What holds for the whole proof that is asked for: who sees it, when it is gone, why, what else there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What holds for the whole proof, for whoever wonders before going on.

    `reviewers`: how many people look; 0 where contact checks decide alone. `is_first`: of all that is accepted here,
    this asks least. `can_choose`: another way is accepted too. `closed`: a sentence on a way that has just ended, "".
    """

    reviewers: int
    answer_for: timedelta
    destroy_by: datetime
    why: str
    is_first: bool = False
    can_choose: bool = False
    closed: str = ""
