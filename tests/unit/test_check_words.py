"""Contact checks in words: whatever a policy can ask for, and however a check can end, there is a sentence for it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from policies.parts import METHODS_OF, CheckMethod, ContactKind
from verifier.contacts.life import CheckState
from verifier.contacts.message.rules import Grade
from verifier.contacts.reading import CheckStatus
from verifier.contacts.reasons import Reason
from verifier.ids import CheckId
from verifier.web import proof_words, staff_check_views
from verifier.web.pages import words

_CHECKS = {(contact, method) for contact, methods in METHODS_OF.items() for method in methods}
_AT: Final = datetime(2026, 11, 22, tzinfo=UTC)
_MESSAGE: Final = CheckStatus(
    id=CheckId("chk_1"),
    contact=ContactKind.EMAIL,
    method=CheckMethod.MESSAGE,
    state=CheckState.CONFIRMED,
    reasons=(),
    grade=None,
    challenge=None,
    needs_address=False,
    tries_left=5,
    sends_left=3,
    code_expires_at=None,
    is_sent=False,
    failure=None,
    goes_at=None,
    created_at=_AT,
    decided_at=_AT,
)


def test_every_check_has_its_words_for_customers_and_for_the_desk() -> None:
    assert set(proof_words.TITLES) == set(proof_words.HINTS) == set(staff_check_views.LABELS) == _CHECKS


def test_every_end_and_every_reason_is_told_to_the_desk() -> None:
    assert set(staff_check_views.REASONS) == set(Reason)
    assert set(words.CHECKS) == set(CheckState)


def test_a_reason_without_a_sentence_for_customers_is_told_in_general() -> None:
    (method,) = METHODS_OF[next(each for each in METHODS_OF if each == "account")]
    assert proof_words.say_closed(["wrong_key"], method=method, locale="en") == "We could not confirm it this way."
    assert "ten minutes" in proof_words.say_closed(["too_old"], method=method, locale="en")


def test_a_person_is_told_how_closely_a_message_is_bound_to_its_author() -> None:
    assert set(staff_check_views.GRADES) == set(Grade)
    (check,) = staff_check_views.tell_checks([replace(_MESSAGE, grade=Grade.SAME_ORGANISATION)])
    assert check.hint == "Signed by another domain of the same organisation."
    (check,) = staff_check_views.tell_checks([replace(_MESSAGE, grade=None)])
    assert check.hint == ""
