"""Contact checks in words: whatever a policy can ask for, and however a check can end, there is a sentence for it."""

from policies.parts import METHODS_OF
from verifier.contacts.life import CheckState
from verifier.contacts.reasons import Reason
from verifier.web import proof_words, staff_check_views
from verifier.web.pages import words

_CHECKS = {(contact, method) for contact, methods in METHODS_OF.items() for method in methods}


def test_every_check_has_its_words_for_customers_and_for_the_desk() -> None:
    assert set(proof_words.TITLES) == set(proof_words.HINTS) == set(staff_check_views.LABELS) == _CHECKS


def test_every_end_and_every_reason_is_told_to_the_desk() -> None:
    assert set(staff_check_views.REASONS) == set(Reason)
    assert set(words.CHECKS) == set(CheckState)


def test_a_reason_without_a_sentence_for_customers_is_told_in_general() -> None:
    (method,) = METHODS_OF[next(each for each in METHODS_OF if each == "account")]
    assert proof_words.say_closed(["wrong_key"], method=method, locale="en") == "We could not confirm it this way."
    assert "ten minutes" in proof_words.say_closed(["too_old"], method=method, locale="en")
