"""What every staff page shares: the frame around it, where its reader begins, and how documents are called."""

from collections.abc import Mapping
from typing import Final

from fastapi import Request

from policies.access import Action
from policies.model import Policy
from verifier.evidence.tables import DocumentRow
from verifier.staff.principal import Principal, may
from verifier.web.pages.common import BareShell, StaffShell
from verifier.web.rooms import StaffRooms

LOCALE: Final = "en"
"""The language of staff pages."""

_FIRST_PAGES: Final[Mapping[Action, str]] = {
    Action.QUEUE_READ: "/queue",
    Action.VERIFICATION_CREATE: "/new",
    Action.AUDIT_READ: "/audit",
}


def name_installation(desk: str) -> str:
    return f"Verifier at {desk}"


def bare_shell(*, desk: str) -> BareShell:
    """The frame of a page for whoever is not signed in."""
    return BareShell(installation=name_installation(desk))


def staff_shell(request: Request, principal: Principal, *, rooms: StaffRooms, current: str = "") -> StaffShell:
    """The frame of a page for whoever is signed in; `current` is its entry in the navigation."""
    return StaffShell(
        installation=name_installation(rooms.desk_name),
        person=principal.display_name,
        roles=frozenset(role.value for role in principal.roles),
        form_token=rooms.principals.form_token_of(request),
        current=current,
        warnings=rooms.warnings,
    )


def find_first_page(principal: Principal) -> str | None:
    """Where this person begins; `None` for who has no page at all."""
    return next((page for action, page in _FIRST_PAGES.items() if may(principal, action)), None)


def label_document(policy: Policy, document: DocumentRow) -> str:
    """Such as "Front", with the document's name before it where the policy has several."""
    rules = policy.documents[document.document]
    slot = rules.slot_titles[document.slot].in_language(LOCALE)
    return slot if len(policy.documents) == 1 else f"{rules.title.in_language(LOCALE)}: {slot}"
