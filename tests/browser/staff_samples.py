"""One sample of every staff page in every state, with invented data."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.browser.auditor_samples import AUDIT, AUDITOR, SHELL
from tests.browser.page_samples import (
    BACK_ID,
    FRONT_ID,
    NOW,
    RECEIPT,
    TOKEN,
    VERIFICATION,
)
from verifier.web.pages.agent import (
    CaseDocument,
    CasePage,
    CaseRow,
    ExpectedField,
    Language,
    Link,
    NewPage,
    NewResult,
    NewValues,
    PolicyChoice,
)
from verifier.web.pages.common import BareShell, FieldError, ProblemPage, View
from verifier.web.pages.reviewer import (
    Caption,
    Choice,
    ClaimState,
    DecisionValues,
    Detail,
    Expected,
    Moment,
    Note,
    PageImage,
    QueuePage,
    QueueRow,
    ReviewPage,
)
from verifier.web.pages.staff import SignInLandingPage, SignInPage
from verifier.web.pages.staff_checks import StaffCheck

BARE: Final = BareShell(installation="Verifier at Northbank")
LINK: Final = Link(
    url="https://verify.northbank.example/v/9Jm3cO1rQ0vT7yZ2bK5dF8hL4nP6sW-uXaEgIiMoRqU",
    expires_at=NOW + timedelta(days=3),
    reply=(
        "Hello,\n\nbefore we can go on we need to know that the account is yours. Please open this link and follow "
        "it:\n\nhttps://verify.northbank.example/v/9Jm3cO1rQ0vT7yZ2bK5dF8hL4nP6sW-uXaEgIiMoRqU\n\nPlease do not attach "
        "documents to this ticket. The page shows two words: amber heron. We see the same two."
    ),
    phrase="amber heron",
)


def case_row(number: int, status: str, *, is_late: bool = False) -> CaseRow:
    return CaseRow(
        verification_id=VERIFICATION,
        reference=f"NB-2026/0{number}",
        policy_title="Get back into your account",
        status=status,
        created_at=NOW - timedelta(hours=number % 40),
        answer_by=NOW,
        is_late=is_late,
    )


NEW: Final = NewPage(
    shell=replace(SHELL, current="new"),
    form_token=TOKEN,
    policies=(
        PolicyChoice(
            name="account-recovery",
            title="Get back into your account",
            expected=(
                ExpectedField(name="full_name", label="Full name on the account"),
                ExpectedField(name="date_of_birth", label="Date of birth"),
            ),
        ),
        PolicyChoice(
            name="qualification-check",
            title="Show that you hold your qualification",
            expected=(
                ExpectedField(name="full_name", label="Full name"),
                ExpectedField(name="qualification", label="Qualification that they say they hold"),
            ),
        ),
    ),
    languages=(Language(code="en", name="English"),),
    values=NewValues(policy="account-recovery"),
    result=None,
    cases=(),
    older_url=None,
)
CASES: Final = (
    case_row(4127, "requested"),
    case_row(4125, "submitted", is_late=True),
    case_row(4119, "approved"),
    case_row(4102, "rejected"),
    case_row(4098, "withdrawn"),
    case_row(4077, "second_review"),
)
CASE: Final = CasePage(
    shell=replace(SHELL, current="new"),
    form_token=TOKEN,
    verification_id=VERIFICATION,
    reference="NB-2026/04127",
    policy_title="Get back into your account",
    status="submitted",
    created_at=NOW - timedelta(hours=5),
    answer_by=NOW + timedelta(hours=43),
    is_late=False,
    decided_at=None,
    reasons=(),
    link=LINK,
    has_new_link=False,
    is_disowned=False,
    can_renew=True,
    can_cancel=True,
    documents=(
        CaseDocument(label="Identity document, front", state="ready", receipt_url=None),
        CaseDocument(label="Identity document, back", state="sealed", receipt_url=None),
    ),
)
CHECKS: Final = (
    StaffCheck(
        label="Code to the registered e-mail address",
        state="failed",
        reasons=("There were five wrong tries.",),
        at=NOW,
        contact="email",
    ),
    StaffCheck(
        label="Code to the registered phone",
        state="open",
        reasons=("The last code was wrong.",),
        at=NOW,
        contact="phone",
        takes_code=True,
        hint="A code was sent.",
    ),
    StaffCheck(label="DNS record of the registered domain", state="confirmed", reasons=(), at=NOW, contact="domain"),
)
CASE_CHECKS: Final = replace(
    CASE, status="requested", checks=CHECKS, errors=(FieldError(field="code-phone", sentence="This is not a code."),)
)
CASE_ENDED: Final = replace(
    CASE,
    status="rejected",
    decided_at=NOW,
    reasons=("The name on the document is not the name on the account.",),
    link=None,
    can_renew=False,
    can_cancel=False,
    documents=(
        CaseDocument(
            label="Identity document, front", state="disposed", receipt_url=f"/cases/{VERIFICATION}/receipts/{FRONT_ID}"
        ),
        CaseDocument(label="Identity document, back", state="disposing", receipt_url=None),
    ),
)


def queue_row(number: int) -> QueueRow:
    waiting = timedelta(hours=60 - number * 2)
    return QueueRow(
        verification_id=VERIFICATION,
        reference=f"NB-2026/04{number:03}",
        policy_title="Get back into your account" if number % 3 else "Show that you hold your qualification",
        waiting_since=NOW - waiting,
        waiting_for=waiting,
        answer_by=NOW + timedelta(hours=48) - waiting,
        is_late=waiting > timedelta(hours=48),
        line=2 if number % 5 == 0 else 1,
        claimed_by={2: "Kim", 4: "Alex"}.get(number % 7),
        is_mine=number == 1,
        refusal="You had a hand in this request, so somebody else decides." if number == 6 else None,
    )


QUEUE: Final = QueuePage(
    shell=replace(SHELL, current="queue"),
    form_token=TOKEN,
    rows=tuple(queue_row(number) for number in range(1, 4)),
    total=3,
    late=3,
    has_next=True,
)
REVIEW: Final = ReviewPage(
    shell=replace(SHELL, current="queue"),
    form_token=TOKEN,
    verification_id=VERIFICATION,
    reference="NB-2026/04127",
    case_url="https://desk.northbank.example/tickets/04127",
    policy_title="Get back into your account",
    status="submitted",
    line=1,
    claim=ClaimState.MINE,
    holder=None,
    barred_because=None,
    claimed_until=NOW + timedelta(minutes=15),
    claim_for=timedelta(minutes=15),
    answer_by=NOW + timedelta(hours=3),
    is_late=False,
    pages=(
        PageImage(document=FRONT_ID, label="Identity document, front", number=1, count=1, is_fetched=True),
        PageImage(document=BACK_ID, label="Identity document, back", number=1, count=2, is_fetched=False),
        PageImage(document=BACK_ID, label="Identity document, back", number=2, count=2, is_fetched=False),
    ),
    expected=(
        Expected(label="Full name on the account", value="Ada Example"),
        Expected(label="Earlier name", value="Ada Sample"),
        Expected(label="Date of birth", value="1985-03-14"),
    ),
    checklist=(
        "The full name is the one on the account, or its known earlier name.",
        "The date of birth is the one on the account.",
        "The document has not expired.",
        "Nothing suggests that the document or the picture was changed. What the customer covered is no such sign.",
    ),
    timeline=(
        Moment(at=NOW - timedelta(hours=5), sentence="Kim requested the verification."),
        Moment(at=NOW - timedelta(hours=4), sentence="The customer opened the link."),
        Moment(at=NOW - timedelta(hours=4), sentence="The customer handed in two documents."),
    ),
    notes=(Note(by="Alex", at=NOW - timedelta(hours=1), text="Please look at the date again."),),
    reasons=(
        Choice(value="unreadable", label="We could not read everything that we need to see."),
        Choice(value="name_differs", label="The name on the document is not the name on the account."),
        Choice(value="not_the_owner", label="What you sent does not show that the account is yours."),
    ),
    documents=(
        Choice(value=FRONT_ID, label="Identity document, front"),
        Choice(value=BACK_ID, label="Identity document, back"),
    ),
    can_escalate=True,
    resubmissions_left=3,
    values=DecisionValues(),
)
UNCLAIMED: Final = replace(REVIEW, claim=ClaimState.FREE, claimed_until=None, pages=(), expected=(), notes=())
STAFF: Final[Mapping[str, View]] = {
    "sign-in": SignInPage(shell=BARE),
    "sign-in-after": SignInPage(shell=BARE, has_signed_out=True),
    "sign-in-landing": SignInLandingPage(
        shell=BARE, open_url="/sign-in/sample", form_token=TOKEN, expires_at=NOW + timedelta(minutes=15)
    ),
    "new-empty": NEW,
    "new-result": replace(
        NEW,
        result=NewResult(verification_id=VERIFICATION, reference="NB-2026/04127", link=LINK, is_same=False),
        cases=CASES,
        older_url="/new?cursor=x",
    ),
    "new-errors": replace(
        NEW,
        values=NewValues(
            reference="ada@example.org",
            policy="account-recovery",
            expected={"account-recovery.full_name": "Ada Example"},
        ),
        cases=CASES,
        errors=(FieldError(field="reference", sentence="Use the case number, not an e-mail address."),),
    ),
    "new-found": replace(NEW, cases=CASES[:1], found_for="NB-2026/04127", find="NB-2026/04127"),
    "new-found-none": replace(NEW, found_for="NB-2026/99999", find="NB-2026/99999"),
    "case": CASE,
    "case-checks": CASE_CHECKS,
    "review-checks": replace(REVIEW, checks=CHECKS),
    "case-key-lost": replace(CASE_ENDED, status="cancelled", reasons=(), is_key_lost=True),
    "case-disowned": replace(CASE_ENDED, status="withdrawn", reasons=(), is_disowned=True),
    "case-renewed": replace(CASE, status="requested", documents=(), has_new_link=True),
    "case-ended": CASE_ENDED,
    "queue": QUEUE,
    "queue-many": replace(
        QUEUE,
        rows=tuple(queue_row(number) for number in range(1, 26)),
        total=180,
        late=12,
        notice="The decision on NB-2026/04119 was sent.",
    ),
    "queue-none": replace(QUEUE, rows=(), total=0, late=0, has_next=False),
    "review": REVIEW,
    "review-second": replace(REVIEW, line=2, status="second_review", is_late=True, resubmissions_left=0, notes=()),
    "review-errors": replace(
        REVIEW,
        values=DecisionValues(outcome="reject", note="Looks odd."),
        errors=(FieldError(field="reasons", sentence="Choose at least one reason, so that the customer knows why."),),
    ),
    "review-empty": replace(REVIEW, pages=(), documents=(), expected=(), checklist=(), notes=()),
    "review-details": replace(
        REVIEW,
        details=(
            Detail(label="Transaction", given="ab" * 32, expected="ab" * 32, comparison="same"),
            Detail(label="Amount", given="1234.56 EUR", expected="1234.50 EUR", comparison="differs"),
            Detail(label="Name of the wallet", given="my <b>old</b> wallet", expected=None, comparison="not_known"),
            Detail(label="Day of the payment", given=None, expected="2026-11-22", comparison="not_known"),
        ),
        captions=(Caption(number=2, label="Screenshots, second", text="What it said then"),),
        pages=(replace(REVIEW.pages[0], caption="What it said then"), *REVIEW.pages[1:]),
    ),
    "review-free": UNCLAIMED,
    "review-taken": replace(UNCLAIMED, claim=ClaimState.TAKEN, holder="Kim"),
    "review-barred": replace(
        UNCLAIMED,
        claim=ClaimState.BARRED,
        barred_because="You had a hand in this request, so somebody else decides.",
    ),
    "review-decided": replace(UNCLAIMED, claim=ClaimState.DECIDED, status="approved", answer_by=None),
    **AUDIT,
    "staff-receipt": replace(RECEIPT, shell=AUDITOR, back_url="/audit?tab=destroyed"),
    "staff-problem": ProblemPage(
        shell=replace(SHELL, warnings=("The decoder's sandbox does not hold on this machine. This is a demo only.",)),
        title="Somebody else was faster",
        sentence="Another reviewer took this verification a moment ago.",
        next_step="Take the next one from the queue.",
        code="already_claimed",
        back_url="/queue",
    ),
}
