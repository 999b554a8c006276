"""The table role × action: whole, closed, and answered exactly as the file says."""

from itertools import product
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from policies import Action, PolicyError, Reach, Role, Scope, is_allowed, is_in_scope, is_scope_for, reach_of
from policies.access import parse_access

FILE = Path(__file__).resolve().parents[2] / "policies" / "access.yaml"
TEXT = FILE.read_text(encoding="utf-8")
PAIRS = list(product(Role, Action))


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(TEXT))


@pytest.mark.parametrize(("role", "action"), PAIRS)
def test_every_pair_is_answered_as_the_file_says(table: dict[str, Any], role: Role, action: Action) -> None:
    answer = table["actions"][action.value][role.value]
    assert answer in {"allowed", "refused"}
    assert is_allowed(role, action) is (answer == "allowed")


def test_the_file_names_every_pair_and_no_other(table: dict[str, Any]) -> None:
    named = {(role, action) for action, row in table["actions"].items() for role in row}
    assert named == {(role.value, action.value) for role, action in PAIRS}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REVIEWER])
def test_only_reviewers_come_near_a_document(role: Role) -> None:
    for action in (Action.DOCUMENT_LIST, Action.PAGE_VIEW, Action.DECISION_MAKE, Action.CLAIM_TAKE):
        assert not is_allowed(role, action)
        assert is_allowed(Role.REVIEWER, action)


def test_whatever_shows_or_ends_evidence_needs_the_live_claim() -> None:
    held = {action for action in Action if reach_of(action) is Reach.CLAIM_HOLDER}
    assert held == {Action.DOCUMENT_LIST, Action.PAGE_VIEW, Action.DECISION_MAKE, Action.CLAIM_RELEASE}


def test_what_the_table_does_not_know_is_refused() -> None:
    assert not is_allowed(cast("Role", "owner"), Action.PAGE_VIEW)
    assert not is_allowed(Role.OPERATOR, cast("Action", "page.download"))
    assert not is_in_scope([cast("Scope", "everything")], Action.PAGE_VIEW)
    assert not is_scope_for(Role.AGENT, cast("Scope", "everything"))


def test_no_scope_means_no_action() -> None:
    assert not any(is_in_scope([], action) for action in Action)


def test_no_key_can_decide_who_may_enter() -> None:
    for action in (Action.STAFF_INVITE, Action.API_KEY_MANAGE):
        assert not is_in_scope(list(Scope), action)


def test_reading_verifications_does_not_show_the_link() -> None:
    assert not is_in_scope([Scope.VERIFICATIONS_READ], Action.LINK_SHOW)
    assert is_in_scope([Scope.VERIFICATIONS_WRITE], Action.LINK_SHOW)


def test_a_key_gets_only_scopes_that_its_role_allows_in_full() -> None:
    fitting = {(role, scope) for role in Role for scope in Scope if is_scope_for(role, scope)}
    assert fitting == {
        (Role.AGENT, Scope.VERIFICATIONS_WRITE),
        (Role.AGENT, Scope.VERIFICATIONS_READ),
        (Role.AGENT, Scope.DOCUMENTS_WRITE),
        (Role.AGENT, Scope.CONTACTS_WRITE),
        (Role.REVIEWER, Scope.REVIEWS),
        (Role.AUDITOR, Scope.AUDIT_READ),
    }


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("missing_key", "  staff.invite:              {agent: refused, ", "  staff.invite:              {"),
        (
            "missing_key",
            "  queue.read:                {agent: refused, reviewer: allowed, auditor: refused, operator: refused}\n",
            "",
        ),
        ("missing_key", "  contacts:write: [", "  # contacts:write: ["),
        ("unknown_key", "  page.view:                 {", "  page.download: {"),
        ("unknown_choice", "staff.invite:              {agent: refused", "staff.invite:              {agent: maybe"),
        ("unknown_choice", "roles: [agent,", "roles: [agents,"),
        ("access_gap", "roles: [agent,", "roles: ["),
        ("access_gap", "none: [verification.create, ", "none: ["),
        ("access_gap", "people_only: [staff.invite, ", "people_only: ["),
        ("access_gap", "people_only: [", "people_only: [page.view, "),
        ("duplicate_code", "none: [", "none: [page.view, "),
        ("duplicate_code", "documents:write: [", "documents:write: [document.upload_on_behalf, "),
        ("duplicate_key", "roles: [", "people_only: []\nroles: ["),
    ],
)
def test_a_table_that_is_not_whole_is_refused(code: str, old: str, new: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(PolicyError) as caught:
        parse_access(TEXT.replace(old, new), origin="access.yaml")
    assert caught.value.code == code, str(caught.value)
    assert caught.value.line > 0
