"""Turns a customer's reading into the page of one contact check. Facts only: nothing sealed is opened here."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from policies.parts import CheckMethod, ContactRequirement
from verifier.contacts.code import MOST_SENDS
from verifier.contacts.life import CheckState, Result
from verifier.contacts.reading import CheckStatus, SubmissionStatus
from verifier.contacts.wallet import wallet_message
from verifier.web.answers.answer import N_
from verifier.web.customer_views import CustomerReading
from verifier.web.pages.checks import CheckPage, CheckStage, Delivery
from verifier.web.pages.common import FieldError
from verifier.web.pages.language import load_sentences, translator
from verifier.web.proof_words import say_looked, title_check
from verifier.web.step_views import find_last_check, find_only_check, tell_facts

_SOON: Final = timedelta(seconds=3)
_SAID: Final[Mapping[Result, str]] = {
    Result.CODE_EXPIRED: N_("This code is no longer valid. Have another one sent."),
    Result.TOO_MANY_SENDS: N_("We cannot send another code now, because so many were sent. Try again later."),
    Result.ADDRESS_DIFFERS: N_("This is not what is registered on the account. Look for a slip of the pen."),
    Result.MOOT: N_("This came too late to count. Please try once more."),
}


def check_page(
    reading: CustomerReading,
    item: ContactRequirement,
    *,
    form_token: str,
    submission: SubmissionStatus | None = None,
    said: str = "",
    errors: tuple[FieldError, ...] = (),
) -> CheckPage:
    """`submission`: what the customer handed in last, where the page was asked what became of it."""
    check = find_last_check(reading, item)
    is_open = check is not None and check.state is CheckState.OPEN
    stage = _find_stage(item, check if is_open else None, submission)
    delivery = Delivery.NONE if check is None or not is_open else _find_delivery(reading, check)
    return CheckPage(
        errors=errors or (() if check is None else _tell_result(reading, check, submission, stage=stage)),
        shell=reading.shell,
        case=reading.case(),
        verification_id=reading.row.id,
        form_token=form_token,
        facts=tell_facts(reading),
        contact=item.contact,
        method=item.by,
        stage=stage,
        title=title_check((item.contact, item.by), locale=reading.locale),
        is_alone=find_only_check(reading) is not None,
        changed=reading.changed(),
        check=check.id if check is not None and is_open else None,
        needs_address=item.contact in reading.untold,
        shown=_find_shown(reading, check) if check is not None and is_open else "",
        said=said,
        delivery=delivery,
        goes_at=check.goes_at if check is not None and delivery is Delivery.LATER else None,
        expires_at=None if check is None else check.code_expires_at,
        is_expired=_is_expired(reading, check),
        sends_left=MOST_SENDS if check is None else check.sends_left,
        after="" if submission is None else submission.id,
    )


def _find_stage(item: ContactRequirement, check: CheckStatus | None, submission: SubmissionStatus | None) -> CheckStage:
    if submission is not None and not submission.is_judged:
        return CheckStage.WAIT
    if check is None:
        return CheckStage.BEGIN
    if check.needs_address:
        return CheckStage.ADDRESS
    if item.by is CheckMethod.CODE and check.code_expires_at is None:
        return CheckStage.BEGIN  # nothing could be sent yet
    return CheckStage.ANSWER


def _find_delivery(reading: CustomerReading, check: CheckStatus) -> Delivery:
    if check.code_expires_at is None:
        return Delivery.NONE
    if check.is_sent:
        return Delivery.SENT
    if check.failure is not None:
        return Delivery.FAILED
    waits = check.goes_at is not None and check.goes_at > reading.now + _SOON
    return Delivery.LATER if waits else Delivery.SENDING


def _is_expired(reading: CustomerReading, check: CheckStatus | None) -> bool:
    return check is not None and check.code_expires_at is not None and check.code_expires_at <= reading.now


def _find_shown(reading: CustomerReading, check: CheckStatus) -> str:
    """What is to be shown back: the challenge, or the message that a wallet signs, as the judge builds it too."""
    if check.challenge is None:
        return ""
    if check.method is CheckMethod.SIGNATURE:
        return wallet_message(check.challenge, desk=reading.shell.desk)
    return check.challenge


def _tell_result(
    reading: CustomerReading, check: CheckStatus, submission: SubmissionStatus | None, *, stage: CheckStage
) -> tuple[FieldError, ...]:
    """What became of what was handed in, where it is for the reader to mend."""
    if submission is None or check.state is not CheckState.OPEN:
        return ()
    sentences, result = load_sentences(reading.locale), submission.result
    field = "code" if stage is CheckStage.ANSWER and check.method is CheckMethod.CODE else stage.value
    if result is Result.WRONG_CODE:
        left = check.tries_left
        tries = sentences.ngettext("You can try %(num)s more time.", "You can try %(num)s more times.", left)
        said = f"{sentences.gettext('This is not the code that we sent.')} {tries % {'num': left}}"
    elif result is Result.NOT_YET:
        field = "signature" if check.method is CheckMethod.SIGNATURE else "look"
        said = say_looked(check.reasons, locale=reading.locale)
    elif result in _SAID:
        said = translator(reading.locale)(_SAID[result])
    else:
        return ()
    return (FieldError(field=field, sentence=said),)
