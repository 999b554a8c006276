"""A key that should have been destroyed and is still there, for whoever has to notice that."""

from datetime import timedelta

from sqlalchemy import update

from verifier.ids import new_staff_id
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.verifications.tables import VerificationKeyRow
from verifier.wiring import House


def leave_a_key_undestroyed(house: House) -> None:
    """One that was due an hour ago, of a verification without a document."""
    asked = NewVerification(reference="CASE-1", policy="tutor-qualification")
    made = house.verifications.create(asked, actor=new_staff_id(), once=EVERY_TIME)
    with house.database.write() as session:
        hour_ago = house.clock.now(session) - timedelta(hours=1)
        of_it = VerificationKeyRow.verification_id == made.id
        session.execute(update(VerificationKeyRow).where(of_it).values(shred_by=hour_ago))
