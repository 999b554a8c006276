"""The pages of a customer's way, in every state: contact checks, the list of steps, the other ways, the exit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from policies.parts import CheckMethod, ContactKind
from verifier.contacts.wallet import wallet_message
from verifier.web.pages.checks import CheckPage, CheckStage, Delivery
from verifier.web.pages.common import CustomerShell, FieldError, View
from verifier.web.pages.customer import Case, StatusCheck
from verifier.web.pages.exits import ExitPage
from verifier.web.pages.facts import Facts
from verifier.web.pages.steps import NoWayPage, Step, StepsPage, StepState, WayChoice, WaysPage
from verifier.web.proof_words import HINTS, TITLES

NOW: Final = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
VERIFICATION: Final = "ver_" + "a" * 26
CHALLENGE: Final = f"verifier/v1/{VERIFICATION}/hosting-account-change/{'b' * 26}"
_CASE: Final = Case(reference="NB-2026/04127", action="Change something at your hosting account", phrase="amber heron")
_SHELL: Final = CustomerShell(desk="Northbank support")
_ALONE: Final = Facts(
    reviewers=0,
    answer_for=timedelta(hours=4),
    destroy_by=NOW + timedelta(days=2),
    why="We ask for this so that only the people whose contacts are on the account can change anything.",
    is_first=True,
    can_choose=True,
)
_SEEN: Final = replace(_ALONE, reviewers=1, can_choose=False)


def check(contact: ContactKind, method: CheckMethod, stage: CheckStage = CheckStage.BEGIN) -> CheckPage:
    """The page of one check, as it is before anything was done."""
    return CheckPage(
        shell=_SHELL,
        case=_CASE,
        verification_id=VERIFICATION,
        form_token="sample",
        facts=_ALONE,
        contact=contact,
        method=method,
        stage=stage,
        title=TITLES[contact, method],
        is_alone=True,
        changed="c1",
        check=None if stage is CheckStage.BEGIN else "chk_" + "c" * 26,
        sends_left=4,
    )


_EMAIL: Final = check(ContactKind.EMAIL, CheckMethod.CODE)
_CODE: Final = replace(
    check(ContactKind.EMAIL, CheckMethod.CODE, CheckStage.ANSWER),
    delivery=Delivery.SENT,
    expires_at=NOW + timedelta(minutes=10),
)
_DNS: Final = replace(check(ContactKind.DOMAIN, CheckMethod.DNS, CheckStage.ANSWER), shown=CHALLENGE)
_WALLET: Final = replace(
    check(ContactKind.WALLET, CheckMethod.SIGNATURE, CheckStage.ANSWER),
    shown=wallet_message(CHALLENGE, desk=_SHELL.desk),
)
_WRONG: Final = FieldError(field="code", sentence="This is not the code that we sent. You can try 4 more times.")
_STEPS: Final = StepsPage(
    shell=_SHELL,
    case=replace(_CASE, action="Get your wallet back"),
    verification_id=VERIFICATION,
    form_token="sample",
    facts=replace(_SEEN, can_choose=True),
    steps=(
        Step(title=TITLES[ContactKind.EMAIL, CheckMethod.CODE], url="/x", state=StepState.DONE),
        Step(title="Transaction", url="/x", state=StepState.TO_DO),
        Step(title="Proof of ownership", url="/x", state=StepState.AGAIN, hint="The picture is too dark."),
        Step(title="Bank statement", url="/x", state=StepState.BUSY),
        Step(title="Screenshots", url="/x", state=StepState.OPTIONAL),
    ),
    can_submit=False,
    changed="s1",
)
_ASKED: Final = ((ContactKind.EMAIL, CheckMethod.CODE), (ContactKind.PHONE, CheckMethod.CODE))
_WAYS: Final = WaysPage(
    shell=_SHELL,
    case=_CASE,
    verification_id=VERIFICATION,
    form_token="sample",
    ways=(
        *(
            WayChoice(line=line, parts=(TITLES[each],), hint=HINTS[each], is_current=line == 0, has_something=line == 1)
            for line, each in enumerate(_ASKED)
        ),
        WayChoice(
            line=3,
            parts=("The answers to 2 questions", "Proof of ownership", "Screenshots, if you want to add it"),
            hint="You type what you know: Transaction, Amount. You take a photo or choose a file.",
            is_current=False,
            has_something=False,
        ),
    ),
)
_EXIT: Final = ExitPage(
    shell=_SHELL, reference=_CASE.reference, action=_CASE.action, form_token="sample", is_over=False, is_noted=False
)

CONFIRMED: Final = (
    StatusCheck(label=TITLES[ContactKind.EMAIL, CheckMethod.CODE], confirmed_at=NOW - timedelta(minutes=1)),
)
CHECK_PAGES: Final[Mapping[str, View]] = {
    **{f"check-begin-{contact}-{method}": check(contact, method) for contact, method in TITLES},
    "check-begin-digest": replace(_EMAIL, needs_address=True),
    "check-begin-closed": replace(
        check(ContactKind.PHONE, CheckMethod.CODE),
        facts=replace(_ALONE, is_first=True, closed="The code was wrong five times, so this way is closed."),
    ),
    "check-begin-error": replace(
        _EMAIL, errors=(FieldError(field="begin", sentence="We cannot send another code now. Try again later."),)
    ),
    "check-wait": check(ContactKind.EMAIL, CheckMethod.CODE, CheckStage.WAIT),
    **{
        f"check-address-{kind}": check(kind, method, CheckStage.ADDRESS)
        for kind, method in TITLES
        if kind is not ContactKind.ACCOUNT
    },
    "check-address-error": replace(
        check(ContactKind.EMAIL, CheckMethod.CODE, CheckStage.ADDRESS),
        said="jo@exmaple.org",
        errors=(FieldError(field="address", sentence="This is not what is registered on the account."),),
    ),
    "check-code": _CODE,
    "check-code-phone": replace(_CODE, contact=ContactKind.PHONE, is_alone=False),
    "check-code-sending": replace(_CODE, delivery=Delivery.SENDING),
    "check-code-later": replace(_CODE, delivery=Delivery.LATER, goes_at=NOW + timedelta(seconds=90), sends_left=1),
    "check-code-failed": replace(_CODE, delivery=Delivery.FAILED),
    "check-code-wrong": replace(_CODE, errors=(_WRONG,)),
    "check-code-expired": replace(_CODE, is_expired=True),
    "check-code-used-up": replace(_CODE, sends_left=0),
    "check-dns": _DNS,
    "check-dns-not-yet": replace(_DNS, errors=(FieldError(field="look", sentence="We looked and did not find it."),)),
    "check-file": replace(_DNS, method=CheckMethod.FILE),
    "check-wallet": _WALLET,
    "check-wallet-error": replace(
        _WALLET, said="0x12", errors=(FieldError(field="signature", sentence="We could not read it."),)
    ),
    "check-message": check(ContactKind.EMAIL, CheckMethod.MESSAGE, CheckStage.ANSWER),
    "check-login": check(ContactKind.ACCOUNT, CheckMethod.ATTESTATION, CheckStage.ANSWER),
    "steps": _STEPS,
    "steps-errors": replace(_STEPS, errors=(FieldError(field="submit", sentence="Something is still missing."),)),
    "ways": _WAYS,
    "ways-error": replace(_WAYS, errors=(FieldError(field="line-0", sentence="Choose one of the ways below."),)),
    "no-way": NoWayPage(
        shell=_SHELL,
        case=_CASE,
        verification_id=VERIFICATION,
        closed="The code was wrong five times, so this way is closed.",
    ),
    "exit": _EXIT,
    "exit-over": replace(_EXIT, is_over=True),
    "exit-noted": replace(_EXIT, is_noted=True, form_token=""),
}
