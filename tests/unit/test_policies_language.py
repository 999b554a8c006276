"""What the policy language reads, and what it refuses: with which code, on which line, in which column."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from policies import DocumentRequirement, PolicyError, parse_policy
from policies.errors import PolicyErrorCode

TEXT = """\
# A comment changes nothing.
policy: lost-phone
title: {en: Get your number back, de: Deine Nummer zurück}
link: {open_for: P2D, status_for: P30D}
proofs:
  - [{document: identity, slots: [front, back]}]
  - [{document: letter, slots: [page]}]
documents:
  identity:
    title: {en: Your identity card}
    max_bytes: 10MB
    max_pages: 2
    must_show: {en: Your name.}
    may_cover: {en: Everything else.}
    slots: {front: {en: Front}, back: {en: Back}}
  letter:
    title: {en: Our letter}
    max_bytes: 2 MiB
    max_pages: 1
    must_show: {en: The code.}
    may_cover: {en: Everything else.}
    slots: {page: {en: Page}}
review:
  lines: 1
  answer_for: PT48H
  checklist:
    - same_name: {en: The name is the same.}
  expected:
    - full_name: {en: Name}
retention:
  undecided_for: P7D
  why: {en: So that nobody else takes your number.}
reasons: [unreadable, {no_letter: {en: This is not our letter.}}]
limits: {max_documents: 6, uploads_at_once: 2, total_bytes: 40MB}
"""

# Each row: the code, what is replaced in TEXT by what, and where the refusal must point.
REFUSALS = [
    ("anchor", "{en: Our letter}", "&title {en: Our letter}", 17, 12),
    ("anchor", "{en: Our letter}", "*title", 17, 12),
    ("bad_code", "slots: [page]", "slots: [Page 1]", 7, 33),
    ("bad_code", "policy: lost-phone", "policy: Lost Phone", 2, 9),
    ("bad_duration", "answer_for: PT48H", "answer_for: 2 days", 25, 15),
    ("bad_duration", "answer_for: PT48H", "answer_for: P1M", 25, 15),
    ("bad_language", "de: Deine", "deutsch: Deine", 3, 35),
    ("bad_number", "max_pages: 2", "max_pages: two", 12, 16),
    ("bad_number", "max_pages: 2", "max_pages: 0x2", 12, 16),
    ("bad_number", "max_pages: 2", "max_pages: 02", 12, 16),
    ("bad_size", "10MB", "10 megabytes", 11, 16),
    ("bad_switch", "lines: 1", "four_eyes: yes\n  lines: 1", 24, 14),
    ("bad_switch", "lines: 1", "four_eyes: 'false'\n  lines: 1", 24, 14),
    ("bad_text", "{en: Page}", '{en: " "}', 22, 24),
    ("bad_text", "{en: Page}", "{en: " + "x" * 601 + "}", 22, 24),
    ("bad_text", "{en: Page}", '{en: "\\u202Egap"}', 22, 24),
    ("bad_text", "{en: Page}", '{en: "a\\x1b[2J"}', 22, 24),
    ("duplicate_code", "[front, back]", "[front, front]", 6, 42),
    ("duplicate_code", "[unreadable, {", "[unreadable, unreadable, {", 33, 23),
    ("duplicate_code", "slots: [page]}", "slots: [page]}, {document: letter, slots: [page]}", 7, 41),
    ("duplicate_key", "  lines: 1", "  lines: 1\n  lines: 2", 25, 3),
    ("duplicate_key", "{front: {en: Front}", "{front: {en: Front}, front: {en: F}", 15, 33),
    ("empty_ladder", TEXT[TEXT.index("proofs:") : TEXT.index("documents:")], "proofs: []\n", 5, 9),
    ("empty_proof", "[{document: letter, slots: [page]}]", "[]", 7, 5),
    ("limits_too_small", "max_documents: 6", "max_documents: 1", 34, 9),
    ("limits_too_small", "total_bytes: 40MB", "total_bytes: 19MB", 34, 9),
    ("missing_english", "{en: Our letter}", "{de: Unser Brief}", 17, 12),
    ("missing_key", "  answer_for: PT48H\n", "", 24, 3),
    ("missing_key", "policy: lost-phone\n", "", 2, 1),
    ("missing_retention", TEXT[TEXT.index("retention:") : TEXT.index("reasons:")], "", 2, 1),
    ("no_rules", "document: letter", "document: leter", 7, 17),
    ("not_yaml", "policy: lost-phone", "policy: [lost-phone", 3, 6),
    ("not_yaml", "policy: lost-phone", "policy: \x07lost-phone", 2, 9),
    ("not_yaml", "policy: lost-phone", 'policy: "\\UFFFFFFFF"', 1, 1),
    ("no_rules", "slots: [page]}", "slots: [page]}, {details: [transaction_hash]}", 7, 51),
    ("unfit_check", "- [{document: letter", "- [{contact: phone, by: dns}]\n  - [{document: letter", 7, 27),
    (
        "unreachable",
        "- [{document: letter",
        "- [{document: identity, slots: [back, front]}]\n  - [{document: letter",
        7,
        5,
    ),
    ("out_of_range", "max_pages: 2", "max_pages: 51", 12, 16),
    ("out_of_range", "10MB", "101MB", 11, 16),
    ("out_of_range", "open_for: P2D", "open_for: P31D", 4, 18),
    ("out_of_range", "lines: 1", "second_look_share: 101\n  lines: 1", 24, 22),
    ("several_documents", "limits:", "---\nlimits:", 34, 1),
    ("slot_titles", "slots: [page]", "slots: [pages]", 7, 32),
    ("slot_titles", "{page: {en: Page}}", "{page: {en: Page}, back: {en: Back}}", 16, 3),
    ("tag", "lines: 1", "lines: !!int 1", 24, 10),
    ("tag", "{en: Our letter}", "!!map {en: Our letter}", 17, 12),
    ("tag", "# A comment changes nothing.", "%YAML 1.1\n---", 1, 1),
    ("too_deep", "{en: Our letter}", "[" * 20 + "]" * 20, 17, 21),
    ("too_few", TEXT[TEXT.index("    - same_name") : TEXT.index("  expected:")], "    []\n", 27, 5),
    ("too_little_time", "answer_for: PT48H", "answer_for: P6D", 31, 3),
    ("too_little_time", "status_for: P30D", "status_for: P91D", 31, 3),
    ("too_long", "# A comment", "# " + "x" * 300_000, 1, 1),
    ("too_many", "slots: [page]", "slots: [a, b, c, d, e, f, g]", 7, 51),
    ("unknown_choice", "lines: 1", "lines: 3", 24, 10),
    ("unknown_choice", "- [{document: letter", "- [{contact: emial, by: code}]\n  - [{document: letter", 7, 16),
    ("unknown_key", "answer_for: PT48H", "answer_for: PT48H\n  four_eye: true", 26, 3),
    ("unknown_key", "limits:", "limit:", 34, 1),
    ("unknown_reason", "[unreadable,", "[unredable,", 33, 11),
    ("unused_rules", "\n  - [{document: letter, slots: [page]}]", "", 15, 3),
    ("wrong_kind", "title: {en: Our letter}", "title: Our letter", 17, 12),
    ("wrong_kind", "slots: [page]", "slots: page", 7, 32),
    ("wrong_kind", "lines: 1", "lines: [1]", 24, 10),
    ("wrong_kind", "policy: lost-phone", "[policy]: lost-phone", 2, 1),
    ("wrong_kind", TEXT, "", 1, 1),
    ("wrong_kind", TEXT, "just words", 1, 1),
    ("wrong_kind", TEXT, "[]", 1, 1),
]
# These do not come from one policy's text; test_policies_files.py and test_policies_access.py meet them.
# `contradiction`, `missing_language`: test_policies_whole_language.py.
ELSEWHERE = {
    "access_gap",
    "contradiction",
    "folder",
    "missing_language",
    "not_canonical",
    "not_utf8",
    "wrong_file_name",
}


def refusal_of(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, origin="lost-phone.yaml")
    return caught.value


@pytest.mark.parametrize(("code", "old", "new", "line", "column"), REFUSALS)
def test_a_mistake_is_refused_with_its_code_and_its_place(
    code: str, old: str, new: str, line: int, column: int
) -> None:
    assert TEXT.count(old) == 1, "the row must change exactly one place"
    error = refusal_of(TEXT.replace(old, new))
    assert (error.code, error.line, error.column) == (code, line, column), str(error)
    assert str(error) == f"lost-phone.yaml:{line}:{column}: {error.sentence} [{code}]"
    assert error.sentence[0] in '`"' or error.sentence[0].isupper()
    assert error.sentence[-1] in ".?)"


def test_every_code_has_a_mistake_that_earns_it() -> None:
    assert {row[0] for row in REFUSALS} | ELSEWHERE == set(get_args(PolicyErrorCode))


def test_every_field_of_the_text_arrives() -> None:
    policy = parse_policy(TEXT, origin="lost-phone.yaml")
    assert policy.name == "lost-phone"
    assert policy.title.in_language("de-AT") == "Deine Nummer zurück"
    assert policy.title.in_language("fr") == "Get your number back"
    assert policy.link.open_for == timedelta(days=2)
    assert policy.ladder == (
        (DocumentRequirement("identity", ("front", "back")),),
        (DocumentRequirement("letter", ("page",)),),
    )
    assert policy.documents["letter"].max_bytes == 2 * 1024 * 1024
    assert policy.documents["identity"].slot_titles["back"]["en"] == "Back"
    assert policy.review.answer_for == timedelta(hours=48)
    assert [item.code for item in policy.review.checklist] == ["same_name"]
    assert dict(policy.review.expected_fields["full_name"]) == {"en": "Name"}
    assert policy.retention.undecided_for == timedelta(days=7)
    assert [reason.code for reason in policy.reasons] == ["unreadable", "no_letter"]
    assert policy.limits.total_bytes == 40_000_000


def test_what_the_text_leaves_out_has_its_safe_value() -> None:
    text = TEXT[: TEXT.index("limits:")]
    policy = parse_policy(text, origin="lost-phone.yaml")
    assert policy.review.four_eyes is True
    assert policy.review.second_look_share == 0
    assert policy.review.resubmissions == 3
    assert policy.review.claim_for == timedelta(minutes=15)
    assert policy.retention.unfinished_upload_for == timedelta(hours=1)
    assert policy.retention.forget_rows_after == timedelta(days=90)
    assert policy.retention.hold_for == timedelta(days=30)
    assert (policy.limits.max_documents, policy.limits.uploads_at_once) == (20, 2)
    assert policy.limits.total_bytes == 100_000_000


def test_a_near_miss_gets_the_right_word() -> None:
    assert refusal_of(TEXT.replace("limits:", "limit:")).sentence.endswith("Did you mean `limits`?")
    assert refusal_of(TEXT.replace("[unreadable,", "[unredable,")).sentence.endswith("Did you mean `unreadable`?")
    assert refusal_of(TEXT.replace("document: letter", "document: leter")).sentence.endswith("Did you mean `letter`?")


def test_the_refusal_of_an_empty_ladder_says_why() -> None:
    start, end = TEXT.index("proofs:"), TEXT.index("documents:")
    assert "accept everyone" in refusal_of(TEXT[:start] + "proofs: []\n" + TEXT[end:]).sentence


def test_a_refusal_shows_nothing_that_could_move_a_terminal() -> None:
    error = refusal_of(TEXT.replace("limits:", '"\\x1b[2J\\ud800limit":'))
    assert error.code == "unknown_key"
    assert str(error).isprintable()


def test_the_word_no_stays_a_word() -> None:
    # YAML 1.1 reads `no` as false: a policy in Norwegian would lose its language.
    policy = parse_policy(TEXT.replace("de: Deine Nummer zurück", "no: Få tilbake nummeret ditt"), origin="x")
    assert policy.title["no"] == "Få tilbake nummeret ditt"


def test_line_breaks_in_a_sentence_fold_into_spaces() -> None:
    broken = TEXT.replace("must_show: {en: The code.}", "must_show:\n      en: |\n        The\n        code.")
    assert parse_policy(broken, origin="x") == parse_policy(TEXT, origin="x")


def test_the_version_of_a_text_stays_what_it_was() -> None:
    # Verifications in databases everywhere keep this version: if this line must change, stored policies break.
    text = TEXT.replace("[unreadable, {", "[{")  # the stock's wording may change; a stored policy holds it in full
    expected = "sha256:4a3b6389b0c38949d06eff2b1845af2c0342aad821b0b80897733bd002904e9a"
    assert parse_policy(text, origin="x").version == expected


@pytest.mark.cases
def test_nothing_that_others_wrote_makes_the_parser_fall(cases_dir: Path) -> None:
    tried = 0
    for folder in ("json_suite", "naughty_strings"):
        for path in sorted((cases_dir / folder).iterdir()):
            content = path.read_bytes().decode("utf-8", errors="surrogateescape")
            for text in (content, *content.splitlines()):
                tried += 1
                with pytest.raises(PolicyError):
                    parse_policy(text, origin=path.name)
    assert tried > 500
