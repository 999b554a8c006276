"""Showing a link: whoever has it can act as the customer, so who is shown it is noted and logged first.

Guarantees: nothing of a link can be rendered without a `Noted`, which only `note_link_shown` makes, and which stands
for one verification.
"""

from dataclasses import dataclass

from policies.access import Action
from verifier.ids import VerificationId
from verifier.staff.principal import Principal, may
from verifier.verifications.handlers import has_handled, show_link
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_verification, lock_verification
from verifier.verifications.tables import VerificationRow
from verifier.web.rooms import StaffRooms


@dataclass(frozen=True)
class Noted:
    """That somebody is noted as one who saw the link of this verification."""

    verification: VerificationId


def note_link_shown(rooms: StaffRooms, principal: Principal, verification: VerificationId) -> Noted | None:
    """Note it before the link is shown; nothing where it may not be shown. Raises: UnknownVerificationError"""
    if not may(principal, Action.LINK_SHOW):
        return None
    with rooms.database.read() as session:
        if is_terminal(get_verification(session, verification).state):
            return None
        is_noted = has_handled(session, verification, actor=principal.actor)
    if not is_noted:
        with rooms.database.write() as session:
            lock_verification(session, verification)
            show_link(session, rooms.clock.now(session), verification, actor=principal.actor)
    return Noted(verification)


def get_link_url(noted: Noted, row: VerificationRow, *, rooms: StaffRooms) -> str:
    """The address that the customer opens."""
    if noted.verification != row.id:
        raise ValueError("who is shown this link was noted for another verification")
    return f"{rooms.public_url}/v/{rooms.verifications.get_link_token(row)}"
