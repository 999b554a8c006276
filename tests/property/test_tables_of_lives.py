"""The lives, pair by pair, and what satisfies a policy: whatever is not allowed is refused."""

from itertools import product

import pytest

from policies.model import Policy
from policies.parts import CheckMethod
from tests.case_policies import CASE_POLICIES
from tests.property.reach import document_slots, reach_of
from verifier.contacts import life as checks_life
from verifier.contacts.errors import CheckEndedError
from verifier.contacts.life import CheckState, may_begin_after, verify_step
from verifier.contacts.verdict import Outcome
from verifier.evidence import life as documents_life
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.proofs.errors import NotEverythingSentError, StillCheckingError
from verifier.proofs.service import verify_satisfied
from verifier.verifications import life as verifications_life
from verifier.verifications.errors import AlreadyDecidedError, WrongStateError
from verifier.verifications.life import LIVE, VerificationState, is_terminal, verify_move


def test_the_life_of_a_verification_says_yes_or_no_to_every_pair() -> None:
    assert set(verifications_life.NEXT) == set(VerificationState)
    for before, after in product(VerificationState, VerificationState):
        if after in verifications_life.NEXT[before]:
            verify_move(before, after)
        else:
            with pytest.raises(AlreadyDecidedError if is_terminal(before) else WrongStateError):
                verify_move(before, after)
    assert set(verifications_life.RULE_OF_END) == set(VerificationState) - LIVE
    assert all(VerificationState.EXPIRED in verifications_life.NEXT[state] for state in LIVE), "each has a latest end"


def test_the_life_of_a_document_knows_every_state_and_ends_in_disposal_only() -> None:
    assert set(documents_life.NEXT) == set(DocumentState)
    ends = [state for state, after in documents_life.NEXT.items() if not after]
    assert ends == [DocumentState.DISPOSED]
    assert all(DocumentState.DISPOSED in reach_of(documents_life.NEXT, state) for state in DocumentState)


def test_the_life_of_a_contact_check_says_yes_or_no_to_every_pair() -> None:
    assert set(checks_life.NEXT) == set(CheckState)
    for before, after in product(CheckState, CheckState):
        if after in checks_life.NEXT[before]:
            verify_step(before, after)
        else:
            with pytest.raises(CheckEndedError):
                verify_step(before, after)
    assert set(checks_life.STATE_OF) == set(Outcome)
    assert CheckState.LAPSED not in checks_life.STATE_OF.values(), "no verdict: it comes with another link"
    assert all(CheckState.LAPSED in checks_life.NEXT[state] for state in (CheckState.OPEN, CheckState.CONFIRMED))
    assert all(CheckState.CONFIRMED not in after for before, after in checks_life.NEXT.items() if before != "open")


@pytest.mark.parametrize("method", CheckMethod)
def test_what_lapsed_may_come_again_and_what_was_guessed_at_may_not(method: CheckMethod) -> None:
    may = {state for state in CheckState if may_begin_after(state, method)}
    ended = set() if method is CheckMethod.CODE else {CheckState.MISMATCH, CheckState.FAILED}
    assert may == {CheckState.UNCONFIRMED, CheckState.LAPSED} | ended


# --- P7: policies × what is there × outcomes.


@pytest.mark.parametrize("policy", CASE_POLICIES.values(), ids=lambda policy: policy.name)
def test_only_a_whole_line_of_ready_documents_satisfies_a_policy(policy: Policy) -> None:
    places = [(slot.document, slot.slot) for slot in policy.slots()]
    lines = [document_slots(line) for line in policy.ladder]
    for states in product((None, *DocumentState), repeat=len(places)):
        rows = [
            DocumentRow(document=document, slot=slot, state=state)
            for (document, slot), state in zip(places, states, strict=True)
            if state is not None
        ]
        ready = {(row.document, row.slot) for row in rows if row.state is DocumentState.READY}
        if {DocumentState.RECEIVING, DocumentState.SEALED} & set(states):
            with pytest.raises(StillCheckingError):
                verify_satisfied(policy, rows)
        elif any(line <= ready for line in lines):
            verify_satisfied(policy, rows)
        else:
            with pytest.raises(NotEverythingSentError):
                verify_satisfied(policy, rows)
