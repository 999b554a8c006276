"""What is missing, what is enough; and that nothing can be satisfied by nothing."""

from dataclasses import replace

import pytest

from policies import (
    DocumentRequirement,
    Missing,
    PolicyError,
    Slot,
    is_satisfied,
    load_builtin,
    parse_policy,
    what_is_missing,
)

RECOVERY = load_builtin()["account-recovery"]
FRONT, BACK = ("identity", "front"), ("identity", "back")
LADDER = replace(
    RECOVERY,
    ladder=(
        (DocumentRequirement("identity", ("front",)),),
        (DocumentRequirement("identity", ("front", "back")), DocumentRequirement("letter", ("page",))),
    ),
)


def test_both_sides_are_needed() -> None:
    assert what_is_missing(RECOVERY, 0, frozenset()) == (Missing(*FRONT), Missing(*BACK))
    assert what_is_missing(RECOVERY, 0, frozenset({FRONT})) == (Missing(*BACK),)
    assert what_is_missing(RECOVERY, 0, frozenset({FRONT, BACK})) == ()
    assert not is_satisfied(RECOVERY, frozenset({BACK}))
    assert is_satisfied(RECOVERY, frozenset({FRONT, BACK}))


def test_evidence_for_something_else_proves_nothing() -> None:
    assert not is_satisfied(RECOVERY, frozenset({("diploma", "front"), ("diploma", "back"), ("identity", "side")}))


def test_parts_of_two_lines_do_not_make_one() -> None:
    assert not is_satisfied(LADDER, frozenset({BACK, ("letter", "page")}))
    assert is_satisfied(LADDER, frozenset({FRONT}))


def test_a_line_that_does_not_exist_is_no_line() -> None:
    for line in (-1, 2):
        with pytest.raises(IndexError):
            what_is_missing(LADDER, line, frozenset({FRONT}))


def test_the_slots_are_those_of_every_line_in_the_ladders_order() -> None:
    assert LADDER.slots() == (
        Slot("identity", "front"),
        Slot("identity", "front"),
        Slot("identity", "back"),
        Slot("letter", "page"),
    )


def test_a_policy_without_proof_cannot_be_built() -> None:
    with pytest.raises(PolicyError, match="accept everyone"):
        replace(RECOVERY, ladder=())
    with pytest.raises(PolicyError, match="accept everyone"):
        replace(RECOVERY, ladder=(RECOVERY.ladder[0], ()))
    with pytest.raises(PolicyError, match="no slot"):
        DocumentRequirement("identity", ())


def test_a_policy_cannot_be_changed_and_can_be_a_key() -> None:
    assert {RECOVERY: 1}[parse_policy(RECOVERY.to_canonical(), origin="x")] == 1
    with pytest.raises(AttributeError):
        RECOVERY.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        RECOVERY.documents["x"] = RECOVERY.documents["identity"]  # type: ignore[index]


def test_a_reason_is_found_by_its_code() -> None:
    reason = RECOVERY.reason("name_differs")
    assert reason is not None
    assert "name" in reason.text["en"]
    assert RECOVERY.reason("because") is None
