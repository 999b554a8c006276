"""Whether anybody but the one who asks has heard of a verification, before contact checks alone decide it.

Guarantees: who could not be told, because of a limit, a refusal or a gateway that was away, counts as not told; so does
who was told of a link that was replaced since, and a contact point that changed recently, for whoever took one over may
have registered it. Leaves to others: the telling.
"""

from collections.abc import Set as AbstractSet

from sqlalchemy.orm import Session

from policies.parts import ContactKind
from verifier.contacts.codes import CHANNEL_OF
from verifier.contacts.exits import read_told
from verifier.contacts.registered import read_points
from verifier.ids import VerificationId
from verifier.notices.standing import has_gone_out


def find_unheard(
    session: Session,
    verification: VerificationId,
    *,
    used: AbstractSet[ContactKind],
    recent: AbstractSet[ContactKind],
) -> frozenset[ContactKind]:
    """The other contact points that were given, where none of them was both told and left unchanged; else nothing."""
    others = frozenset(read_points(session, verification)) & frozenset(CHANNEL_OF) - used
    notices = read_told(session, verification)
    heard = {
        contact
        for contact in others - recent
        if (notice := notices.get(CHANNEL_OF[contact])) is not None and has_gone_out(session, notice)
    }
    return frozenset() if heard else others
