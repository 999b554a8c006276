"""Contact checks on staff pages, as facts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffCheck:
    """One contact check. `label` ("Code to the registered e-mail address"). `state`: a code of `words.CHECKS`.

    `reasons`: sentences. `at`: when it ended, or began. `takes_code`: it waits for a code, which an agent may enter;
    `contact` is posted with it. `hint`: how far the code is, or how a message is signed, "".
    """

    label: str
    state: str
    reasons: tuple[str, ...]
    at: datetime
    contact: str
    takes_code: bool = False
    hint: str = ""

    @property
    def anchor(self) -> str:
        return f"code-{self.contact}"
