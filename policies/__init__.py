"""Policies as data: text in, `Policy` out, and the table of who may do what.

The bottom of the house (`workers → verifier → policies`): nothing here imports `verifier`, opens a connection, or
works at import. What others need is named here; the rooms behind it are free to change.
"""

from policies.access import Action, Reach, Role, Scope, is_allowed, is_in_scope, is_scope_for, reach_of
from policies.ask import (
    Evidence,
    Missing,
    MissingContact,
    MissingDetail,
    MissingSlot,
    Offers,
    Situation,
    Skip,
    decides_alone,
    find_recent,
    find_satisfied_line,
    is_contact_only,
    is_satisfied,
    plan,
    what_is_missing,
)
from policies.canonical import policy_from_canonical
from policies.errors import PolicyError
from policies.explain import explain
from policies.language import parse_policy
from policies.loading import load_builtin, load_folder
from policies.measures import describe_duration, describe_size
from policies.model import Policy, Slot
from policies.parts import (
    METHODS_OF,
    ChecklistItem,
    CheckMethod,
    ContactKind,
    ContactRequirement,
    ContactRules,
    DetailKind,
    DetailRules,
    DetailsRequirement,
    DocumentRequirement,
    DocumentRules,
    Limits,
    LinkRules,
    ProofLine,
    Reason,
    Requirement,
    ReviewRules,
    Table,
    Text,
)
from policies.retention import DataClass, LegalHold, Period, RetentionRules

__all__ = [
    "METHODS_OF",
    "Action",
    "CheckMethod",
    "ChecklistItem",
    "ContactKind",
    "ContactRequirement",
    "ContactRules",
    "DataClass",
    "DetailKind",
    "DetailRules",
    "DetailsRequirement",
    "DocumentRequirement",
    "DocumentRules",
    "Evidence",
    "LegalHold",
    "Limits",
    "LinkRules",
    "Missing",
    "MissingContact",
    "MissingDetail",
    "MissingSlot",
    "Offers",
    "Period",
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
    "Situation",
    "Skip",
    "Slot",
    "Table",
    "Text",
    "decides_alone",
    "describe_duration",
    "describe_size",
    "explain",
    "find_recent",
    "find_satisfied_line",
    "is_allowed",
    "is_contact_only",
    "is_in_scope",
    "is_satisfied",
    "is_scope_for",
    "load_builtin",
    "load_folder",
    "parse_policy",
    "plan",
    "policy_from_canonical",
    "reach_of",
    "what_is_missing",
]
