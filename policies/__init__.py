"""Policies as data: text in, `Policy` out, and the table of who may do what.

The bottom of the house (`workers → verifier → policies`): nothing here imports `verifier`, opens a connection, or
works at import. What others need is named here; the rooms behind it are free to change.
"""

from policies.access import Action, Reach, Role, Scope, is_allowed, is_in_scope, is_scope_for, reach_of
from policies.ask import Evidence, Missing, is_satisfied, what_is_missing
from policies.canonical import policy_from_canonical
from policies.errors import PolicyError
from policies.explain import explain
from policies.language import parse_policy
from policies.loading import load_builtin, load_folder
from policies.measures import describe_duration, describe_size
from policies.model import Policy, Slot
from policies.parts import (
    ChecklistItem,
    DocumentRequirement,
    DocumentRules,
    Limits,
    LinkRules,
    ProofLine,
    Reason,
    Requirement,
    RetentionRules,
    ReviewRules,
    Table,
    Text,
)

__all__ = [
    "Action",
    "ChecklistItem",
    "DocumentRequirement",
    "DocumentRules",
    "Evidence",
    "Limits",
    "LinkRules",
    "Missing",
    "Policy",
    "PolicyError",
    "ProofLine",
    "Reach",
    "Reason",
    "Requirement",
    "RetentionRules",
    "ReviewRules",
    "Role",
    "Scope",
    "Slot",
    "Table",
    "Text",
    "describe_duration",
    "describe_size",
    "explain",
    "is_allowed",
    "is_in_scope",
    "is_satisfied",
    "is_scope_for",
    "load_builtin",
    "load_folder",
    "parse_policy",
    "policy_from_canonical",
    "reach_of",
    "what_is_missing",
]
