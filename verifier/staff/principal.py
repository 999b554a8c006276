"""Who acts: a person with roles, or a program with a role and scopes; and whether they may.

Guarantees: what no role allows is refused, and a key needs its scope as well as its role. Whether the principal holds
the claim of a verification is checked by `verifier.reviews`.
"""

from dataclasses import dataclass

from policies.access import Action, Role, Scope, is_allowed, is_in_scope
from verifier.staff.errors import ForbiddenError


@dataclass(frozen=True)
class Principal:
    """`actor` is `stf_…` or `key_…`, as in the audit log. `scopes` is None for people: their roles alone decide."""

    actor: str
    roles: frozenset[Role]
    scopes: frozenset[Scope] | None
    display_name: str


def may(principal: Principal, action: Action) -> bool:
    """Whether a role of `principal`, and a scope if it is a key, allow `action`."""
    if not any(is_allowed(role, action) for role in principal.roles):
        return False
    return principal.scopes is None or is_in_scope(principal.scopes, action)


def verify_may(principal: Principal, action: Action) -> None:
    """Raise `ForbiddenError` unless `principal` may do this."""
    if not may(principal, action):
        raise ForbiddenError
