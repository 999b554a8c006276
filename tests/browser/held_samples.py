"""The pages of a request whose policy has a law's minimum: what they say before its end, and after it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.browser.auditor_samples import STORED, kept_row, stored_row
from tests.browser.page_samples import CASE as ASKED
from tests.browser.page_samples import DECIDED, DESK, FACTS, LANDING, NOW, STATUS, TASK, TOKEN, VERIFICATION
from tests.browser.staff_samples import CASE, CASE_ENDED, NEW, REVIEW, UNCLAIMED
from verifier.web.pages.common import View
from verifier.web.pages.customer import WithdrawPage, WithdrawReason
from verifier.web.pages.exits import ExitPage
from verifier.web.pages.facts import Held, KeptByLaw
from verifier.web.pages.reviewer import ClaimState

_ACT: Final = "The bookkeeping act asks us to keep for a year what a payment was decided on."
LAWS: Final = (
    KeptByLaw(what="Documents", keep_for=timedelta(days=365), law=_ACT),
    KeptByLaw(what="What you typed", keep_for=timedelta(days=20), law="The payments act."),
)
HELD: Final = (
    Held(data="documents", what="Documents", until=NOW + timedelta(days=365), law=_ACT),
    Held(data="details", what="What you typed", until=NOW + timedelta(days=20), law="The payments act."),
)
_STAFF_LAWS: Final = (LAWS[0], replace(LAWS[1], what="What the customer typed"))
_STAFF_HELD: Final = (HELD[0], replace(HELD[1], what="What the customer typed"))
_SHELL: Final = replace(DESK, laws=LAWS)
_EXIT: Final = ExitPage(
    shell=_SHELL, reference=ASKED.reference, action=ASKED.action, form_token=TOKEN, is_over=False, is_noted=False
)
HELD_CUSTOMER: Final[Mapping[str, View]] = {
    "held-landing": replace(LANDING, shell=_SHELL),
    "held-task": replace(TASK, shell=_SHELL, facts=replace(FACTS, laws=LAWS)),
    "held-status-waiting": replace(STATUS, shell=_SHELL),
    "held-status": replace(
        DECIDED,
        shell=_SHELL,
        held=HELD,
        documents=tuple(replace(each, is_held=True) for each in STATUS.documents),
    ),
    **{
        f"held-withdraw-{reason}": WithdrawPage(
            shell=_SHELL, case=ASKED, verification_id=VERIFICATION, reason=reason, form_token=TOKEN
        )
        for reason in WithdrawReason
    },
    "held-exit": _EXIT,
    "held-exit-noted": replace(_EXIT, is_noted=True, form_token=""),
}
HELD_STAFF: Final[Mapping[str, View]] = {
    "held-new": replace(NEW, policies=tuple(replace(each, keeps_documents=True) for each in NEW.policies)),
    "held-case-before": replace(CASE, laws=_STAFF_LAWS),
    "held-case": replace(
        CASE_ENDED,
        answer_by=None,
        laws=_STAFF_LAWS,
        held=_STAFF_HELD,
        documents=tuple(replace(each, state="ready", is_held=True) for each in CASE.documents),
    ),
    "held-review": replace(REVIEW, keeps_documents=True),
    "held-review-decided": replace(
        UNCLAIMED, claim=ClaimState.DECIDED, status="approved", answer_by=None, keeps_documents=True, held=_STAFF_HELD
    ),
    "held-audit-stored": replace(
        STORED,
        rows=tuple(replace(stored_row(number), law=_ACT, state="ready", rule="approved") for number in range(2, 4)),
        total=2,
        overdue=0,
    ),
    "held-audit-kept": replace(
        STORED,
        rows=(
            replace(
                kept_row("What the customer typed", law="The payments act."),
                destroy_by=NOW - timedelta(hours=1),
                is_overdue=True,
            ),
            replace(stored_row(2), law=_ACT, state="ready", rule="approved"),
            kept_row("What the customer typed", law="The payments act."),
            kept_row("What is registered on the account", law=_ACT),
        ),
        total=1,
        kept=3,
        overdue=1,
    ),
}
