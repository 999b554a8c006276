"""Policies from files, their canonical form, and what the built-in ones promise to customers."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from policies import (
    ContactRequirement,
    DocumentRequirement,
    Evidence,
    Policy,
    PolicyError,
    Text,
    decides_alone,
    explain,
    load_builtin,
    load_folder,
    policy_from_canonical,
)
from tests.case_policies import CASE_POLICIES
from tests.unit.test_policies_whole_language import texts_in

BUILTIN = Path(__file__).resolve().parents[2] / "policies" / "builtin"
NAMES = (
    "hosting-account-change",
    "merchant-payment-enquiry",
    "payout-question",
    "tutor-qualification",
    "wallet-account-recovery",
)
SPOKEN = ("en", "nl", "ro", "ru", "sk")


def sentences_of(policy: Policy) -> list[str]:
    texts: list[Text] = [policy.title, policy.retention.why]
    for rules in policy.documents.values():
        texts += [rules.title, rules.must_show, rules.may_cover, *rules.slot_titles.values()]
    for field in policy.details.values():
        texts += [field.title, *([field.hint] if field.hint else [])]
    texts += [period.why for period in policy.retention.classes.values()]
    texts += [reason.text for reason in policy.reasons]
    return [text["en"] for text in texts]


def test_the_shipped_policies_load_under_their_names() -> None:
    assert tuple(load_builtin()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_of_a_shipped_policy_is_there_in_every_language_that_we_speak(name: str) -> None:
    policy = load_builtin()[name]
    assert policy.languages == SPOKEN
    found = texts_in(policy)
    assert len(found) >= 5
    for text in found:
        assert tuple(text) == SPOKEN
        assert len({*text.values()}) >= 4, f"not translated: {dict(text)}"
        assert any("\u0400" <= sign <= "\u04ff" for sign in text["ru"]), text["ru"]


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_ends_alike_in_every_language(name: str) -> None:
    for text in texts_in(load_builtin()[name]):
        assert len({sentence[-1] == "." for sentence in text.values()}) == 1, dict(text)


# The pages speak to customers as one does to a stranger (`verifier/locales`); a policy's own words stand among theirs.
FAMILIAR = {
    "nl": r"\b(je|jij|jou|jouw|jezelf)\b",
    "ru": r"\b(ты|тебя|тебе|твой|твоя|твоё|твои)\b",
    "sk": r"\b(ty|tebe|teba|tvoj|tvoja|tvoje|tvoju)\b",
    "ro": r"\b(tu|tău|ta|tale|tine)\b",
}


@pytest.mark.parametrize("name", NAMES)
def test_customers_are_spoken_to_as_on_the_pages_around(name: str) -> None:
    for text in texts_in(load_builtin()[name]):
        for language, pattern in FAMILIAR.items():
            assert not re.search(pattern, text[language], flags=re.IGNORECASE), text[language]


def test_documents_are_the_last_resort_or_nobodys_duty() -> None:
    """Of the five, only one line of one policy cannot do without a document, and it stands last."""
    needing = [
        (policy.name, index)
        for policy in load_builtin().values()
        for index, line in enumerate(policy.ladder)
        if any(isinstance(item, DocumentRequirement) and not item.is_optional for item in line)
    ]
    assert needing == [("wallet-account-recovery", 1)]


def test_a_change_at_a_hosting_account_is_confirmed_by_its_contacts_alone_and_at_once() -> None:
    policy = load_builtin()["hosting-account-change"]
    for line in policy.ladder:
        (check,) = line
        assert isinstance(check, ContactRequirement)
        assert decides_alone(policy, Evidence(contacts=frozenset({(check.contact, check.by)})))
    assert policy.contacts.tell_other is True
    assert not policy.documents
    assert not policy.details


def test_a_wallet_is_handed_over_by_two_people_only() -> None:
    policy = load_builtin()["wallet-account-recovery"]
    assert policy.review.lines == 2
    assert policy.review.four_eyes is True
    assert policy.review.contact_checks_decide is False


def test_account_recovery_asks_for_both_sides_of_an_identity_document() -> None:
    policy = CASE_POLICIES["account-recovery"]
    assert [(slot.document, slot.slot) for slot in policy.slots()] == [("identity", "front"), ("identity", "back")]
    assert policy.review.lines == 1
    assert {"unreadable", "name_differs", "not_the_owner"} <= {reason.code for reason in policy.reasons}


def test_the_qualification_check_asks_for_one_diploma_of_up_to_six_pages() -> None:
    policy = CASE_POLICIES["qualification-check"]
    assert [(slot.document, slot.slot) for slot in policy.slots()] == [("diploma", "all_pages")]
    assert policy.documents["diploma"].max_pages == 6
    assert "6 pages" in policy.documents["diploma"].must_show["en"]
    assert policy.review.four_eyes is True
    assert {"full_name", "former_name"} <= set(policy.review.expected_fields)


@pytest.mark.parametrize("name", NAMES)
def test_what_customers_read_is_plain(name: str) -> None:
    policy = load_builtin()[name]
    for sentence in sentences_of(policy):
        assert not {"reject", "fraud", "fail", "invalid", "please note", "submit"} & set(sentence.lower().split()), (
            sentence
        )
        assert max(len(part.split()) for part in sentence.split(". ")) <= 40, sentence
    for reason in policy.reasons:
        assert reason.text["en"].endswith("."), reason.code
        assert "again" not in reason.text["en"], "what happens next depends on the decision, and the page says it"


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_comes_back_from_its_canonical_form(name: str) -> None:
    policy = load_builtin()[name]
    text = policy.to_canonical()
    again = policy_from_canonical(text)
    assert again == policy
    assert again.version == policy.version
    assert again.to_canonical() == text
    assert policy.version.startswith("sha256:")
    assert len(policy.version) == len("sha256:") + 64


# The first two policies ever shipped: verifications keep the text that they began with, so it must read the same.
FIRST_VERSIONS = {
    "account-recovery": "sha256:69c13e54526708573dc7c5c15a7a41681ee7b925042982cd006c1d3f2ee723d3",
    "qualification-check": "sha256:4009af28561f1933bb4577d6d9dcf0e6593262b263cfce4258c081ea4ac46bd5",
}


@pytest.mark.parametrize(("name", "version"), FIRST_VERSIONS.items())
def test_a_policy_that_uses_nothing_new_keeps_its_version(name: str, version: str) -> None:
    assert CASE_POLICIES[name].version == version


def test_a_stored_policy_that_is_not_canonical_is_refused() -> None:
    text = CASE_POLICIES["account-recovery"].to_canonical()
    spaced = json.dumps(json.loads(text))
    assert spaced != text
    for changed in (spaced, text + "\n", text.replace('"lines":1', '"lines":"1"')):
        with pytest.raises(PolicyError) as caught:
            policy_from_canonical(changed)
        assert caught.value.code == "not_canonical"


def test_a_folder_gives_its_policies_by_name(tmp_path: Path) -> None:
    for name in NAMES:
        for file in (f"{name}.yaml", f"{name}.tests.yaml"):
            (tmp_path / file).write_bytes((BUILTIN / file).read_bytes())
    (tmp_path / ".gitkeep").touch()
    assert dict(load_folder(tmp_path)) == dict(load_builtin())


def refusal_of_folder(path: Path) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load_folder(path)
    return caught.value


def test_a_folder_that_is_absent_is_refused(tmp_path: Path) -> None:
    assert refusal_of_folder(tmp_path / "nowhere").code == "folder"


@pytest.mark.parametrize("name", ["account-recovery.yml", "account-recovery.yaml.bak", "README"])
def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("policy: x")
    error = refusal_of_folder(tmp_path)
    assert error.code == "folder"
    assert error.origin.endswith(name)


def test_a_policy_in_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_bytes((BUILTIN / "payout-question.yaml").read_bytes())
    assert refusal_of_folder(tmp_path).code == "wrong_file_name"


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"policy: x\ntitle: {en: caf\xe9}\n")
    error = refusal_of_folder(tmp_path)
    assert (error.code, error.line) == ("not_utf8", 2)


def test_the_explanation_says_what_is_asked_why_and_for_how_long() -> None:
    policy = CASE_POLICIES["account-recovery"]
    text = explain(policy)
    for sentence in sentences_of(policy)[:5]:
        assert sentence in text
    for words in ("3 days", "20 MB", "4 pages", "48 hours", "7 days", "90 days", "up to 3 times"):
        assert words in text
    assert policy.retention.undecided_for == timedelta(days=7)
    assert len(text.splitlines()) < 30


def test_policies_import_nothing_of_the_rooms_above() -> None:
    script = "import sys, policies; print(sorted(m for m in sys.modules if m.split('.')[0] in ('verifier', 'workers')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
