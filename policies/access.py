"""Who may do what: the table `access.yaml`, read strictly and answered totally.

Guarantees that the file names every pair of role and action, gives every action one reach, and puts every action into
a scope or keeps it from API keys; a gap or an unknown word refuses the start. What is not in the table is refused.
Who somebody is (`verifier.staff`) and whether they hold the claim (`verifier.reviews`) are checked elsewhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TypeVar

from policies.nodes import Node, read_tree
from policies.reading import read_choice, read_fields, read_items


class Role(StrEnum):
    """What somebody is to this product; one person may be several."""

    AGENT = "agent"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Action(StrEnum):
    """Everything that staff and their API keys can ask for. Closed: a route without an action cannot exist."""

    VERIFICATION_CREATE = "verification.create"
    VERIFICATION_LIST = "verification.list"
    VERIFICATION_READ = "verification.read"
    VERIFICATION_CANCEL = "verification.cancel"
    LINK_SHOW = "link.show"
    LINK_RENEW = "link.renew"
    DOCUMENT_UPLOAD_ON_BEHALF = "document.upload_on_behalf"
    CONTACT_SET = "contact.set"
    CONTACT_CHECK_READ = "contact_check.read"
    CONTACT_CHECK_SUBMIT = "contact_check.submit"
    QUEUE_READ = "queue.read"
    CLAIM_TAKE = "claim.take"
    CLAIM_NEXT = "claim.next"
    CLAIM_RELEASE = "claim.release"
    DOCUMENT_LIST = "document.list"
    PAGE_VIEW = "page.view"
    DECISION_MAKE = "decision.make"
    RECEIPT_READ = "receipt.read"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    AUDIT_PROOF = "audit.proof"
    RETENTION_READ = "retention.read"
    POLICY_READ = "policy.read"
    STAFF_INVITE = "staff.invite"
    API_KEY_MANAGE = "api_key.manage"


class Reach(StrEnum):
    """On which objects an allowed action works."""

    ALL = "all"
    CLAIM_HOLDER = "claim_holder"
    NONE = "none"


class Scope(StrEnum):
    """A group of actions that an API key may be given."""

    VERIFICATIONS_WRITE = "verifications:write"
    VERIFICATIONS_READ = "verifications:read"
    DOCUMENTS_WRITE = "documents:write"
    REVIEWS = "reviews"
    AUDIT_READ = "audit:read"
    CONTACTS_WRITE = "contacts:write"


@dataclass(frozen=True)
class AccessTable:
    """The whole table; built by `parse_access` only."""

    allowed: frozenset[tuple[Role, Action]]
    reach: Mapping[Action, Reach]
    scopes: Mapping[Scope, frozenset[Action]]


def is_allowed(role: Role, action: Action) -> bool:
    """Whether the role may do this at all. Total: what the table does not know is refused."""
    return (role, action) in load_access().allowed


def is_in_scope(scopes: Collection[Scope], action: Action) -> bool:
    """Whether an API key with these scopes may ask for this; its role must allow it as well."""
    table = load_access()
    return any(action in table.scopes.get(scope, frozenset()) for scope in scopes)


def reach_of(action: Action) -> Reach:
    """On which objects the action works."""
    return load_access().reach[action]


def is_scope_for(role: Role, scope: Scope) -> bool:
    """Whether a key of this role may be given the scope: the role allows all of it, and it allows something."""
    table = load_access()
    actions = table.scopes.get(scope, frozenset())
    return bool(actions) and all((role, action) in table.allowed for action in actions)


@cache
def load_access() -> AccessTable:
    """The table that comes with the product; raises `PolicyError` if it is not whole."""
    text = files("policies").joinpath("access.yaml").read_text(encoding="utf-8")
    return parse_access(text, origin="access.yaml")


def parse_access(text: str, *, origin: str) -> AccessTable:
    """Read a table; raises `PolicyError` where a pair, a reach or a scope is missing or unknown."""
    sections = ("roles", "actions", "reach", "scopes", "people_only")
    found = read_fields(read_tree(text, origin=origin), what="The access table", required=sections)
    _verify_roles(found["roles"])
    scopes = _read_groups(found["scopes"], Scope, what="`scopes`")
    people_only = _read_actions(found["people_only"], what="`people_only`")
    _verify_keys(found["people_only"], scopes=scopes, people_only=people_only)
    return AccessTable(_read_pairs(found["actions"]), _read_reach(found["reach"]), scopes)


E = TypeVar("E", bound=StrEnum)


def _verify_roles(node: Node) -> None:
    roles = [read_choice(item, what="A role", choices=tuple(Role)) for item in read_items(
        node, what="`roles`", least=1, most=len(Role)
    )]  # fmt: skip
    if roles != list(Role):
        raise node.place.refuse("access_gap", f"`roles` lists all of {', '.join(Role)}, each once, in this order.")


def _read_pairs(node: Node) -> frozenset[tuple[Role, Action]]:
    rows = read_fields(node, what="`actions`", required=tuple(Action))
    allowed: set[tuple[Role, Action]] = set()
    for action in Action:
        row = read_fields(rows[action], what=f"`{action}`", required=tuple(Role))
        for role in Role:
            answer = read_choice(row[role], what=f"`{role}` of `{action}`", choices=("allowed", "refused"))
            if answer == "allowed":
                allowed.add((role, action))
    return frozenset(allowed)


def _read_actions(node: Node, *, what: str) -> frozenset[Action]:
    actions: set[Action] = set()
    for item in read_items(node, what=what, least=0, most=len(Action)):
        action = Action(read_choice(item, what=f"An action of {what}", choices=tuple(Action)))
        if action in actions:
            raise item.place.refuse("duplicate_code", f"`{action}` stands in {what} twice. Keep one.")
        actions.add(action)
    return frozenset(actions)


def _read_groups(node: Node, kind: type[E], *, what: str) -> dict[E, frozenset[Action]]:
    groups = read_fields(node, what=what, required=tuple(kind))
    return {member: _read_actions(groups[member], what=f"`{member}`") for member in kind}


def _read_reach(node: Node) -> dict[Action, Reach]:
    reach: dict[Action, Reach] = {}
    for member, actions in _read_groups(node, Reach, what="`reach`").items():
        for action in actions:
            if action in reach:
                raise node.place.refuse("duplicate_code", f"`{action}` has two reaches. Keep the narrower one.")
            reach[action] = member
    for action in Action:
        if action not in reach:
            raise node.place.refuse("access_gap", f"`{action}` has no reach. Say on which objects it works.")
    return reach


def _verify_keys(node: Node, *, scopes: Mapping[Scope, frozenset[Action]], people_only: frozenset[Action]) -> None:
    scoped = frozenset[Action]().union(*scopes.values())
    for action in Action:
        if (action in scoped) == (action in people_only):
            raise node.place.refuse(
                "access_gap", f"`{action}` is either in a scope or under `people_only`: not both, and not neither."
            )
