"""Laws of the decision function: monotone, never satisfied by nothing, and in step with what is missing."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from policies import DocumentRequirement, Evidence, MissingSlot, Policy, is_satisfied, load_builtin, what_is_missing
from tests.property.reach import document_slots

BASE = load_builtin()["account-recovery"]
SLOTS = [(document, slot) for document in ("identity", "letter", "photo") for slot in ("front", "back", "page")]

evidence = st.frozensets(st.sampled_from(SLOTS)).map(Evidence)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any ladder of one to four lines over a small world of documents."""
    some_slots = st.lists(st.sampled_from(("front", "back", "page")), min_size=1, max_size=3, unique=True).map(tuple)
    documents = st.lists(st.sampled_from(("identity", "letter", "photo")), min_size=1, max_size=3, unique=True)
    ladder = tuple(
        tuple(DocumentRequirement(document, draw(some_slots)) for document in draw(documents))
        for _ in range(draw(st.integers(1, 4)))
    )
    return replace(BASE, ladder=ladder)


@given(policies(), evidence, evidence)
def test_more_evidence_never_satisfies_less(policy: Policy, some: Evidence, more: Evidence) -> None:
    if is_satisfied(policy, some):
        assert is_satisfied(policy, Evidence(some.slots | more.slots))
    for line in range(len(policy.ladder)):
        assert set(what_is_missing(policy, line, Evidence(some.slots | more.slots))) <= set(
            what_is_missing(policy, line, some)
        )


@given(policies())
def test_no_policy_is_satisfied_by_nothing(policy: Policy) -> None:
    assert not is_satisfied(policy, Evidence())
    assert all(what_is_missing(policy, line, Evidence()) for line in range(len(policy.ladder)))


@given(policies(), evidence)
def test_satisfied_means_that_one_line_is_there_slot_by_slot(policy: Policy, some: Evidence) -> None:
    assert is_satisfied(policy, some) == any(line <= some.slots for line in _lines_of(policy))


@given(policies(), evidence)
def test_sending_what_is_missing_is_enough(policy: Policy, some: Evidence) -> None:
    missing = {(item.document, item.slot) for item in what_is_missing(policy, 0, some) if isinstance(item, MissingSlot)}
    assert is_satisfied(policy, Evidence(some.slots | missing))


@given(policies(), evidence)
def test_without_what_every_line_asks_for_nothing_is_enough(policy: Policy, some: Evidence) -> None:
    for place in set.intersection(*_lines_of(policy)):
        assert not is_satisfied(policy, Evidence(some.slots - {place}))


def _lines_of(policy: Policy) -> list[set[tuple[str, str]]]:
    return [document_slots(line) for line in policy.ladder]


def test_every_builtin_policy_refuses_every_incomplete_set_of_its_documents() -> None:
    for policy in load_builtin().values():
        slots = {(slot.document, slot.slot) for slot in policy.slots()}
        for size in range(len(slots)):
            for some in combinations(sorted(slots), size):
                assert not is_satisfied(policy, Evidence(frozenset(some))), (policy.name, some)
        assert is_satisfied(policy, Evidence(frozenset(slots)))
