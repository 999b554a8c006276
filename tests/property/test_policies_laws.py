"""Laws of the policy language: it never falls, its canonical form is an inverse, its version follows the content."""

import json
import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from policies import PolicyError, describe_duration, parse_policy, policy_from_canonical
from policies.access import parse_access
from policies.errors import PolicyErrorCode
from policies.measures import find_duration, find_size, write_duration
from tests.case_policies import CASE_POLICIES
from tests.case_policies import FOLDER as CASES
from tests.unit.test_policies_whole_language import NONE, WHOLE

FOLDER = Path(__file__).resolve().parents[2] / "policies"
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((FOLDER / "builtin").glob("*.yaml"))]
TEXTS += [WHOLE, NONE, *(path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.yaml")))]
ACCESS = (FOLDER / "access.yaml").read_text(encoding="utf-8")
POLICIES = [*CASE_POLICIES.values(), parse_policy(WHOLE, origin="x")]
CONTENTS: list[Any] = [json.loads(policy.to_canonical()) for policy in POLICIES]
BY_NAME = {policy.name: policy for policy in POLICIES}
FRAGMENTS = [
    "&a ",
    "*a",
    "!!str ",
    "%YAML 9.9\n",
    "---\n",
    "...",
    "{",
    "}",
    "[",
    "]",
    "? ",
    ": ",
    "- ",
    '"\\U99999999"',
]

yaml_like = st.text(alphabet="abc01 \n\t:-[]{}&*!%?|>'\"#,\\\x00\x85\u2028\ufeff\ud800é", max_size=80)


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> str:
    """A good text with one to three pieces cut out, doubled or replaced."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.sampled_from(FRAGMENTS), yaml_like))
        text = text[:start] + piece + text[end:]
    return text


@given(st.one_of(st.text(max_size=200), yaml_like, st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)))
def test_no_text_makes_the_parser_raise_anything_but_its_error(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, origin="x.yaml")
    assert caught.value.line >= 1
    assert caught.value.column >= 1
    assert str(caught.value).encode("utf-8")


@given(damaged(TEXTS))
def test_a_damaged_policy_is_refused_or_is_a_policy_that_comes_back(text: str) -> None:
    try:
        policy = parse_policy(text, origin="x.yaml")
    except PolicyError:
        return
    assert policy_from_canonical(policy.to_canonical()) == policy


@given(st.one_of(yaml_like, damaged([ACCESS])))
def test_no_text_makes_the_reader_of_the_access_table_fall(text: str) -> None:
    with suppress(PolicyError):
        parse_access(text, origin="x.yaml")


def shuffled(value: Any, *, order: random.Random) -> Any:
    if isinstance(value, list):
        return [shuffled(item, order=order) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    return {key: shuffled(value[key], order=order) for key in keys}


@given(st.sampled_from(CONTENTS), st.randoms(use_true_random=False), st.booleans(), st.integers(40, 200))
def test_neither_comments_nor_order_nor_layout_change_the_version(
    content: Any, order: random.Random, in_flow: bool, width: int
) -> None:
    changed = yaml.safe_dump(
        shuffled(content, order=order), sort_keys=False, allow_unicode=True, default_flow_style=in_flow, width=width
    )
    commented = "# nothing\n" + changed.rstrip("\n") + "\n# more nothing\n"
    assert parse_policy(commented, origin="x").version == BY_NAME[content["policy"]].version


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [path]


def changed_leaf(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value - 1 if value > 1 else value + 1
    span = find_duration(value)
    return write_duration(span - timedelta(seconds=1)) if span is not None else f"{value}x"


@pytest.mark.parametrize(
    ("index", "path"), [(index, path) for index, content in enumerate(CONTENTS) for path in leaves(content)]
)
def test_each_single_rule_that_changes_changes_the_version(index: int, path: tuple[Any, ...]) -> None:
    content = json.loads(json.dumps(CONTENTS[index]))
    holder = content
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = changed_leaf(holder[path[-1]])
    assert outcome_of(json.dumps(content, ensure_ascii=False)) not in {
        BY_NAME[CONTENTS[index]["policy"]].version,
        # A change that leaves the policy at odds with itself is refused for that, and for nothing else.
        *(set(get_args(PolicyErrorCode)) - AT_ODDS),
    }


# A document, a field, a language or a word of a closed list that is not what the rest of the policy says.
AT_ODDS = {
    *("slot_titles", "no_rules", "too_little_time", "limits_too_small", "contradiction"),
    *("unknown_choice", "bad_language", "missing_language", "missing_english", "bad_code", "out_of_range"),
}


def outcome_of(text: str) -> str:
    """The version of the policy, or the code of its refusal."""
    try:
        return parse_policy(text, origin="x").version
    except PolicyError as error:
        return error.code


# A value for every optional key that is not the one which stands in when the key is left out.
OPTIONAL: dict[tuple[str, str], Any] = {
    ("review", "four_eyes"): False,
    ("review", "second_look_share"): 7,
    ("review", "resubmissions"): 1,
    ("review", "claim_for"): "PT20M",
    ("review", "expected"): [{"full_name": {"en": "Name"}}],
    ("retention", "unfinished_upload_for"): "PT2H",
    ("retention", "forget_rows_after"): "P120D",
    ("retention", "hold_for"): "P31D",
    ("limits", "max_documents"): 19,
    ("limits", "uploads_at_once"): 1,
    ("limits", "total_bytes"): 90_000_000,
}


def test_the_list_of_optional_keys_is_whole() -> None:
    written = {(section, key) for section in ("review", "retention", "limits") for key in CONTENTS[0][section]}
    always = {("review", "lines"), ("review", "answer_for"), ("review", "checklist")}
    always |= {("retention", "undecided_for"), ("retention", "why")}
    assert written - always == set(OPTIONAL)


@given(st.dictionaries(st.sampled_from(sorted(OPTIONAL)), st.just(None)), st.sampled_from(sorted(OPTIONAL)))
def test_an_optional_rule_that_is_given_changes_the_version_and_comes_back(
    given_before: dict[tuple[str, str], None], added: tuple[str, str]
) -> None:
    assume(added not in given_before)
    versions = []
    for chosen in (set(given_before), {*given_before, added}):
        content = json.loads(json.dumps(CONTENTS[0]))
        for section, key in OPTIONAL:
            del content[section][key]
        for section, key in chosen:
            content[section][key] = OPTIONAL[section, key]
        policy = parse_policy(json.dumps(content, ensure_ascii=False), origin="x")
        assert policy_from_canonical(policy.to_canonical()) == policy
        versions.append(policy.version)
    assert versions[0] != versions[1]


@given(st.lists(st.sampled_from(range(10)), min_size=10, max_size=10, unique=True))
def test_the_order_of_reasons_is_content(order: list[int]) -> None:
    content = json.loads(json.dumps(CONTENTS[0]))
    assume(order != sorted(order))
    content["reasons"] = [content["reasons"][index] for index in order]
    changed = parse_policy(json.dumps(content, ensure_ascii=False), origin="x")
    assert changed.version != POLICIES[0].version
    assert policy_from_canonical(changed.to_canonical()) == changed


@given(st.text(min_size=1, max_size=60))
def test_every_sentence_that_is_accepted_comes_back_as_it_was_read(sentence: str) -> None:
    content = json.loads(json.dumps(CONTENTS[0]))
    content["retention"]["why"]["en"] = sentence
    try:
        policy = parse_policy(json.dumps(content), origin="x")
    except PolicyError:
        return
    assert policy.retention.why["en"].split() == sentence.split()
    assert policy_from_canonical(policy.to_canonical()) == policy


whole_seconds = st.integers(0, 10**8).map(lambda seconds: timedelta(seconds=seconds))


@given(whole_seconds)
def test_a_duration_that_was_written_is_read_back(value: timedelta) -> None:
    assert find_duration(write_duration(value)) == value


@given(whole_seconds)
def test_a_described_duration_never_promises_more_than_there_is(value: timedelta) -> None:
    units = {"day": 86400, "hour": 3600, "minute": 60, "second": 1, "time": 1}
    words = describe_duration(value).replace(" and ", " ").replace("no ", "0 ").split()
    said = sum(int(words[i]) * units[words[i + 1].removesuffix("s")] for i in range(0, len(words), 2))
    assert said <= value.total_seconds() < said + 3600


@given(st.text(max_size=20))
def test_measures_read_any_text_without_falling(text: str) -> None:
    duration, size = find_duration(text), find_size(text)
    assert duration is None or duration >= timedelta(0)
    assert size is None or size >= 0
