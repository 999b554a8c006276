"""The pages that a customer sees, as facts. The router fills them; the templates show them.

Every address below one verification follows from its id, so the views build them; nothing else is worked out here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from verifier.web.pages.common import CustomerShell, StaffShell, View, slot_anchor
from verifier.web.pages.facts import Facts, Held
from verifier.web.pages.questions import Question


class SlotState(StrEnum):
    """What a card shows."""

    EMPTY = "empty"
    RECEIVING = "receiving"
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"


class WithdrawReason(StrEnum):
    """The two exits."""

    RATHER_NOT = "rather_not"
    NOT_ME = "not_me"


class StatusKind(StrEnum):
    """What the status page tells. The lives have more states; a customer needs these."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DISOWNED = "disowned"
    EXPIRED = "expired"
    KEY_LOST = "key_lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Who asks, for what. `reference`: the desk's case number. `action`: the policy's title in the reader's language
    ("Get back into your account"). `phrase`: the two words that the agent sees too.
    """

    reference: str
    action: str
    phrase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LandingPage(View):
    """`GET /v/{token}` of a live link; changes nothing.

    One form posts to `open_url` with `form_token` and `then`: "task" (Continue) or "not_me" (I did not ask for this).
    `asks`: of "check", "details", "documents", what the way that is offered first asks for. `is_decided_alone`: nobody
    looks at it. `reviewers`: how many look, one after the other. `is_handed_in`: nothing is asked for now, so the page
    tells of no steps. The router opens the session and redirects (303) to `/verification/{id}` or to its
    `/withdraw?reason=not_me`.
    """

    template: ClassVar[str] = "landing.html"
    shell: CustomerShell
    case: Case
    open_url: str
    form_token: str
    expires_at: datetime
    asks: frozenset[str] = frozenset({"documents"})
    is_decided_alone: bool = False
    reviewers: int = 1
    is_handed_in: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkExpiredPage(View):
    """410: the link was good once. `reference` may be shown: the link proved itself."""

    template: ClassVar[str] = "link_expired.html"
    shell: CustomerShell
    reference: str
    expired_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkUnknownPage(View):
    """404: never issued, or replaced by a newer link. Says nothing about any case."""

    template: ClassVar[str] = "link_unknown.html"
    shell: CustomerShell


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why a document could not be read. `code`: stable. `sentence`, `next_step`: from the table of problems."""

    code: str
    sentence: str
    next_step: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotCard:
    """One place for one document.

    `slot`: "<document>.<slot>". `label`: the policy's word for it ("Front"). `document`: the id of what is in it, or
    None. `pages`, `removed`: of a ready one; `removed` are codes of hidden information (`words.REMOVED`).
    `refusal`: of a refused one. `asked_again`: the reason's sentence when the reviewer asked for it again.
    """

    slot: str
    label: str
    state: SlotState
    document: str | None = None
    pages: int = 0
    removed: tuple[str, ...] = ()
    refusal: Refusal | None = None
    asked_again: str | None = None

    @property
    def anchor(self) -> str:
        return slot_anchor(self.slot)


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentAsk:
    """One document of the policy. `title` ("Identity document"), `must_show`, `may_cover`: its wording, "" if none."""

    title: str
    must_show: str
    may_cover: str
    max_bytes: int
    max_pages: int
    slots: tuple[SlotCard, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One acceptable way to prove ownership: every document in it is needed. A policy with one way has one."""

    documents: tuple[DocumentAsk, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusDocument:
    """One document on the status page. `label` ("Identity document, front"). `destroyed_at`: None while it is there;
    from then on its deletion receipt can be read at its address. `is_held`: a law keeps it.
    """

    document: str
    label: str
    destroyed_at: datetime | None
    is_held: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPage(View):
    """`GET /verification/{id}` while documents are asked for; also the answer to a refused POST, with `errors`.

    An error names a field by `slot_anchor(slot)` or "submit". `ways`: the one that the customer is on.
    `can_submit`: every slot of one way is ready. `changed`: the opaque text that the JSON twin carries too. `step`: the
    one document that is shown, where the proof has other steps. `kept`: what was added for another way and still lies
    here.
    """

    template: ClassVar[str] = "task.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    form_token: str
    ways: tuple[Way, ...]
    facts: Facts
    can_submit: bool
    changed: str
    questions: tuple[Question, ...] = ()
    step: str = ""
    kept: tuple[StatusDocument, ...] = ()

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"

    @property
    def here(self) -> str:
        """The address of this page: of one document, where it is one step among others."""
        return f"{self.url}/documents?document={self.step}" if self.step else self.url

    @property
    def step_title(self) -> str:
        """What the only document is called, where the page is one step among others."""
        return next((ask.title for way in self.ways for ask in way.documents), "")

    @property
    def asks_documents(self) -> bool:
        return any(way.documents for way in self.ways)

    @property
    def details(self) -> tuple[Question, ...]:
        """The questions about details; those about captions stand at their pictures."""
        return tuple(each for each in self.questions if each.name.startswith("detail."))

    def caption_of(self, slot: str) -> Question | None:
        """The question about the picture in `slot`, if there is one."""
        return next((each for each in self.questions if each.name == f"caption.{slot}"), None)

    @property
    def cards(self) -> tuple[SlotCard, ...]:
        return tuple(card for way in self.ways for ask in way.documents for card in ask.slots)

    @property
    def is_busy(self) -> bool:
        """Whether the page will be different soon without the reader doing anything."""
        return any(card.state in {SlotState.RECEIVING, SlotState.CHECKING} for card in self.cards)


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusCheck:
    """One contact check that was confirmed. `label` ("A code to your registered e-mail address")."""

    label: str
    confirmed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusPage(View):
    """`GET /verification/{id}` after submitting, and read-only for finished ones (from a link too).

    `was_typed`: details or captions were given; where there was no document, `destroyed_at` is when their key was gone.
    `checks`: those that were confirmed. `is_decided_alone`: they were enough, and nobody looked.
    Times are None until they happened. `checked_at`: the last document was checked. `destroyed_at`: the last one was
    seen to be gone. `reasons`: the sentences of a rejection. `can_withdraw`: until decided. `is_late`: past
    `answer_by`. `destroy_by`: the latest end, while anything is stored. `changed`: as on the task page. `held`: what a
    law keeps now.
    """

    template: ClassVar[str] = "status.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    kind: StatusKind
    arrived_at: datetime | None
    checked_at: datetime | None
    decided_at: datetime | None
    destroyed_at: datetime | None
    answer_by: datetime | None
    is_late: bool
    destroy_by: datetime | None
    reasons: tuple[str, ...]
    documents: tuple[StatusDocument, ...]
    can_withdraw: bool
    changed: str
    was_typed: bool = False
    checks: tuple[StatusCheck, ...] = ()
    is_decided_alone: bool = False
    held: tuple[Held, ...] = ()

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"

    @property
    def held_until(self) -> datetime | None:
        """When the last of what a law keeps will be destroyed."""
        return max((each.until for each in self.held), default=None)

    @property
    def is_moving(self) -> bool:
        """Whether there is still something to wait for."""
        going = (each for each in self.documents if not each.is_held)
        if self.kind is StatusKind.WAITING or any(each.destroyed_at is None for each in going):
            return True
        return not self.held and (self.was_typed or bool(self.checks)) and self.destroyed_at is None


@dataclass(frozen=True, kw_only=True, slots=True)
class WithdrawPage(View):
    """`GET /verification/{id}/withdraw?reason=`: asks once more, for one of the two exits. Posts `form_token` and
    `reason` to the same address.
    """

    template: ClassVar[str] = "withdraw.html"
    shell: CustomerShell
    case: Case
    verification_id: str
    reason: WithdrawReason
    form_token: str

    @property
    def url(self) -> str:
        return f"/verification/{self.verification_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptPage(View):
    """`GET /verification/{id}/receipts/{doc}` as a page, and `/cases/{id}/receipts/{doc}` for agents.

    `destroyed_at` None: nothing to state yet. `is_complete`: the log has published this and the end of the key.
    `log_index`, `log_size`, `checkpoint`: None until it has published this. `rule`: a code of `words.RULES`.
    `key_destroyed_at`: when the verification's key was seen to be gone (None: only bytes so far). `copies`: how many
    were deleted.
    `json_url`: the file that tools check. `log_key`: the log's public verifier key.
    """

    template: ClassVar[str] = "receipt.html"
    shell: CustomerShell | StaffShell
    reference: str
    document: str
    label: str
    destroyed_at: datetime | None
    key_destroyed_at: datetime | None
    rule: str
    copies: int
    is_complete: bool
    log_index: int | None
    log_size: int | None
    checkpoint: str | None
    log_key: str
    json_url: str
    back_url: str
