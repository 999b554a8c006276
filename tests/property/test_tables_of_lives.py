"""The two lives, pair by pair, and what satisfies a policy: whatever is not allowed is refused."""

from itertools import product

import pytest

from policies.model import Policy
from tests.case_policies import CASE_POLICIES
from tests.property.reach import document_slots, reach_of
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
