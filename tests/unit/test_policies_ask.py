"""What is missing, what is enough; and that nothing can be satisfied by nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailsRequirement,
    DocumentRequirement,
    Evidence,
    MissingContact,
    MissingDetail,
    MissingSlot,
    PolicyError,
    Situation,
    Skip,
    Slot,
    decides_alone,
    find_recent,
    find_satisfied_line,
    is_satisfied,
    parse_policy,
    plan,
    what_is_missing,
)
from tests.case_policies import CASE_POLICIES

RECOVERY = CASE_POLICIES["account-recovery"]
FRONT, BACK = ("identity", "front"), ("identity", "back")
LADDER = replace(
    RECOVERY,
    ladder=(
        (DocumentRequirement("identity", ("front",)),),
        (DocumentRequirement("identity", ("front", "back")), DocumentRequirement("letter", ("page",))),
    ),
)
MAIL = (ContactKind.EMAIL, CheckMethod.CODE)
PHONE = (ContactKind.PHONE, CheckMethod.CODE)
WHOLE = replace(
    RECOVERY,
    review=replace(RECOVERY.review, contact_checks_decide=True),
    ladder=(
        (ContactRequirement(*MAIL),),
        (ContactRequirement(*PHONE), DetailsRequirement(("hash", "amount"))),
        (DetailsRequirement(("hash",)), DocumentRequirement("letter", ("page",), is_optional=True)),
        (DocumentRequirement("identity", ("front", "back")),),
    ),
)


def sent(*places: tuple[str, str]) -> Evidence:
    return Evidence(slots=frozenset(places))


def test_both_sides_are_needed() -> None:
    assert what_is_missing(RECOVERY, 0, Evidence()) == (MissingSlot(*FRONT), MissingSlot(*BACK))
    assert what_is_missing(RECOVERY, 0, sent(FRONT)) == (MissingSlot(*BACK),)
    assert what_is_missing(RECOVERY, 0, sent(FRONT, BACK)) == ()
    assert not is_satisfied(RECOVERY, sent(BACK))
    assert is_satisfied(RECOVERY, sent(FRONT, BACK))


def test_evidence_for_something_else_proves_nothing() -> None:
    assert not is_satisfied(RECOVERY, sent(("diploma", "front"), ("diploma", "back"), ("identity", "side")))


def test_parts_of_two_lines_do_not_make_one() -> None:
    assert not is_satisfied(LADDER, sent(BACK, ("letter", "page")))
    assert is_satisfied(LADDER, sent(FRONT))


def test_a_line_that_does_not_exist_is_no_line() -> None:
    for line in (-1, 2):
        with pytest.raises(IndexError):
            what_is_missing(LADDER, line, sent(FRONT))


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


def test_a_line_of_several_kinds_needs_each_of_them() -> None:
    assert what_is_missing(WHOLE, 1, Evidence()) == (
        MissingContact(*PHONE),
        MissingDetail("hash"),
        MissingDetail("amount"),
    )
    given = Evidence(contacts=frozenset({PHONE}), details=frozenset({"amount"}))
    assert what_is_missing(WHOLE, 1, given) == (MissingDetail("hash"),)


def test_the_same_contact_point_checked_in_another_way_is_another_proof() -> None:
    by_message = Evidence(contacts=frozenset({(ContactKind.EMAIL, CheckMethod.MESSAGE)}))
    assert not is_satisfied(WHOLE, by_message)
    assert is_satisfied(WHOLE, Evidence(contacts=frozenset({MAIL})))


def test_what_is_optional_is_never_missing_and_never_enough() -> None:
    assert find_satisfied_line(WHOLE, Evidence(details=frozenset({"hash"}))) == 2
    assert not is_satisfied(WHOLE, sent(("letter", "page")))


def test_a_contact_point_that_changed_recently_is_not_enough_alone() -> None:
    recent = Evidence(contacts=frozenset({MAIL}), recent=frozenset({ContactKind.EMAIL}))
    assert what_is_missing(WHOLE, 0, recent) == (MissingContact(*MAIL),)
    assert not is_satisfied(WHOLE, recent)
    assert not decides_alone(WHOLE, recent)


def test_a_contact_point_that_changed_recently_is_not_enough_beside_what_may_be_left_out() -> None:
    letter = DocumentRequirement("letter", ("page",), is_optional=True)
    policy = replace(WHOLE, ladder=((ContactRequirement(*MAIL), letter),))
    recent = Evidence(slots=frozenset({("letter", "page")}), contacts=frozenset({MAIL}), recent=frozenset({MAIL[0]}))
    assert what_is_missing(policy, 0, recent) == (MissingContact(*MAIL),)
    assert is_satisfied(policy, replace(recent, recent=frozenset()))
    offers = plan(policy, Situation(contacts=frozenset({MAIL[0]}), recent=frozenset({MAIL[0]})))
    assert offers.skipped == ((0, Skip.CONTACT_CHANGED_RECENTLY),)


def test_beside_details_it_counts() -> None:
    beside = Evidence(
        contacts=frozenset({PHONE}), recent=frozenset({ContactKind.PHONE}), details=frozenset({"hash", "amount"})
    )
    assert what_is_missing(WHOLE, 1, beside) == ()


def test_contact_checks_decide_alone_only_where_the_policy_says_so() -> None:
    mail = Evidence(contacts=frozenset({MAIL}))
    assert decides_alone(WHOLE, mail)
    assert not decides_alone(replace(WHOLE, review=RECOVERY.review), mail)
    assert not decides_alone(WHOLE, Evidence(details=frozenset({"hash"})))
    assert not decides_alone(WHOLE, Evidence())


def test_a_check_at_which_a_person_must_look_is_evidence_and_never_decides() -> None:
    seen = Evidence(contacts=frozenset({MAIL}), to_see=frozenset({MAIL}))
    assert is_satisfied(WHOLE, seen)
    assert not decides_alone(WHOLE, seen)


def test_every_line_is_offered_least_intrusive_first() -> None:
    offers = plan(WHOLE, Situation(contacts=frozenset({ContactKind.EMAIL, ContactKind.PHONE})))
    assert offers.lines == (0, 1, 2, 3)
    assert offers.skipped == ()


def test_each_line_that_is_passed_over_has_its_reason() -> None:
    email, phone = ContactKind.EMAIL, ContactKind.PHONE
    both = frozenset({email, phone})
    assert plan(WHOLE, Situation()).skipped == ((0, Skip.NO_CONTACT_POINT), (1, Skip.NO_CONTACT_POINT))
    recent = plan(WHOLE, Situation(contacts=both, recent=both))
    assert recent.lines == (1, 2, 3)
    assert recent.skipped == ((0, Skip.CONTACT_CHANGED_RECENTLY),)
    failed = plan(WHOLE, Situation(contacts=both, failed=frozenset({MAIL, PHONE})))
    assert failed.skipped == ((0, Skip.CHECK_FAILED), (1, Skip.CHECK_FAILED))
    absent = plan(WHOLE, Situation(contacts=both, not_offered=frozenset({CheckMethod.CODE})))
    assert absent.skipped == ((0, Skip.NOT_OFFERED), (1, Skip.NOT_OFFERED))


def test_choosing_a_later_line_says_so_of_each_accepted_one_before_it() -> None:
    offers = plan(WHOLE, Situation(contacts=frozenset({ContactKind.PHONE})))
    assert offers.skipped_for(1) == ((0, Skip.NO_CONTACT_POINT),)
    assert offers.skipped_for(3) == ((0, Skip.NO_CONTACT_POINT), (1, Skip.CHOSE_ANOTHER), (2, Skip.CHOSE_ANOTHER))
    with pytest.raises(ValueError, match="not accepted"):
        offers.skipped_for(0)


def test_a_contact_point_is_recent_within_the_policys_time() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    week = WHOLE.contacts.changed_within
    changed = {
        ContactKind.EMAIL: now - week + timedelta(seconds=1),
        ContactKind.PHONE: now - week,
        ContactKind.WALLET: None,
        ContactKind.DOMAIN: now + timedelta(hours=1),
    }
    assert find_recent(WHOLE, changed, now=now) == {ContactKind.EMAIL, ContactKind.DOMAIN}


def test_a_check_that_does_not_fit_its_contact_point_cannot_be_built() -> None:
    with pytest.raises(PolicyError, match="cannot be checked"):
        ContactRequirement(ContactKind.PHONE, CheckMethod.DNS)
    with pytest.raises(PolicyError, match="prove nothing"):
        DetailsRequirement(())
    with pytest.raises(PolicyError, match="accept everyone"):
        replace(RECOVERY, ladder=((DocumentRequirement("identity", ("front",), is_optional=True),),))
