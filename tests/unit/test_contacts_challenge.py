"""Challenges, and the JSON of strangers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.contacts.challenge import is_same_text, new_challenge, parse_challenge
from verifier.contacts.errors import MalformedChallengeError, UnreadableJsonError
from verifier.contacts.strict_json import parse_object
from verifier.ids import new_verification_id


def test_a_challenge_names_its_case_and_action_and_reads_back() -> None:
    verification = new_verification_id()
    text = new_challenge(verification, "account-recovery")

    parsed = parse_challenge(text)

    assert (parsed.verification, parsed.action) == (verification, "account-recovery")
    assert parsed.to_text() == text
    assert len(text) <= 255  # one string of a TXT record: RFC 1035, section 3.3


def test_no_two_challenges_are_alike() -> None:
    verification = new_verification_id()
    assert len({new_challenge(verification, "x") for _ in range(100)}) == 100


def test_the_longest_name_of_a_policy_still_fits_into_a_txt_string() -> None:
    assert len(new_challenge(new_verification_id(), "a" * 63)) <= 255


@pytest.mark.parametrize("action", ["", "A", "a/b", "a b", "a\n", "a" * 64, "-a", "ü"])
def test_an_action_that_would_not_read_back_gets_no_challenge(action: str) -> None:
    with pytest.raises(MalformedChallengeError):
        new_challenge(new_verification_id(), action)


@given(st.text())
def test_no_text_makes_the_parser_raise_anything_but_its_error(text: str) -> None:
    try:
        parsed = parse_challenge(text)
    except MalformedChallengeError:
        return
    assert parsed.to_text() == text


@given(st.data())
def test_a_challenge_with_one_character_changed_is_another_or_none(data: st.DataObject) -> None:
    text = new_challenge(new_verification_id(), "account-recovery")
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters().filter(lambda letter: letter != text[at])) + text[at + 1 :]

    assert not is_same_text(changed, text)
    try:
        assert parse_challenge(changed) != parse_challenge(text)
    except MalformedChallengeError:
        return


@given(st.text(), st.text())
def test_texts_are_the_same_exactly_when_they_are(left: str, right: str) -> None:
    assert is_same_text(left, left)
    assert is_same_text(left, right) == (left == right)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_an_object_reads_as_it_was_written(content: dict[str, object]) -> None:
    assert parse_object(json.dumps(content, ensure_ascii=False).encode("utf-8")) == content


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8")))
def test_no_bytes_make_the_reader_raise_anything_but_its_error(raw: bytes) -> None:
    try:
        assert isinstance(parse_object(raw), dict)
    except UnreadableJsonError:
        return


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"x":{"a":1,"a":2}}',
        b'{"a":1,"\\u0061":1}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b"[]",
        b'"a"',
        b"",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableJsonError):
        parse_object(raw)


def test_depth_is_refused_even_where_a_library_lets_python_recurse_without_end() -> None:
    # A process of its own: what Python's reader does there without our limit is a segmentation fault.
    program = (
        "import sys; sys.setrecursionlimit(1_000_000)\n"
        "from verifier.contacts.strict_json import UnreadableJsonError, parse_object\n"
        "for part in (b'[', b'{\"a\":'):\n"
        "    try: parse_object(part * 1_000_000)\n"
        "    except UnreadableJsonError: print('refused')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["refused", "refused"]


@pytest.mark.cases
def test_what_json_test_suite_refuses_is_refused(cases_dir: Path) -> None:
    files = sorted((cases_dir / "json_suite").glob("*__n_*.json"))
    assert len(files) > 50
    for file in files:
        with pytest.raises(UnreadableJsonError):
            parse_object(file.read_bytes())


@pytest.mark.cases
def test_objects_that_json_test_suite_accepts_are_read_unless_a_name_stands_twice(cases_dir: Path) -> None:
    files = [
        file for file in sorted((cases_dir / "json_suite").glob("*__y_object*.json")) if "duplicated" not in file.name
    ]
    assert len(files) > 3
    for file in files:
        parse_object(file.read_bytes())
