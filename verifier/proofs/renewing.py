"""What a new link means to the proof: which evidence ends with the old one, and who is asked again.

Guarantees: after it, nothing rests on a contact check that came before. Where what a reviewer has before them is no
longer enough, it goes back to the customer, who alone can show it again. Documents and details stay: a reviewer looks
at them, and they say what they said whoever held the link.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from policies.ask import is_satisfied
from verifier.contacts.lapsing import lapse_contacts
from verifier.proofs.offers import Means, plan_offers
from verifier.proofs.service import gather_evidence, read_besides, read_documents
from verifier.verifications.life import IN_REVIEW, VerificationState
from verifier.verifications.moves import get_policy, move
from verifier.verifications.tables import VerificationRow


def end_evidence_of_link(session: Session, now: datetime, row: VerificationRow, *, actor: str, means: Means) -> None:
    """Let contact checks lapse, plan anew what is offered, and take back what was handed in for review on them."""
    policy = get_policy(session, row)
    if not policy.has_contact_checks():
        return
    was_evidence = lapse_contacts(session, now, row.id)
    plan_offers(session, now, row, means=means)
    if not was_evidence or row.state not in IN_REVIEW:
        return
    left = gather_evidence(read_documents(session, row.id), read_besides(session, row))
    if not is_satisfied(policy, left):
        row.answer_by = None
        move(session, now, row, to=VerificationState.REQUESTED, actor=actor)
