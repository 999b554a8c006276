"""The parts of the language beyond documents: contact checks, details, languages, periods, minimums, no proof."""

from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from policies import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DataClass,
    DetailKind,
    DetailsRequirement,
    DocumentRequirement,
    Evidence,
    Policy,
    PolicyError,
    Situation,
    Text,
    is_satisfied,
    load_folder,
    parse_policy,
    plan,
    policy_from_canonical,
)
from tests.unit.test_policies_language import TEXT as PLAIN

WHOLE: Final = """\
policy: lost-coins
title: {en: Find your coins, nl: Je munten terugvinden}
languages: [nl, en]
link: {open_for: P2D, status_for: P30D}
proofs:
  - [{contact: email, by: code}]
  - [{contact: wallet, by: signature}, {details: [hash]}]
  - [{details: [hash, sum]}, {document: screen, slots: [one], optional: true}]
details:
  hash: {kind: transaction_hash, title: {en: Transaction, nl: Transactie}}
  sum: {kind: amount, title: {en: Amount, nl: Bedrag}, hint: {en: With its currency, nl: Met de valuta}}
contacts: {changed_within: P14D, tell_other: true, forbid_disposable: true}
documents:
  screen:
    title: {en: Screenshot, nl: Schermafbeelding}
    max_bytes: 10MB
    max_pages: 1
    must_show: {en: The payment., nl: De betaling.}
    may_cover: {en: Everything else., nl: Al het andere.}
    slots: {one: {en: The screen, nl: Het scherm}}
    captions: true
review:
  lines: 1
  answer_for: PT24H
  contact_checks_decide: true
  checklist:
    - same: {en: The hash is the same., nl: De hash is dezelfde.}
retention:
  undecided_for: P7D
  why: {en: So that nobody else gets them., nl: Zodat niemand anders ze krijgt.}
  classes:
    contact_points: {keep_for: P7D, why: {en: To ask you., nl: Om je te vragen.}}
    details: {keep_for: P6D, why: {en: To compare., nl: Om te vergelijken.}}
    documents: {keep_for: P5D, why: {en: To look., nl: Om te kijken.}}
    rows: {keep_for: P80D, why: {en: To answer you., nl: Om je te antwoorden.}}
  countries:
    NL: {documents: {keep_for: P4D, why: {en: As Dutch customers expect., nl: Zoals men hier verwacht.}}}
    RO: {rows: {keep_for: P60D, why: {en: A shorter claim., nl: Een kortere termijn.}}}
  holds:
    - {class: rows, keep_for: P50D, law: {en: Accounts act., nl: Boekhoudwet.}, country: RO}
reasons: [unreadable: {en: We could not read it., nl: We konden het niet lezen.}]
"""
NONE: Final = """\
policy: opening-hours
title: {en: Ask when we are open}
no_proof: {why: {en: Anybody may know it.}}
"""

REFUSALS = [
    ("missing_language", "title: {en: Find your coins, nl: Je munten terugvinden}", "title: {en: x}", 2, 8),
    ("missing_language", "{en: Amount, nl: Bedrag}", "{en: Amount}", 11, 30),
    ("missing_language", "law: {en: Accounts act., nl: Boekhoudwet.}", "law: {en: x}", 40, 42),
    ("missing_language", ", nl: Om te kijken.}", "}", 34, 37),
    (
        "missing_language",
        "[unreadable: {en: We could not read it., nl: We konden het niet lezen.}]",
        "[{x: {en: x}}]",
        41,
        15,
    ),
    ("bad_language", "{en: Amount, nl: Bedrag}", "{en: Amount, nl: Bedrag, ro: Sumă}", 11, 55),
    ("bad_code", "languages: [nl, en]", "languages: [Dutch, en]", 3, 13),
    ("duplicate_code", "languages: [nl, en]", "languages: [nl, nl, en]", 3, 17),
    ("missing_english", "languages: [nl, en]", "languages: [nl]", 3, 12),
    ("unfit_check", "{contact: email, by: code}", "{contact: email, by: signature}", 6, 27),
    ("unknown_choice", "kind: amount", "kind: ammount", 11, 15),
    ("unknown_key", "title: {en: Amount", "titel: {en: Amount", 11, 23),
    ("no_rules", "details: [hash, sum]", "details: [hash, summ]", 8, 16),
    ("duplicate_code", "{contact: email, by: code}", "{contact: email, by: code}, {contact: email, by: code}", 6, 34),
    ("duplicate_code", "{details: [hash]}", "{details: [hash]}, {details: [sum]}", 7, 59),
    ("empty_proof", "{details: [hash, sum]}, ", "", 8, 5),
    (
        "unreachable",
        "  - [{contact: wallet, by: signature}, {details: [hash]}]",
        "  - [{contact: email, by: code}]",
        7,
        5,
    ),
    ("unreachable", "  - [{contact: wallet, by: signature}, {details: [hash]}]", "  - [{details: [hash]}]", 8, 5),
    ("contradiction", "lines: 1", "lines: 2", 23, 3),
    ("contradiction", "lines: 1", "lines: 1\n  second_look_share: 5", 23, 3),
    ("unused_rules", "{details: [hash, sum]}, ", "{details: [hash]}, ", 11, 3),
    ("unused_rules", "  - [{contact: email, by: code}]\n", "", 22, 3),
    ("missing_key", WHOLE[WHOLE.index("  checklist:") : WHOLE.index("retention:")], "", 23, 3),
    ("missing_retention", "    details: {keep_for: P6D, why: {en: To compare., nl: Om te vergelijken.}}\n", "", 29, 3),
    ("out_of_range", "P5D", "P8D", 34, 27),
    ("out_of_range", "keep_for: P60D", "keep_for: P91D", 38, 27),
    ("bad_code", "    RO:", "    ro:", 38, 5),
    ("too_little_time", "P50D", "P61D", 40, 7),
    ("too_little_time", "keep_for: P4D", "keep_for: P2D", 29, 3),
    ("too_little_time", "status_for: P30D", "status_for: P61D", 29, 3),
    ("too_little_time", "{class: rows, keep_for: P50D", "{class: documents, keep_for: P61D", 40, 7),
    ("missing_key", "law: {en: Accounts act., nl: Boekhoudwet.}, ", "", 40, 7),
    ("bad_code", "{class: rows, ", "{class: rows, code: The act, ", 40, 27),
    ("out_of_range", "changed_within: P14D", "changed_within: P900D", 12, 28),
    ("bad_switch", "tell_other: true", "tell_other: yes", 12, 46),
]


def test_what_stands_beside_a_check_is_reached_where_the_contact_point_changed_recently() -> None:
    text = WHOLE.replace(
        "{contact: wallet, by: signature}, {details: [hash]}", "{contact: email, by: code}, {details: [hash]}"
    )
    policy = parse_policy(text, origin="x")
    given = frozenset({ContactKind.EMAIL})
    assert plan(policy, Situation(contacts=given)).lines == (0, 1, 2)
    assert plan(policy, Situation(contacts=given, recent=given)).lines == (1, 2)
    code = Evidence(contacts=frozenset({(ContactKind.EMAIL, CheckMethod.CODE)}), recent=given)
    assert not is_satisfied(policy, code)
    assert is_satisfied(policy, replace(code, details=frozenset({"hash"})))


def refusal_of(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, origin="lost-coins.yaml")
    return caught.value


@pytest.mark.parametrize(("code", "old", "new", "line", "column"), REFUSALS)
def test_a_mistake_is_refused_with_its_code_and_its_place(
    code: str, old: str, new: str, line: int, column: int
) -> None:
    assert WHOLE.count(old) == 1, "the row must change exactly one place"
    error = refusal_of(WHOLE.replace(old, new))
    assert (error.code, error.line, error.column) == (code, line, column), str(error)
    assert error.sentence[-1] in ".?)"


def test_every_part_of_the_text_arrives() -> None:
    policy = parse_policy(WHOLE, origin="x")
    assert policy.languages == ("en", "nl")
    assert policy.ladder == (
        (ContactRequirement(ContactKind.EMAIL, CheckMethod.CODE),),
        (ContactRequirement(ContactKind.WALLET, CheckMethod.SIGNATURE), DetailsRequirement(("hash",))),
        (DetailsRequirement(("hash", "sum")), DocumentRequirement("screen", ("one",), is_optional=True)),
    )
    assert policy.details["sum"].kind is DetailKind.AMOUNT
    assert policy.details["sum"].hint == Text.of([("en", "With its currency"), ("nl", "Met de valuta")])
    assert policy.details["hash"].hint is None
    assert policy.documents["screen"].captions is True
    assert policy.contacts.changed_within == timedelta(days=14)
    assert policy.contacts.tell_other is True
    assert policy.contacts.forbid_disposable is True
    assert policy.review.contact_checks_decide is True
    assert policy.retention.holds[0].data is DataClass.ROWS
    assert policy.retention.holds[0].country == "RO"


@pytest.mark.parametrize("text", [WHOLE, NONE])
def test_every_part_comes_back_from_the_canonical_form(text: str) -> None:
    policy = parse_policy(text, origin="x")
    assert policy_from_canonical(policy.to_canonical()) == policy


def test_the_shortest_period_that_may_apply_ends_what_nobody_decided() -> None:
    retention = parse_policy(WHOLE, origin="x").retention
    assert retention.longest_undecided() == timedelta(days=4), "the country is not known: the shortest of all holds"
    assert retention.longest_undecided(country="NL") == timedelta(days=4)
    assert retention.longest_undecided(country="SK") == timedelta(days=5)
    assert retention.longest_rows() == timedelta(days=60)
    assert retention.longest_rows(country="NL") == timedelta(days=80)


def test_a_policy_that_needs_no_proof_says_so_and_offers_none() -> None:
    policy = parse_policy(NONE, origin="x")
    assert policy.no_proof is not None
    assert policy.no_proof["en"] == "Anybody may know it."
    assert plan(policy, Situation(contacts=frozenset(ContactKind))).lines == ()
    everything = Evidence(slots=frozenset({("a", "b")}), contacts=frozenset({(ContactKind.EMAIL, CheckMethod.CODE)}))
    assert not is_satisfied(policy, everything), "there is nothing to approve"
    assert policy.retention.longest_undecided() == timedelta(0), "what began by mistake ends at once"


def test_no_proof_takes_nothing_that_belongs_to_a_proof() -> None:
    error = refusal_of(NONE + "proofs: []\n")
    assert (error.code, error.line) == ("unknown_key", 4)
    assert refusal_of(NONE.replace("why:", "because:")).code == "unknown_key"


def test_a_reviewer_needs_no_checklist_where_contact_checks_are_all_there_is() -> None:
    only = "\n".join(line for line in WHOLE.splitlines() if "hash" not in line and "sum:" not in line)
    only = only.replace("details:\n", "", 1).replace("  checklist:\n", "")
    begin, end = only.index("documents:"), only.index("review:")
    only = only[:begin] + only[end:]
    gone = ("details:", "documents:", "NL:")
    only = "\n".join(line for line in only.splitlines() if not line.lstrip().startswith(gone))
    policy = parse_policy(only, origin="x")
    assert policy.review.checklist == ()
    assert not policy.documents
    assert policy_from_canonical(policy.to_canonical()) == policy
    error = refusal_of(only.replace("  contact_checks_decide: true\n", ""))
    assert error.code == "missing_key"


def test_a_stock_sentence_counts_only_in_the_languages_of_the_policy() -> None:
    stock = WHOLE.replace("[unreadable: {en: We could not read it., nl: We konden het niet lezen.}]", "[unreadable]")
    policy = parse_policy(stock, origin="x")
    assert set(policy.reasons[0].text) == {"en", "nl"}
    plain = parse_policy(PLAIN, origin="x")
    assert set(plain.reasons[0].text) == {"en"}


def texts_in(part: object) -> list[Text]:
    """Every sentence in a policy, found by walking the values and not by any list of places."""
    if isinstance(part, Text):
        return [part]
    if is_dataclass(part):
        return [text for field in fields(part) for text in texts_in(getattr(part, field.name))]
    if isinstance(part, tuple):
        return [text for item in part for text in texts_in(item)]
    return []


def test_no_sentence_of_the_policy_escapes_the_check_of_languages() -> None:
    policy = parse_policy(WHOLE, origin="x")
    found = texts_in(policy)
    assert len(found) == 18
    for text in found:
        assert tuple(text) == ("en", "nl")
        dutch = text["nl"]
        assert WHOLE.count(f", nl: {dutch}") == 1, dutch
        assert refusal_of(WHOLE.replace(f", nl: {dutch}", "")).code == "missing_language", dutch


def test_a_minimum_for_what_was_sent_is_put_to_use(tmp_path: Path) -> None:
    text = WHOLE.replace("{class: rows, keep_for: P50D", "{class: documents, code: bookkeeping-act, keep_for: P50D")
    policy: Policy = parse_policy(text, origin="x")
    assert policy_from_canonical(policy.to_canonical()) == policy
    (tmp_path / "lost-coins.yaml").write_text(text)
    assert load_folder(tmp_path)["lost-coins"] == policy
    (hold,) = policy.retention.list_holds()
    assert (hold.data, hold.code, hold.keep_for) == (DataClass.DOCUMENTS, "bookkeeping-act", timedelta(days=50))
    assert policy.retention.find_law("bookkeeping-act") == hold
    assert parse_policy(WHOLE, origin="x").retention.list_holds() == (), "rows are forgotten late enough"
    assert "law-1" not in parse_policy(WHOLE, origin="x").to_canonical(), "the form of older policies has not changed"


def test_of_several_duties_to_keep_the_longest_counts_because_the_country_is_not_known() -> None:
    one = "    - {class: rows, keep_for: P50D"
    more = "    - {class: documents, keep_for: P20D, country: NL, law: {en: A tax act., nl: Een belastingwet.}}\n"
    text = WHOLE.replace(one, more + more.replace("P20D, country: NL", "P40D, country: SK") + one)
    (hold,) = parse_policy(text, origin="x").retention.list_holds()
    assert (hold.code, hold.country) == ("law-2", "SK")


def test_a_minimum_for_what_nobody_is_asked_for_is_refused() -> None:
    hold = "  holds:\n    - {class: details, keep_for: P20D, law: {en: An act.}}\n"
    assert PLAIN.count("reasons:") == 1
    assert refusal_of(PLAIN.replace("reasons:", f"{hold}reasons:")).code == "unused_rules"
