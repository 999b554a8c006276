"""`verifier policy …` as an operator meets it: real processes, on files of their own."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from policies import PolicyError
from policies.loading import load_folder
from tests.journey import Desk, make_jpeg
from tests.unit.test_cli_commands import Operator
from tests.unit.test_policies_language import TEXT
from tests.unit.test_policies_tools import TESTS
from tests.unit.test_policies_whole_language import NONE, WHOLE
from verifier.settings import Settings


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path / "home")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two policies, one with tests beside it."""
    made = tmp_path / "policies"
    made.mkdir()
    (made / "lost-coins.yaml").write_text(WHOLE, encoding="utf-8")
    (made / "lost-coins.tests.yaml").write_text(TESTS, encoding="utf-8")
    (made / "opening-hours.yaml").write_text(NONE, encoding="utf-8")
    return made


def test_check_names_each_wrong_file_with_line_column_and_the_right_word(operator: Operator, folder: Path) -> None:
    (folder / "wrong.yaml").write_text(WHOLE.replace("kind: amount", "kind: amuont"), encoding="utf-8")
    (folder / "gap.yaml").write_text(WHOLE.replace(", nl: Bedrag", ""), encoding="utf-8")
    done = operator.run("policy", "check", *map(str, sorted(folder.iterdir())))
    assert done.returncode == 1
    assert "lost-coins.yaml: lost-coins, sha256:" in done.stdout
    assert "languages: en, nl" in done.stdout
    assert "lost-coins.tests.yaml: 4 tests" in done.stdout
    gap, wrong = done.stderr.strip().splitlines()
    assert "gap.yaml:11:30: This text (`details.*.title`) is not there in `nl`." in gap
    assert "wrong.yaml:11:15:" in wrong
    assert "Did you mean `amount`?" in wrong


def test_check_prints_a_schema_that_accepts_a_policy(operator: Operator) -> None:
    schema = json.loads(operator.get("policy", "check", "--schema"))
    jsonschema.validate(yaml.safe_load(WHOLE), schema)
    assert not jsonschema.Draft202012Validator(schema).is_valid({"policy": "x"})


def test_explain_reads_a_file_and_speaks_the_language_that_was_asked_for(operator: Operator, folder: Path) -> None:
    said = operator.get("policy", "explain", str(folder / "lost-coins.yaml"), "--language", "nl")
    assert "Je munten terugvinden" in said
    assert "Simply answer" in operator.get("policy", "explain", str(folder / "opening-hours.yaml"))


def test_simulate_says_which_proofs_a_request_needs(operator: Operator, folder: Path) -> None:
    file = str(folder / "lost-coins.yaml")
    first, second, third = operator.get(
        "policy", "simulate", file, "--contact", "email", "--recent", "email", "--contact", "wallet"
    ).splitlines()
    assert first.startswith("1. passed over, because the contact point changed recently")
    assert second.startswith("2. offered first: sign a given text with the wallet")
    assert third.startswith("3. may be chosen: tell Transaction, Amount")
    failed = operator.get("policy", "simulate", file, "--contact", "email", "--failed", "email:code")
    assert failed.startswith("1. passed over, because the check failed")
    assert "No proof is needed" in operator.get("policy", "simulate", str(folder / "opening-hours.yaml"))
    assert "is no check" in operator.get_refusal("policy", "simulate", file, "--failed", "email:dns")


def test_simulate_says_what_a_change_would_expose(operator: Operator, folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.yaml"
    two = WHOLE.replace("lines: 1", "lines: 2").replace("  contact_checks_decide: true\n", "")
    old.write_text(two.replace("keep_for: P4D", "keep_for: P3D"), encoding="utf-8")
    said = operator.get("policy", "simulate", str(folder / "lost-coins.yaml"), "--against", str(old))
    assert "! keeps longer: What is sent and nobody decides on: 3 days → 4 days." in said
    assert "! guards less: Reviewers one after the other: 2 → 1." in said
    assert said.endswith("(!) ask more, keep longer or guard less.")


def test_the_tests_beside_the_policies_run_and_a_wrong_answer_fails(operator: Operator, folder: Path) -> None:
    environment = {"VERIFIER_POLICIES_FOLDER": str(folder)}
    assert operator.get("policy", "test", **environment) == "4 tests of policies, 0 answers other than expected."
    tests = folder / "lost-coins.tests.yaml"
    tests.write_text(TESTS.replace("offered: [1, 3]", "offered: [1]"), encoding="utf-8")
    done = operator.run("policy", "test", **environment)
    assert done.returncode == 1
    assert "the registered e-mail is enough: `offered` is 1, 3, expected 1." in done.stderr


def test_a_file_of_tests_that_is_none_does_not_hide_the_others(operator: Operator, folder: Path) -> None:
    (folder / "a.yaml").write_text("nothing: here\n", encoding="utf-8")
    (folder / "a.tests.yaml").write_text(TESTS, encoding="utf-8")
    (folder / "b.tests.yaml").write_bytes("tests: für".encode("latin-1"))
    done = operator.run("policy", "test", VERIFIER_POLICIES_FOLDER=str(folder))
    assert done.returncode == 1
    assert "4 tests of policies, 0 answers other than expected." in done.stdout
    first, second = done.stderr.strip().splitlines()
    assert "a.yaml:1:1:" in first
    assert "b.tests.yaml:1:" in second
    assert "Save this file as UTF-8." in second


def test_a_folder_without_tests_is_not_taken_for_a_good_one(operator: Operator, folder: Path) -> None:
    (folder / "lost-coins.tests.yaml").unlink()
    done = operator.run("policy", "test", VERIFIER_POLICIES_FOLDER=str(folder))
    assert done.returncode == 1
    assert "No test was run." in done.stderr


def test_tests_without_their_policy_are_refused(folder: Path) -> None:
    assert list(load_folder(folder)) == ["lost-coins", "opening-hours"]
    (folder / "lost-coins.yaml").unlink()
    with pytest.raises(PolicyError, match="not in this folder") as caught:
        load_folder(folder)
    assert caught.value.code == "folder"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation with one policy under which everything ends within a day, and one under which nothing does."""
    made = tmp_path / "installation"
    made.mkdir()
    short = TEXT.replace("P2D", "PT2H").replace("PT48H", "PT2H").replace("P7D", "PT20H")
    (made / "lost-phone.yaml").write_text(short, encoding="utf-8")
    (made / "lost-card.yaml").write_text(TEXT.replace("lost-phone", "lost-card"), encoding="utf-8")
    return Settings(home=tmp_path / "home", policies_folder=made)


def test_simulate_reads_from_the_database_what_would_be_destroyed_today(
    operator: Operator, desk: Desk, settings: Settings
) -> None:
    desk.request(policy="lost-card")
    asked = desk.request(policy="lost-phone")
    document = desk.customer(asked).upload("letter.page", make_jpeg()).json()["document"]
    folder = {"VERIFIER_POLICIES_FOLDER": str(settings.policies_folder)}
    said = operator.get("policy", "simulate", "lost-phone", "--database", **folder)
    first, second, last = said.splitlines()
    assert document in first
    assert "letter.page" in first
    assert asked["id"] in second
    assert last == "Within a day: documents 1; undecided verifications, with all in them 1."
    said = operator.get("policy", "simulate", "lost-card", "--database", **folder)
    assert said == "Within a day: documents 0; undecided verifications, with all in them 0."
