"""Showing a link: whoever has it can act as the customer, so who is shown it is noted and logged first."""

from policies.access import Action
from verifier.ids import VerificationId
from verifier.staff.principal import Principal, may
from verifier.verifications.handlers import has_handled, show_link
from verifier.verifications.life import is_terminal
from verifier.verifications.moves import get_verification
from verifier.web.rooms import Rooms


def note_link_shown(rooms: Rooms, principal: Principal, verification: VerificationId) -> bool:
    """Whether the link may be shown to this principal now; noted before it is. Raises: UnknownVerificationError"""
    if not may(principal, Action.LINK_SHOW):
        return False
    with rooms.database.read() as session:
        if is_terminal(get_verification(session, verification).state):
            return False
        is_noted = has_handled(session, verification, actor=principal.actor)
    if not is_noted:
        with rooms.database.write() as session:
            show_link(session, rooms.clock.now(session), verification, actor=principal.actor)
    return True
