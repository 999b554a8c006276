"""One sample of every page in every state, with invented data: for the preview, and for the tests of the pages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from policies import DocumentRequirement
from tests.browser.check_samples import CHECK_PAGES, CONFIRMED
from tests.browser.detail_samples import CAPTIONS, DETAIL_PAGES, QUESTIONS
from tests.case_policies import CASE_POLICIES
from verifier.web.pages.common import BareShell, CustomerShell, FieldError, ProblemPage, View
from verifier.web.pages.customer import (
    Case,
    DocumentAsk,
    LandingPage,
    LinkExpiredPage,
    LinkUnknownPage,
    ReceiptPage,
    Refusal,
    SlotCard,
    SlotState,
    StatusDocument,
    StatusKind,
    StatusPage,
    TaskPage,
    Way,
    WithdrawPage,
    WithdrawReason,
)
from verifier.web.pages.facts import Facts

NOW: Final = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
VERIFICATION: Final = "ver_aaaaaaaaaaaaaaaaaaaaaaaaaa"
FRONT_ID: Final = "doc_bbbbbbbbbbbbbbbbbbbbbbbbbb"
BACK_ID: Final = "doc_cccccccccccccccccccccccccc"
TOKEN: Final = "sample-form-token"
DESK: Final = CustomerShell(desk="Northbank support")
CASE: Final = Case(reference="NB-2026/04127", action="Get back into your account", phrase="amber heron")
CHECKPOINT: Final = (
    "example.org/verifier/ins_dddddddddddddddddddddddddd\n"
    "4127\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.org/verifier Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE=\n"
)
LOG_KEY: Final = "example.org/verifier+4a7d2f10+AZ9kq2fH0b7c1l2N3Q5s6u8w9y0A1C3E5G7I9K1M3O5Q7S=="

FRONT: Final = SlotCard(slot="identity.front", label="Front", state=SlotState.EMPTY)
BACK: Final = SlotCard(slot="identity.back", label="Back", state=SlotState.EMPTY)
FRONT_READY: Final = replace(
    FRONT, state=SlotState.READY, document=FRONT_ID, pages=1, removed=("gps", "serial_number", "thumbnail")
)
BACK_READY: Final = replace(BACK, state=SlotState.READY, document=BACK_ID, pages=2)
BACK_CHECKING: Final = replace(BACK, state=SlotState.CHECKING, document=BACK_ID)
BACK_RECEIVING: Final = replace(BACK, state=SlotState.RECEIVING, document=BACK_ID)
FRONT_REFUSED: Final = replace(
    FRONT,
    state=SlotState.REFUSED,
    document=FRONT_ID,
    refusal=Refusal(
        code="document_protected",
        sentence="This PDF is protected with a password, so nobody can look at it.",
        next_step="Save it without a password, or take a photo of the page, and add that.",
    ),
)
FRONT_AGAIN: Final = replace(FRONT, asked_again="The picture is too dark to read the name.")


def ask(*slots: SlotCard) -> DocumentAsk:
    """The identity document of the built-in policy, with these slots."""
    return DocumentAsk(
        title="Identity document",
        must_show="Your name, your photo, and the date until which it is valid.",
        may_cover="Everything else: your number, your address, your signature.",
        max_bytes=20_000_000,
        max_pages=4,
        slots=slots,
    )


FACTS: Final = Facts(
    reviewers=1,
    answer_for=timedelta(hours=48),
    destroy_by=NOW + timedelta(days=7),
    why="It is needed only to see that the account is yours.",
)
TASK: Final = TaskPage(
    shell=DESK,
    case=CASE,
    verification_id=VERIFICATION,
    form_token=TOKEN,
    ways=(Way(documents=(ask(FRONT, BACK),)),),
    facts=FACTS,
    can_submit=False,
    changed="e1",
)
DIPLOMA: Final = DocumentAsk(
    title="Diploma",
    must_show="Your name, the school, and the degree.",
    may_cover="",
    max_bytes=20_000_000,
    max_pages=2,
    slots=(SlotCard(slot="diploma.page", label="The diploma", state=SlotState.EMPTY),),
)


def builtin_task(name: str) -> TaskPage:
    """The task page of a whole policy, in its own words: they are longer than invented ones."""
    policy = CASE_POLICIES[name]
    asks = []
    for requirement in policy.ladder[0]:
        assert isinstance(requirement, DocumentRequirement)
        rules = policy.documents[requirement.document]
        asks.append(
            DocumentAsk(
                title=rules.title["en"],
                must_show=rules.must_show["en"],
                may_cover=rules.may_cover["en"],
                max_bytes=rules.max_bytes,
                max_pages=rules.max_pages,
                slots=tuple(
                    SlotCard(
                        slot=f"{requirement.document}.{slot}",
                        label=rules.slot_titles[slot]["en"],
                        state=SlotState.EMPTY,
                    )
                    for slot in requirement.slots
                ),
            )
        )
    case = replace(CASE, action=policy.title["en"])
    return replace(
        TASK,
        case=case,
        ways=(Way(documents=tuple(asks)),),
        facts=replace(FACTS, why=policy.retention.why["en"], answer_for=policy.review.answer_for),
    )


def task(*slots: SlotCard, can_submit: bool = False, errors: tuple[FieldError, ...] = ()) -> TaskPage:
    """The task page with these cards."""
    return replace(TASK, ways=(Way(documents=(ask(*slots),)),), can_submit=can_submit, errors=errors)


STATUS: Final = StatusPage(
    shell=DESK,
    case=CASE,
    verification_id=VERIFICATION,
    kind=StatusKind.WAITING,
    arrived_at=NOW,
    checked_at=NOW + timedelta(seconds=4),
    decided_at=None,
    destroyed_at=None,
    answer_by=NOW + timedelta(hours=48),
    is_late=False,
    destroy_by=NOW + timedelta(days=7),
    reasons=(),
    documents=(
        StatusDocument(document=FRONT_ID, label="Identity document, front", destroyed_at=None),
        StatusDocument(document=BACK_ID, label="Identity document, back", destroyed_at=None),
    ),
    can_withdraw=True,
    changed="s1",
)
DECIDED: Final = replace(
    STATUS,
    kind=StatusKind.CONFIRMED,
    decided_at=NOW + timedelta(hours=3),
    answer_by=None,
    destroy_by=None,
    can_withdraw=False,
)
DESTROYED: Final = replace(
    DECIDED,
    destroyed_at=NOW + timedelta(hours=3, seconds=11),
    documents=tuple(replace(each, destroyed_at=NOW + timedelta(hours=3, seconds=11)) for each in STATUS.documents),
)
RECEIPT: Final = ReceiptPage(
    shell=DESK,
    reference=CASE.reference,
    document=FRONT_ID,
    label="Identity document, front",
    destroyed_at=NOW + timedelta(hours=3, seconds=11),
    key_destroyed_at=NOW + timedelta(hours=3, seconds=2),
    rule="approved",
    copies=2,
    is_complete=True,
    log_index=4122,
    log_size=4127,
    checkpoint=CHECKPOINT,
    log_key=LOG_KEY,
    json_url=f"/verification/{VERIFICATION}/receipts/{FRONT_ID}?format=json",
    back_url=f"/verification/{VERIFICATION}",
)

LANDING: Final = LandingPage(
    shell=DESK, case=CASE, open_url="/v/sample", form_token=TOKEN, expires_at=NOW + timedelta(days=3)
)

CUSTOMER: Final[Mapping[str, View]] = {
    "landing": LANDING,
    "link-expired": LinkExpiredPage(shell=DESK, reference=CASE.reference, expired_at=NOW),
    "link-unknown": LinkUnknownPage(shell=DESK),
    "task-empty": TASK,
    "task-checking": task(FRONT_READY, BACK_CHECKING),
    "task-receiving": task(FRONT_READY, BACK_RECEIVING),
    "task-ready": task(FRONT_READY, BACK_READY, can_submit=True),
    "task-refused": task(FRONT_REFUSED, BACK_READY),
    "task-again": task(FRONT_AGAIN, BACK_READY),
    "task-errors": task(
        FRONT_READY,
        BACK,
        errors=(FieldError(field="slot-identity-back", sentence="Add the back of your identity document."),),
    ),
    "task-two-ways": replace(
        TASK,
        ways=(Way(documents=(DIPLOMA,)),),
        facts=replace(FACTS, reviewers=2, can_choose=True),
        kept=STATUS.documents[:1],
    ),
    "task-step": replace(task(FRONT_READY, BACK), step="identity"),
    "task-account-recovery": builtin_task("account-recovery"),
    "task-qualification-check": builtin_task("qualification-check"),
    "status-waiting": STATUS,
    "status-unchecked": replace(STATUS, checked_at=None),
    "status-late": replace(STATUS, is_late=True),
    "status-confirmed": DECIDED,
    "status-destroyed": DESTROYED,
    "status-not-confirmed": replace(
        DESTROYED,
        kind=StatusKind.NOT_CONFIRMED,
        reasons=("The name on the document is not the name on the account.",),
    ),
    "status-cancelled": replace(DESTROYED, kind=StatusKind.CANCELLED),
    "status-withdrawn": replace(DESTROYED, kind=StatusKind.WITHDRAWN, arrived_at=None, checked_at=None),
    "status-disowned": replace(
        DESTROYED, kind=StatusKind.DISOWNED, arrived_at=None, checked_at=None, destroyed_at=None, documents=()
    ),
    "status-key-lost": replace(DESTROYED, kind=StatusKind.KEY_LOST),
    "status-expired": replace(DESTROYED, kind=StatusKind.EXPIRED, arrived_at=None, checked_at=None, documents=()),
    "status-alone": replace(
        DESTROYED, arrived_at=None, checked_at=None, documents=(), checks=CONFIRMED, is_decided_alone=True
    ),
    "status-checked": replace(STATUS, documents=(), checks=CONFIRMED),
    "landing-check": replace(LANDING, asks=frozenset({"check"}), is_decided_alone=True),
    "landing-handed-in": replace(LANDING, is_handed_in=True),
    "landing-details": replace(LANDING, asks=frozenset({"details", "check"})),
    "landing-all": replace(LANDING, asks=frozenset({"details", "check", "documents"})),
    **CHECK_PAGES,
    **DETAIL_PAGES,
    "task-details": replace(TASK, ways=(), questions=QUESTIONS),
    "task-captions": replace(
        TASK,
        ways=(Way(documents=(ask(replace(FRONT_READY, slot="screenshot.first")),)),),
        questions=CAPTIONS,
    ),
    "withdraw-rather-not": WithdrawPage(
        shell=DESK, case=CASE, verification_id=VERIFICATION, reason=WithdrawReason.RATHER_NOT, form_token=TOKEN
    ),
    "withdraw-not-me": WithdrawPage(
        shell=DESK, case=CASE, verification_id=VERIFICATION, reason=WithdrawReason.NOT_ME, form_token=TOKEN
    ),
    "receipt": RECEIPT,
    "receipt-pending": replace(RECEIPT, is_complete=False, log_index=None, log_size=None, checkpoint=None),
    "receipt-of-a-live-request": replace(RECEIPT, is_complete=False, key_destroyed_at=None),
    "receipt-early": replace(RECEIPT, destroyed_at=None, key_destroyed_at=None, is_complete=False),
    "problem": ProblemPage(
        shell=DESK,
        title="Too many tries",
        sentence="There were more tries with this link than we allow in a few minutes.",
        next_step="Wait for two minutes, then open the link again.",
        code="too_many_requests",
        back_url=f"/verification/{VERIFICATION}",
    ),
    "problem-bare": ProblemPage(
        shell=BareShell(installation="Verifier at Northbank"),
        title="Something went wrong on our side",
        sentence="We could not show this page. Nothing was changed.",
        next_step="Try again in a minute.",
        code="internal",
    ),
}
