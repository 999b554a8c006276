"""Laws of the decision functions over any policy and any request: nothing is approved without a required proof, and no
step is asked that a less intrusive accepted one had satisfied."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from policies import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    Evidence,
    MissingContact,
    MissingDetail,
    MissingSlot,
    Offers,
    Policy,
    PolicyError,
    ProofLine,
    Situation,
    Skip,
    decides_alone,
    find_satisfied_line,
    is_contact_only,
    is_satisfied,
    load_builtin,
    plan,
    what_is_missing,
)
from policies.parts import is_optional
from tests.case_policies import CASE_POLICIES
from tests.property.drawn_policies import BASE, CHECKS, FIELDS, SLOTS, lines, needs, policies

kinds = st.frozensets(st.sampled_from(ContactKind))
checks = st.frozensets(st.sampled_from(CHECKS))
evidence = st.builds(
    Evidence,
    slots=st.frozensets(st.sampled_from(SLOTS)),
    contacts=checks,
    recent=kinds,
    details=st.frozensets(st.sampled_from(FIELDS)),
)
situations = st.builds(
    Situation, contacts=kinds, recent=kinds, failed=checks, not_offered=st.frozensets(st.sampled_from(CheckMethod))
)


def everything_in(some: Evidence) -> set[object]:
    return {*some.slots, *some.contacts, *some.details}


def holds(line: ProofLine, some: Evidence) -> bool:
    if all(isinstance(item, ContactRequirement) or is_optional(item) for item in line) and any(
        item.contact in some.recent for item in line if isinstance(item, ContactRequirement)
    ):
        return False
    return needs(line) <= everything_in(some)


@given(policies(), evidence)
def test_nothing_is_approved_without_a_whole_line_of_required_proof(policy: Policy, some: Evidence) -> None:
    assert is_satisfied(policy, some) == any(holds(line, some) for line in policy.ladder)


@given(policies(), evidence)
def test_taking_any_one_required_proof_away_ends_the_line_that_needed_it(policy: Policy, some: Evidence) -> None:
    line = find_satisfied_line(policy, some)
    if line is None:
        return
    for required in needs(policy.ladder[line]):
        less = replace(
            some,
            slots=frozenset(slot for slot in some.slots if slot != required),
            contacts=frozenset(check for check in some.contacts if check != required),
            details=frozenset(field for field in some.details if field != required),
        )
        assert what_is_missing(policy, line, less)


@given(policies(), evidence)
def test_a_person_is_left_out_only_where_the_policy_says_so_and_contact_checks_alone_suffice(
    policy: Policy, some: Evidence
) -> None:
    if decides_alone(policy, some):
        assert policy.review.contact_checks_decide
        assert any(is_contact_only(line) and holds(line, some) for line in policy.ladder)
        assert is_satisfied(policy, some)
        without = replace(some, contacts=frozenset())
        assert not decides_alone(policy, without)


@given(policies(), evidence)
def test_the_satisfied_line_is_the_least_intrusive_one(policy: Policy, some: Evidence) -> None:
    line = find_satisfied_line(policy, some)
    held = [index for index, each in enumerate(policy.ladder) if holds(each, some)]
    assert line == (held[0] if held else None)


@given(policies(), evidence, evidence)
def test_more_evidence_never_satisfies_less(policy: Policy, some: Evidence, more: Evidence) -> None:
    together = Evidence(
        slots=some.slots | more.slots,
        contacts=some.contacts | more.contacts,
        recent=some.recent,
        details=some.details | more.details,
    )
    if is_satisfied(policy, some):
        assert is_satisfied(policy, together)
    for line in range(len(policy.ladder)):
        assert set(what_is_missing(policy, line, together)) <= set(what_is_missing(policy, line, some))


@given(policies(), kinds)
def test_no_policy_is_satisfied_by_nothing(policy: Policy, recent: frozenset[ContactKind]) -> None:
    nothing = Evidence(recent=recent)
    assert not is_satisfied(policy, nothing)
    assert not decides_alone(policy, nothing)
    assert all(what_is_missing(policy, line, nothing) for line in range(len(policy.ladder)))


@given(policies(), evidence)
def test_sending_what_is_missing_is_enough(policy: Policy, some: Evidence) -> None:
    missing = what_is_missing(policy, 0, some)
    sent = Evidence(
        slots=some.slots | {(item.document, item.slot) for item in missing if isinstance(item, MissingSlot)},
        contacts=some.contacts | {(item.contact, item.by) for item in missing if isinstance(item, MissingContact)},
        recent=frozenset(),
        details=some.details | {item.field for item in missing if isinstance(item, MissingDetail)},
    )
    assert is_satisfied(policy, sent)


# --- Which proof is offered.


@given(policies(), situations)
def test_every_line_is_offered_or_has_its_reason_and_none_has_both(policy: Policy, situation: Situation) -> None:
    offers = plan(policy, situation)
    skipped = [index for index, _ in offers.skipped]
    assert sorted((*offers.lines, *skipped)) == list(range(len(policy.ladder)))
    assert list(offers.lines) == sorted(offers.lines)
    assert skipped == sorted(skipped)
    assert Skip.CHOSE_ANOTHER not in {skip for _, skip in offers.skipped}


@given(policies(), situations)
def test_a_line_that_is_offered_can_be_taken(policy: Policy, situation: Situation) -> None:
    """Whoever does all of an offered line is done: no offer leads into a wall."""
    for line in plan(policy, situation).lines:
        done = Evidence(
            slots=frozenset(need for need in needs(policy.ladder[line]) if need in SLOTS),
            contacts=frozenset(check for check in CHECKS if check in needs(policy.ladder[line])),
            recent=situation.recent,
            details=frozenset(field for field in FIELDS if field in needs(policy.ladder[line])),
        )
        assert not what_is_missing(policy, line, done)
        for item in policy.ladder[line]:
            if isinstance(item, ContactRequirement):
                assert item.contact in situation.contacts
                assert item.by not in situation.not_offered
                assert (item.contact, item.by) not in situation.failed


@given(policies(), situations)
def test_no_step_is_asked_that_a_less_intrusive_accepted_one_had_satisfied(
    policy: Policy, situation: Situation
) -> None:
    """The first offer is the first that can be taken; all before it were passed over for a reason of the situation."""
    offers = plan(policy, situation)
    if not offers.lines:
        return
    first = offers.lines[0]
    assert [index for index, _ in offers.skipped if index < first] == list(range(first))
    for chosen in offers.lines:
        passed = offers.skipped_for(chosen)
        assert [index for index, _ in passed] == list(range(chosen)), "each line before it has its reason on record"
        for index, skip in passed:
            assert (skip is Skip.CHOSE_ANOTHER) == (index in offers.lines)


@given(policies(), situations, st.integers(0, 8))
def test_a_line_that_is_not_accepted_cannot_be_chosen(policy: Policy, situation: Situation, line: int) -> None:
    offers: Offers = plan(policy, situation)
    try:
        offers.skipped_for(line)
    except ValueError:
        assert line not in offers.lines
    else:
        assert line in offers.lines


@given(policies(), situations)
def test_a_failed_check_never_opens_a_way(policy: Policy, situation: Situation) -> None:
    worse = replace(situation, failed=frozenset(CHECKS))
    assert set(plan(policy, worse).lines) <= set(plan(policy, situation).lines)


@given(st.lists(lines(), min_size=1, max_size=4))
def test_a_ladder_with_a_line_that_needs_nothing_cannot_be_built(ladder: list[ProofLine]) -> None:
    try:
        policy = replace(BASE, ladder=tuple(ladder))
    except PolicyError:
        assert any(not needs(line) for line in ladder)
    else:
        assert all(needs(line) for line in policy.ladder)


def test_every_builtin_policy_refuses_every_incomplete_set_of_its_documents() -> None:
    for policy in (*CASE_POLICIES.values(), *load_builtin().values()):
        slots = {(slot.document, slot.slot) for slot in policy.slots()}
        least = [line for line in policy.ladder if needs(line) <= slots]
        for size in range(len(slots) + 1):
            for some in combinations(sorted(slots), size):
                enough = any(needs(line) <= set(some) for line in least)
                assert is_satisfied(policy, Evidence(frozenset(some))) == enough, (policy.name, some)
