"""What a law makes us keep after the end, for whoever reads a page: in the policy's own words.

Guarantees: a page says that something is kept only where the policy that the verification began with says so; what is
kept now is told from the holds that lie on it, and what is over is left out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from policies.model import Policy
from policies.retention import DataClass
from verifier.evidence.life import DocumentState
from verifier.evidence.tables import DocumentRow
from verifier.locales import N_
from verifier.retention.holds import read_live_holds
from verifier.verifications.tables import VerificationRow
from verifier.web.pages.facts import Held, KeptByLaw
from verifier.web.pages.language import translator

_TO_CUSTOMERS: Final[Mapping[DataClass, str]] = {
    DataClass.DOCUMENTS: N_("Documents"),
    DataClass.DETAILS: N_("What you typed"),
    DataClass.CONTACT_POINTS: N_("What is registered on your account"),
}
TO_STAFF: Final[Mapping[DataClass, str]] = {
    DataClass.DOCUMENTS: N_("Documents"),
    DataClass.DETAILS: N_("What the customer typed"),
    DataClass.CONTACT_POINTS: N_("What is registered on the account"),
}
"""What each class is called, for whoever reads."""


def tell_laws(policy: Policy, *, locale: str, words: Mapping[DataClass, str] = _TO_CUSTOMERS) -> tuple[KeptByLaw, ...]:
    """What the laws of a policy keep, and how long: before anything was sent, and until the end."""
    _ = translator(locale)
    return tuple(
        KeptByLaw(what=_(words[hold.data]), keep_for=hold.keep_for, law=hold.law.in_language(locale))
        for hold in policy.retention.list_holds()
    )


def keeps_documents(policy: Policy) -> bool:
    """Whether documents stay longer than the rest."""
    return policy.retention.find_hold(DataClass.DOCUMENTS) is not None


def is_held(document: DocumentRow, held: Sequence[Held]) -> bool:
    """Whether this document is among what a law keeps now: only what was checked is."""
    return document.state is DocumentState.READY and any(each.data == DataClass.DOCUMENTS for each in held)


def tell_held(
    session: Session,
    now: datetime,
    row: VerificationRow,
    *,
    policy: Policy,
    locale: str,
    words: Mapping[DataClass, str] = _TO_CUSTOMERS,
) -> tuple[Held, ...]:
    """What of an ended verification is kept now, until when and by which law."""
    _ = translator(locale)
    return tuple(
        Held(
            data=hold.data,
            what=_(words[DataClass(hold.data)]),
            until=hold.ends_at,
            law=law.law.in_language(locale),
        )
        for hold in read_live_holds(session, now, [row.id])
        if (law := policy.retention.find_law(hold.reason)) is not None
    )
