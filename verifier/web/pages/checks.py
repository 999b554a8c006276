"""The page of one contact check, as facts: one page for each thing that the customer does."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from policies.parts import CheckMethod, ContactKind
from verifier.web.pages.common import CustomerShell, View
from verifier.web.pages.customer import Case
from verifier.web.pages.facts import Facts


class CheckStage(StrEnum):
    """What is asked of the reader now."""

    BEGIN = "begin"
    """To begin, or to begin anew after an end that allows it."""
    ADDRESS = "address"
    """To type the address, which the desk knows only as a digest."""
    ANSWER = "answer"
    """To show what the check asks for: a code, a record, a file, a signature, a message, a login."""
    WAIT = "wait"
    """Nothing: what was handed in is not judged yet."""


class Delivery(StrEnum):
    """Where the last code is."""

    NONE = "none"
    SENDING = "sending"
    LATER = "later"
    """It goes out at `goes_at`: several were sent in a short time."""
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckPage(View):
    """`GET /verification/{id}/contacts/{contact}/{method}`. An error names "code", "address", "look", "signature" or
    "begin".

    `title`: what it is, in the reader's language. `check`: its id, once it has begun. `said`: what was typed, kept
    after an error: an address, a code or a signature. `shown`: the text that is to be shown back: a challenge, or a
    wallet's message. `is_alone`: it is the whole proof. `changed`: a text that is another one whenever the page is.
    """

    template: ClassVar[str] = "check.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    form_token: str
    facts: Facts
    contact: ContactKind
    method: CheckMethod
    stage: CheckStage
    title: str
    is_alone: bool
    changed: str
    check: str | None = None
    needs_address: bool = False
    shown: str = ""
    said: str = field(default="", repr=False)
    delivery: Delivery = Delivery.NONE
    goes_at: datetime | None = None
    expires_at: datetime | None = None
    is_expired: bool = False
    sends_left: int = 0
    after: str = ""

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"

    @property
    def here(self) -> str:
        """The address of this page, which waits for what was handed in last."""
        tail = f"?after={self.after}" if self.after else ""
        return f"{self.url}/contacts/{self.contact}/{self.method}{tail}"

    @property
    def look_every_s(self) -> int:
        """How often a script looks whether the page has changed; 0 for never."""
        if self.stage is CheckStage.WAIT or (self.stage is CheckStage.ANSWER and self.delivery is Delivery.SENDING):
            return 1
        return 4 if self.stage is CheckStage.ANSWER else 0
