"""The reviewer's pages, as facts: the queue, and one verification with its pages and its decision form."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from verifier.web.pages.common import StaffShell, View
from verifier.web.pages.facts import Held
from verifier.web.pages.staff_checks import StaffCheck


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueRow:
    """One verification that waits. `line`: 1, or 2 for a second look. `claimed_by`: who has it, or None.

    `refusal`: why this person cannot take it ("You had a hand in this request, so …"), or None.
    """

    verification_id: str
    reference: str
    policy_title: str
    waiting_since: datetime
    waiting_for: timedelta
    answer_by: datetime
    is_late: bool
    line: int
    claimed_by: str | None
    is_mine: bool
    refusal: str | None = None

    @property
    def url(self) -> str:
        return f"/review/{self.verification_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage(View):
    """`GET /queue`, the one to answer soonest first. *Next* posts `form_token` to `/queue/next`.

    `has_next`: it would find one. `notice`: a sentence about what just happened ("The decision on NB-1 was sent."),
    or "".
    """

    template: ClassVar[str] = "queue.html"
    shell: StaffShell
    form_token: str
    rows: tuple[QueueRow, ...]
    total: int
    late: int
    has_next: bool
    notice: str = ""


class ClaimState(StrEnum):
    """Whose the verification is. Pages and the decision form are there only for MINE; OUT: it is with the customer."""

    MINE = "mine"
    FREE = "free"
    TAKEN = "taken"
    BARRED = "barred"
    DECIDED = "decided"
    OUT = "out"


@dataclass(frozen=True, kw_only=True, slots=True)
class PageImage:
    """One page. `label` ("Identity document, front"). `is_fetched`: it was sent to this person.

    `caption`: what the customer says that it shows, "" for nothing; opened, so it is there only after a logged view.
    """

    document: str
    slot: str = ""
    label: str
    number: int
    count: int
    is_fetched: bool
    caption: str = ""

    @property
    def url(self) -> str:
        return f"/v1/documents/{self.document}/pages/{self.number}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One value to compare with, as the desk labelled it."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """What the customer typed beside what the desk expects; `None` for what is not there.

    `comparison`: a code of `words.COMPARISONS`.
    """

    label: str
    given: str | None
    expected: str | None
    comparison: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Caption:
    """What the customer says that a picture shows. `number`: counted through the policy's slots, from 1."""

    number: int
    label: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One line of the timeline. `sentence` in the reader's language."""

    at: datetime
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A box to tick. `value` is posted, `label` is read."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A note among staff."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionValues:
    """What the decision form holds: empty, or kept after an error."""

    outcome: str = ""
    reasons: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewPage(View):
    """`GET /review/{id}`. Forms post `form_token` to `/claim`, `/release` and `/decision` below it; the decision's
    fields are `outcome` (approve, reject, resubmit, escalate), `reasons`*, `documents`*, `note`. Errors name
    "outcome", "reasons", "documents" or "note".

    Not MINE: `pages`, `expected`, `details`, `captions`, `notes` are empty. `holder`: who has it (TAKEN).
    `barred_because`: a sentence (BARRED). `claimed_until`, `claim_for`: the lease (MINE); each view renews it.
    `checks`: how each contact check ended. `case_url`: the desk's own case, or None. `resubmissions_left`: 0 hides that
    outcome, as `can_escalate` does for its own. `keeps_documents`: a law makes us keep them after the end; `held`: what
    one keeps now (DECIDED).
    """

    template: ClassVar[str] = "review.html"
    shell: StaffShell
    form_token: str
    verification_id: str
    reference: str
    case_url: str | None
    policy_title: str
    status: str
    line: int
    claim: ClaimState
    holder: str | None
    barred_because: str | None
    claimed_until: datetime | None
    claim_for: timedelta
    answer_by: datetime | None
    is_late: bool
    pages: tuple[PageImage, ...]
    expected: tuple[Expected, ...]
    checklist: tuple[str, ...]
    timeline: tuple[Moment, ...]
    notes: tuple[Note, ...]
    reasons: tuple[Choice, ...]
    documents: tuple[Choice, ...]
    can_escalate: bool
    resubmissions_left: int
    values: DecisionValues
    details: tuple[Detail, ...] = ()
    captions: tuple[Caption, ...] = ()
    checks: tuple[StaffCheck, ...] = ()
    keeps_documents: bool = False
    held: tuple[Held, ...] = ()

    @property
    def url(self) -> str:
        return f"/review/{self.verification_id}"
