"""Tests of a policy as data, in a file beside it (`<policy>.tests.yaml`): a request, and what the policy answers.

Guarantees that a test which says nothing is refused, and that each failure says what was expected and what came. The
functions asked are the ones that verifications ask (`policies.ask`): there is no second reading of the rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.ask import Evidence, Situation, Skip, decides_alone, is_satisfied, plan
from policies.model import Policy
from policies.nodes import Fields, Items, Node, read_tree
from policies.parts import METHODS_OF, CheckMethod, ContactKind, Table
from policies.reading import CODE, read_choice, read_code, read_fields, read_items, read_number, read_switch, read_word

_GIVEN: Final = ("contacts", "recent", "failed", "not_offered", "unreachable")
_ANSWERS: Final = ("offered", "skipped", "satisfied", "decides_alone", "no_proof")


@dataclass(frozen=True)
class PolicyTest:
    """One request and the answers that are expected; an answer that is not there is not asked."""

    name: str
    situation: Situation
    evidence: Evidence
    expected: Table[object]


def read_tests(text: str, *, origin: str) -> tuple[PolicyTest, ...]:
    """The tests in this text. Raises `PolicyError`."""
    found = read_fields(read_tree(text, origin=origin), what="A file of tests", required=("tests",))
    return tuple(_test(node) for node in read_items(found["tests"], what="`tests`", least=1, most=100))


def run_test(policy: Policy, test: PolicyTest) -> tuple[str, ...]:
    """One sentence for each answer that is not the expected one."""
    offers = plan(policy, test.situation)
    answers: Mapping[str, object] = {
        "offered": tuple(index + 1 for index in offers.lines),
        "skipped": tuple((index + 1, skip) for index, skip in offers.skipped),
        "satisfied": is_satisfied(policy, test.evidence),
        "decides_alone": decides_alone(policy, test.evidence),
        "no_proof": policy.no_proof is not None,
    }
    return tuple(
        f"{policy.name}: {test.name}: `{what}` is {_said(answers[what])}, expected {_said(wanted)}."
        for what, wanted in test.expected.items()
        if answers[what] != wanted
    )


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{item[0]}: {item[1]}" if isinstance(item, tuple) else str(item) for item in value) or "none"
    return str(value).lower()


def _test(node: Node) -> PolicyTest:
    found = read_fields(node, what="A test", required=("name",), optional=("given", "evidence", *_ANSWERS))
    nothing = Fields(node.place, ())
    situation = _situation(found.get("given", nothing))
    expected = Table.of((what, _answer(what, found[what])) for what in _ANSWERS if what in found)
    if not expected:
        raise node.place.refuse("too_few", f"This test expects nothing. Give it one of: {', '.join(_ANSWERS)}.")
    return PolicyTest(
        name=read_word(found["name"], what="`name`"),
        situation=situation,
        evidence=_evidence(found.get("evidence", nothing), recent=situation.recent),
        expected=expected,
    )


def _situation(node: Node) -> Situation:
    found = read_fields(node, what="`given`", required=(), optional=_GIVEN)
    contacts = frozenset(_kinds(found.get("contacts", Items(node.place, ()))))
    recent = frozenset(_kinds(found.get("recent", Items(node.place, ()))))
    if not recent <= contacts:
        raise found["recent"].place.refuse("unknown_choice", "What changed recently is also among `contacts`.")
    absent = read_items(found.get("not_offered", Items(node.place, ())), what="`not_offered`", least=0, most=12)
    return Situation(
        contacts=contacts,
        recent=recent,
        failed=frozenset(_checks(found.get("failed", Items(node.place, ())))),
        not_offered=frozenset(
            CheckMethod(read_choice(item, what="`not_offered`", choices=tuple(CheckMethod))) for item in absent
        ),
        unreachable=frozenset(_kinds(found.get("unreachable", Items(node.place, ())))),
    )


def _evidence(node: Node, *, recent: frozenset[ContactKind]) -> Evidence:
    found = read_fields(node, what="`evidence`", required=(), optional=("slots", "contacts", "details"))
    nothing = Items(node.place, ())
    details = read_items(found.get("details", nothing), what="`details`", least=0, most=20)
    return Evidence(
        slots=frozenset(_slots(found.get("slots", nothing))),
        contacts=frozenset(_checks(found.get("contacts", nothing))),
        recent=recent,
        details=frozenset(read_code(item, what="A field") for item in details),
    )


def _kinds(node: Node) -> Iterator[ContactKind]:
    for item in read_items(node, what="A list of contact points", least=0, most=12):
        yield ContactKind(read_choice(item, what="A contact point", choices=tuple(ContactKind)))


def _checks(node: Node) -> Iterator[tuple[ContactKind, CheckMethod]]:
    for item in read_items(node, what="A list of checks", least=0, most=12):
        found = read_fields(item, what="A check", required=("contact", "by"))
        kind = ContactKind(read_choice(found["contact"], what="`contact`", choices=tuple(ContactKind)))
        yield kind, CheckMethod(read_choice(found["by"], what="`by`", choices=METHODS_OF[kind]))


def _slots(node: Node) -> Iterator[tuple[str, str]]:
    for item in read_items(node, what="`slots`", least=0, most=40):
        document, dot, slot = read_word(item, what="A slot").partition(".")
        if not (dot and CODE.fullmatch(document) and CODE.fullmatch(slot)):
            raise item.place.refuse("bad_code", "A slot is written `document.slot`.")
        yield document, slot


def _answer(what: str, node: Node) -> object:
    if what == "offered":
        return tuple(
            read_number(item, what="A line", least=1, most=8)
            for item in read_items(node, what="`offered`", least=0, most=8)
        )
    if what == "skipped":
        return tuple(_skips(node))
    return read_switch(node, what=f"`{what}`")


def _skips(node: Node) -> Iterator[tuple[int, Skip]]:
    if not isinstance(node, Fields):
        raise node.place.refuse("wrong_kind", "`skipped` is a mapping: the number of each line, and why.")
    for key, value in node.pairs:
        choices = tuple(skip for skip in Skip if skip is not Skip.CHOSE_ANOTHER)
        yield (
            read_number(key, what="A line", least=1, most=8),
            Skip(read_choice(value, what="Why a line is skipped", choices=choices)),
        )
