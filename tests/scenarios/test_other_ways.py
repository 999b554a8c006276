"""Choosing another accepted proof in a browser: what is refused stands on the page, in the words of that refusal."""

from pathlib import Path

import pytest

from tests.journey import Desk
from tests.person import Person
from verifier.settings import Settings
from verifier.wiring import House

POLICY = """\
policy: payment-question
title: {en: Ask about a payment}
link: {open_for: P3D, status_for: P90D}
proofs:
  - [{details: [reference]}]
  - [{details: [note]}]
details:
  reference: {kind: payment_reference, title: {en: Reference}}
  note: {kind: text, title: {en: Note}}
review: {lines: 1, answer_for: PT48H, checklist: [same: {en: It is the same.}]}
retention: {undecided_for: P7D, why: {en: "So that nobody else is told."}}
reasons: [not_the_owner]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "payment-question.yaml").write_text(POLICY, encoding="utf-8")
    return Settings(home=tmp_path / "home", policies_folder=policies, requests_a_minute_per_link=12)


@pytest.fixture
def customer(desk: Desk, house: House) -> Person:
    """A customer with the ways before them."""
    asked = desk.request(policy="payment-question")
    person = Person(desk.client.app, house.settings.public_url)
    path = asked["link"]["url"].removeprefix(house.settings.public_url)
    person.open(path)
    person.send(path)
    person.open(f"/verification/{asked['id']}/proof")
    return person


def path_of(customer: Person) -> str:
    return next(e.attributes["action"] for e in customer.page.all("form") if e.attributes["action"].endswith("/proof"))


def test_a_choice_of_nothing_takes_no_way(customer: Person) -> None:
    path = path_of(customer)
    customer.send(path, line="1")
    customer.open(path)
    token = customer.filled(path)["form_token"]
    refused = customer.client.post(path, data={"form_token": token})
    assert refused.status_code == 422
    assert "Choose one of the ways below." in refused.text
    assert customer.client.get(path.removesuffix("/proof"), headers={"accept": "application/json"}).json()["proof"] == 1


def test_too_many_choices_are_refused_in_their_own_words_and_with_the_time_to_wait(customer: Person) -> None:
    path = path_of(customer)
    form = {"form_token": customer.filled(path)["form_token"], "line": "0"}
    answers = [customer.client.post(path, data=form, follow_redirects=False) for _ in range(12)]
    refused = answers[-1]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "There were more requests in a short time than we take." in refused.text
    assert "Choose one of the ways below." not in refused.text
