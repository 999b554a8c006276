"""The schema for editors, tests of policies as data, what a change exposes, and the page of retention."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from policies import DetailsRequirement, Policy, PolicyError, explain, load_builtin, parse_policy
from policies.compare import Effect, compare
from policies.loading import BUILTIN
from policies.schema import build_schema
from policies.tests_of import read_tests, run_test
from tests.unit.test_policies_language import TEXT
from tests.unit.test_policies_whole_language import NONE, REFUSALS, WHOLE

SCREEN = "{document: screen, slots: [one], optional: true}"
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = build_schema()
POLICY = parse_policy(WHOLE, origin="x")
SHIPPED = sorted(path for path in BUILTIN.glob("*.yaml") if not path.name.endswith(".tests.yaml"))
# What only the parser can know: how sections agree, and which languages are whole.
BEYOND_A_SCHEMA = {
    *("bad_language", "missing_language", "no_rules", "duplicate_code", "unreachable", "unused_rules", "empty_proof"),
    *(
        "missing_key",
        "missing_retention",
        "out_of_range",
        "too_little_time",
        "missing_english",
        "bad_switch",
        "contradiction",
    ),
}


def is_valid(text: str) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.safe_load(text))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_every_shipped_policy(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("text", [WHOLE, NONE, TEXT])
def test_the_schema_accepts_what_the_parser_accepts(text: str) -> None:
    parse_policy(text, origin="x")
    jsonschema.validate(yaml.safe_load(text), SCHEMA)


@pytest.mark.parametrize("row", [row for row in REFUSALS if row[0] not in BEYOND_A_SCHEMA], ids=lambda row: str(row[0]))
def test_the_schema_refuses_mistakes_of_form(row: tuple[Any, ...]) -> None:
    assert not is_valid(WHOLE.replace(row[1], row[2]))


# --- Tests as data.

TESTS = """\
tests:
  - name: the registered e-mail is enough
    given: {contacts: [email]}
    offered: [1, 3]
    skipped: {2: no_contact_point}
  - name: confirmed at once
    evidence: {contacts: [{contact: email, by: code}]}
    satisfied: true
    decides_alone: true
  - name: changed yesterday
    given: {contacts: [email], recent: [email]}
    evidence: {contacts: [{contact: email, by: code}]}
    skipped: {1: contact_changed_recently, 2: no_contact_point}
    satisfied: false
  - name: the details without a picture
    evidence: {details: [hash, sum]}
    satisfied: true
    decides_alone: false
    no_proof: false
"""


def failures_of(text: str, *, policy: Policy = POLICY) -> list[str]:
    return [said for test in read_tests(text, origin="x.tests.yaml") for said in run_test(policy, test)]


def test_tests_that_are_true_say_nothing() -> None:
    assert failures_of(TESTS) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("offered: [1, 3]", "offered: [1]", "`offered` is 1, 3, expected 1."),
        ("{2: no_contact_point}", "{2: check_failed}", "`skipped` is 2: no_contact_point, expected 2: check_failed."),
        ("satisfied: false", "satisfied: true", "`satisfied` is false, expected true."),
        ("no_proof: false", "no_proof: true", "`no_proof` is false, expected true."),
    ],
)
def test_an_answer_that_differs_is_told_with_what_was_expected(old: str, new: str, said: str) -> None:
    assert TESTS.count(old) == 1
    (failure,) = failures_of(TESTS.replace(old, new))
    assert failure.endswith(said)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("offered: [1, 3]\n    skipped: {2: no_contact_point}", "given_up: true", "unknown_key"),
        ("satisfied: false\n", "satisfied: perhaps\n", "bad_switch"),
        ("recent: [email]", "recent: [phone]", "unknown_choice"),
        ("by: code}]}\n    satisfied: true", "by: dns}]}\n    satisfied: true", "unknown_choice"),
        ("no_proof: false", "offered: [nine]", "bad_number"),
    ],
)
def test_a_test_that_is_none_is_refused(old: str, new: str, code: str) -> None:
    assert TESTS.count(old) == 1
    with pytest.raises(PolicyError) as caught:
        read_tests(TESTS.replace(old, new), origin="x.tests.yaml")
    assert caught.value.code == code
    assert caught.value.line > 0


def test_a_test_that_expects_nothing_is_refused() -> None:
    with pytest.raises(PolicyError, match="expects nothing"):
        read_tests("tests: [{name: x, given: {contacts: [email]}}]", origin="x")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_policy_does_what_its_tests_say(path: Path) -> None:
    tests = path.with_suffix("").with_suffix(".tests.yaml")
    assert tests.is_file(), "each shipped policy has tests beside it"
    policy = parse_policy(path.read_text(encoding="utf-8"), origin=path.name)
    assert failures_of(tests.read_text(encoding="utf-8"), policy=policy) == []


# --- What a change exposes.


def effects(new: Policy, *, old: Policy = POLICY) -> set[tuple[Effect, str]]:
    return {(change.effect, change.sentence) for change in compare(old, new)}


def test_no_change_is_no_change() -> None:
    assert compare(POLICY, parse_policy(POLICY.to_canonical(), origin="y")) == ()


@pytest.mark.parametrize(
    ("old", "new", "effect", "words"),
    [
        ("  contact_checks_decide: true\n", "", Effect.GUARDS_MORE, "A person decides"),
        ("tell_other: true", "tell_other: false", Effect.GUARDS_LESS, "Telling the other contact point: no longer."),
        ("changed_within: P14D", "changed_within: P1D", Effect.GUARDS_LESS, "14 days → 24 hours"),
        ("keep_for: P4D", "keep_for: P5D", Effect.KEEPS_LONGER, "4 days → 5 days"),
        ("keep_for: P60D", "keep_for: P50D", Effect.KEEPS_SHORTER, "60 days → 50 days"),
        ("{contact: email, by: code}", "{contact: email, by: message}", Effect.ASKS_MORE, "A line of proof is gone"),
        (", optional: true", "", Effect.ASKS_MORE, "Newly asked for: document screen, one."),
        ("    captions: true\n", "", Effect.ASKS_LESS, "A caption for each screen: no longer."),
        ("keep_for: P50D", "keep_for: P55D", Effect.KEEPS_LONGER, "A law's minimum for rows in RO: 55 days."),
        ("{en: The payment.,", "{en: The whole screen.,", Effect.SAYS_OTHERWISE, "worded otherwise"),
        ("{en: To look.,", "{en: To see.,", Effect.SAYS_OTHERWISE, "Texts"),
        ("{details: [hash]}]", f"{{details: [hash]}}, {SCREEN}]", Effect.ASKS_MORE, "May be sent newly, in number 2"),
        ("max_pages: 1", "max_pages: 9", Effect.SAYS_OTHERWISE, "Pages of one screen, at most: 1 → 9."),
        ("max_bytes: 10MB", "max_bytes: 9MB", Effect.SAYS_OTHERWISE, "Bytes of one file of screen"),
        ("answer_for: PT24H", "answer_for: PT36H", Effect.SAYS_OTHERWISE, "The answer is promised within"),
        ("lines: 1", "lines: 1\n  resubmissions: 5", Effect.SAYS_OTHERWISE, "asked to send again: "),
        ("kind: amount", "kind: text", Effect.SAYS_OTHERWISE, "The format of sum: amount → text."),
        ("{en: With its currency,", "{en: In euro,", Effect.SAYS_OTHERWISE, "The question for sum"),
        ("unreadable:", "blurred:", Effect.SAYS_OTHERWISE, "No decision gives this reason any more: unreadable."),
        ("keep_for: P6D", "keep_for: P3D", Effect.KEEPS_SHORTER, "The period for details: 6 days → 3 days."),
        ("keep_for: P5D", "keep_for: P7D", Effect.KEEPS_LONGER, "The period for documents: 5 days → 7 days."),
    ],
)
def test_each_change_is_told_with_its_direction(old: str, new: str, effect: Effect, words: str) -> None:
    assert WHOLE.count(old) == 1
    found = effects(parse_policy(WHOLE.replace(old, new), origin="y"))
    assert any(said is effect and words in sentence for said, sentence in found), found


def test_a_second_reviewer_is_told() -> None:
    two = replace(POLICY, review=replace(POLICY.review, lines=2))
    assert effects(two) == {(Effect.GUARDS_MORE, "Reviewers one after the other: 1 → 2.")}


def test_what_everybody_may_newly_send_is_told_for_each_line_and_the_way_back_too() -> None:
    wider = parse_policy(WHOLE.replace("{details: [hash]}]", f"{{details: [hash]}}, {SCREEN}]"), origin="y")
    assert effects(wider) == {(Effect.ASKS_MORE, "May be sent newly, in number 2: document screen, one.")}
    gone = "May no longer be sent, in what was number 2: document screen, one."
    assert effects(POLICY, old=wider) == {(Effect.ASKS_LESS, gone)}


def test_what_the_desk_no_longer_sends_along_is_told() -> None:
    fields = "lines: 1\n  expected:\n    - name: {en: Name, nl: Naam}"
    asked = parse_policy(WHOLE.replace("lines: 1", fields), origin="y")
    gone = "The desk no longer sends along, to compare with: name."
    assert effects(POLICY, old=asked) == {(Effect.ASKS_LESS, gone)}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{en: To look.,", "{en: To see.,"),
        ("{en: Accounts act.,", "{en: Another act.,"),
        ("{en: The hash is the same.,", "{en: Both are the same.,"),
        ("{en: The screen,", "{en: The page,"),
        ("title: {en: Screenshot,", "title: {en: Picture,"),
        ("details: [hash, sum]", "details: [sum, hash]"),
        ("{en: So that nobody else gets them.,", "{en: For your safety.,"),
    ],
)
def test_a_difference_that_nothing_names_is_not_hidden_by_one_that_is_named(old: str, new: str) -> None:
    named = WHOLE.replace("tell_other: true", "tell_other: false").replace("keep_for: P6D", "keep_for: P5D")
    told = effects(parse_policy(named, origin="y"))
    assert {effect for effect, _ in told} == {Effect.GUARDS_LESS, Effect.KEEPS_SHORTER}
    assert named.count(old) == 1
    found = effects(parse_policy(named.replace(old, new), origin="y"))
    assert any("that no other line here names" in sentence for _, sentence in found), found


def test_a_way_that_needs_less_is_a_weaker_guard() -> None:
    easier = replace(POLICY, ladder=(*POLICY.ladder, (DetailsRequirement(("sum",)),)))
    assert any(change.effect is Effect.GUARDS_LESS and change.is_exposing for change in compare(POLICY, easier))
    none = parse_policy(NONE, origin="x")
    assert any(change.sentence == "No proof is asked for any more." for change in compare(POLICY, none))
    assert any(change.effect is Effect.ASKS_MORE for change in compare(none, POLICY))


def test_a_change_back_goes_the_other_way() -> None:
    shorter = replace(POLICY, retention=replace(POLICY.retention, undecided_for=timedelta(days=3)))
    assert {change.effect for change in compare(POLICY, shorter)} == {Effect.KEEPS_SHORTER}
    assert {change.effect for change in compare(shorter, POLICY)} == {Effect.KEEPS_LONGER}


# --- In words.


def test_the_explanation_says_who_decides_and_how_long_each_class_stays() -> None:
    text = explain(POLICY)
    for words in (
        "enter a code that goes to the e-mail address registered on the account (decided at once, without a person)",
        "sign a given text with the wallet; and tell Transaction (decided by one reviewer)",
        "if they like, send Screenshot",
        "changed within 14 days is not enough alone",
        "without one, 4 days.",
        "Documents in NL: at most 4 days. As Dutch customers expect.",
        "Rows in RO: at least 50 days after the end, because of a law (law-1): Accounts act.",
    ):
        assert words in text, words
    assert "Zodat niemand anders ze krijgt." in explain(POLICY, "nl")


def test_the_explanation_does_not_promise_a_reviewer_where_there_is_none() -> None:
    text = explain(load_builtin()["hosting-account-change"])
    assert "Nobody reviews anything: a contact check that is confirmed approves at once." in text
    assert "One reviewer" not in text
    assert "upload" not in text
    assert "Where contact checks are enough, nobody has to." in explain(POLICY)


def test_the_explanation_of_no_proof_tells_the_agent_to_answer() -> None:
    text = explain(parse_policy(NONE, origin="x"))
    assert "Anybody may know it. Simply answer. Nothing is stored." in text


def test_the_page_of_retention_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.retention_page", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
