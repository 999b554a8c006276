"""Details through the doors: typed by the customer, sealed, compared, shown to the reviewer, destroyed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient

from policies.access import Role
from tests.detail_policies import DETAILS_ALONE, EVERYTHING, HASH, KEPT, write_policies
from tests.journey import HTML, JSON, Customer, Desk, make_jpeg, open_link, refusal
from tests.person import Enter, Person
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.settings import Settings
from verifier.verifications.tables import SealedValueRow
from verifier.wiring import House

_OTHERS: Final = [name for name in EVERYTHING if name not in {"symbol", "paid_on"}]
_TWO_WAYS: Final = DETAILS_ALONE.replace("wallet-details", "wallet-two-ways").replace(
    ", ".join(EVERYTHING), f"symbol, paid_on]}}]\n  - [{{details: [{', '.join(_OTHERS)}"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = write_policies(tmp_path / "policies")
    (folder / "wallet-two-ways.yaml").write_text(_TWO_WAYS)
    return Settings(
        home=tmp_path / "home",
        policies_folder=folder,
        requests_a_minute_per_link=999_999,  # nobody counts the naughty strings
        requests_a_minute_per_key=999_999,
        requests_a_minute_per_network=999_999,
    )


def give(customer: Customer, details: dict[str, Any], **more: Any) -> Any:
    body = {"form_token": customer.status()["form_token"], "details": details, **more}
    return customer.client.post(f"/verification/{customer.verification}/details", json=body, headers=JSON)


def begin(desk: Desk, policy: str = "wallet-details", **body: Any) -> tuple[dict[str, Any], Customer]:
    asked = desk.request(policy=policy, **body)
    return asked, desk.customer(asked)


def person(desk: Desk, client: TestClient, asked: dict[str, Any]) -> Person:
    """The customer's browser, with the link opened, at the task."""
    someone = Person(desk.client.app, str(client.base_url))
    opened = open_link(someone.client, asked["link"]["url"])
    someone.open(f"/verification/{opened.verification}")
    return someone


def find_kinds(house: House, sequence: Callable[[], int], kind: EntryKind) -> int:
    sequence()
    with house.database.read() as session:
        return len(find_entries(session, EntryFilter(kind=kind), limit=50))


def test_details_alone_prove_and_the_reviewer_sees_them_beside_what_the_desk_expects(
    house: House, desk: Desk, work: Work, sequence: Callable[[], int]
) -> None:
    expected = {
        "sent_hash": f"0x{HASH.upper()}",
        "paid": "1234,56 CZK",
        "paid_on": "in November",
        "full_name": "Ada Example",
    }
    asked, customer = begin(desk, expected=expected)
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")
    answer = give(customer, EVERYTHING)
    assert answer.status_code == 200, answer.text
    assert answer.json()["given"] == {"details": sorted(EVERYTHING), "captions": []}
    assert customer.status()["can_submit"] is True
    assert customer.post("submit").status_code == 200

    reviewer = desk.reviewer()
    assert refusal(reviewer.look(asked["id"])) == (409, "not_claimed")
    assert reviewer.claim(asked["id"]).status_code == 200
    assert find_kinds(house, sequence, EntryKind.DETAILS_VIEWED) == 0
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "details_not_viewed")
    seen = reviewer.look(asked["id"]).json()
    assert find_kinds(house, sequence, EntryKind.DETAILS_VIEWED) == 1
    assert {each["field"]: each["given"] for each in seen["details"]} == KEPT
    comparisons = {each["field"]: each["comparison"] for each in seen["details"]}
    assert comparisons == dict.fromkeys(EVERYTHING, "not_known") | {"sent_hash": "same", "paid": "differs"}
    beside = {each["field"]: each["expected"] for each in seen["details"]}
    assert (beside["sent_hash"], beside["paid_on"]) == (KEPT["sent_hash"], "in November"), "in one form, if it has it"
    assert seen["expected"]["full_name"] == "Ada Example"
    assert reviewer.decide(asked["id"], "approve").json()["status"] == "approved"
    work()
    with house.database.read() as session:
        assert session.query(SealedValueRow).count() == 0, "details die with the verification"
    page = customer.client.get(f"/verification/{asked['id']}", headers=HTML).text
    assert "its only key was destroyed" in page
    assert "Nothing was ever added" not in page


WRONG = {
    "sent_hash": ("0xabc", "not_the_format"),
    "sender": ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "check_digits"),
    "paid": ("1,234 BTC", "unclear_number"),
    "symbol": ("12345678901", "not_the_format"),
    "failing_mail": ("it did not come", "not_the_format"),
    "paid_on": ("2026-02-30", "no_such_date"),
    "wallet_name": ("a\x00b", "control_character"),
}


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_kept(desk: Desk) -> None:
    _, customer = begin(desk)
    answer = give(customer, {name: text for name, (text, _) in WRONG.items()})
    assert refusal(answer) == (422, "detail_malformed")
    told = {each["name"]: each for each in answer.json()["fields"]}
    assert {name: each["fault"] for name, each in told.items()} == {f"detail.{n}": f for n, (_, f) in WRONG.items()}
    assert all(each["sentence"].endswith(".") for each in told.values())
    assert all(text not in answer.text for text, _ in WRONG.values()), "a refusal repeats nothing that was typed"
    answer = give(customer, EVERYTHING | {"paid": "12"})
    assert [each["fault"] for each in answer.json()["fields"]] == ["no_currency"]
    assert not any(each["given"] for each in customer.status()["details"]), "all of it, or none"


@pytest.mark.parametrize("name", EVERYTHING)
def test_too_long_empty_and_invisible_are_refused_for_every_kind(desk: Desk, name: str) -> None:
    _, customer = begin(desk)
    for text, fault in {"1" * 20_000: "too_long", "": "empty", " ": "empty", "x\x1b[2J": "control_character"}.items():
        answer = give(customer, {name: text})
        assert refusal(answer) == (422, "detail_malformed")
        assert answer.json()["fields"][0]["fault"] == fault


def test_what_belongs_to_no_detail_is_refused(desk: Desk) -> None:
    _, customer = begin(desk)
    assert refusal(give(customer, {"iban": "DE00"})) == (422, "unknown_detail")
    assert refusal(give(customer, {})) == (422, "unknown_detail")
    assert refusal(give(customer, {"paid.colour": "red"})) == (422, "unknown_detail")
    assert refusal(give(customer, {}, captions={"screenshot.first": "x"})) == (422, "unknown_detail")
    assert refusal(give(customer, {"paid": 12})) == (422, "invalid_field")
    assert refusal(give(customer, {"paid": "12 EUR"}, form_token="guessed"))[0] == 403
    stranger = Customer(desk.browser(), customer.verification)
    url = f"/verification/{customer.verification}/details"
    assert refusal(stranger.client.post(url, json={"details": {"paid": "12 EUR"}}, headers=JSON))[0] == 403


def test_given_again_it_replaces_until_it_is_handed_in(desk: Desk) -> None:
    asked, customer = begin(desk)
    assert give(customer, EVERYTHING).status_code == 200
    assert give(customer, {"paid": "99 EUR"}).status_code == 200
    assert customer.post("submit").status_code == 200
    assert refusal(give(customer, {"paid": "1 EUR"})) == (409, "wrong_state")
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    seen = {each["field"]: each["given"] for each in reviewer.look(asked["id"]).json()["details"]}
    assert seen == KEPT | {"paid": "99.00 EUR"}


def test_a_reviewer_asks_for_a_detail_again_and_it_is_gone_until_it_comes(desk: Desk) -> None:
    asked, customer = begin(desk)
    give(customer, EVERYTHING)
    customer.post("submit")
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    reviewer.look(asked["id"])
    why = ["unreadable"]
    assert refusal(reviewer.decide(asked["id"], "resubmit", reasons=why)) == (422, "documents_needed")
    unknown = reviewer.decide(asked["id"], "resubmit", reasons=why, details=["nothing"])
    assert refusal(unknown) == (422, "unknown_detail")
    assert reviewer.decide(asked["id"], "resubmit", reasons=why, details=["paid"]).json()["status"] == "requested"
    missing = [each["name"] for each in customer.status()["details"] if not each["given"]]
    assert missing == ["detail.paid"]
    page = customer.client.get(f"/verification/{customer.verification}/details", headers=HTML)
    assert "Please send this again." in page.text
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")
    give(customer, {"paid": "5 EUR"})
    assert customer.post("submit").status_code == 200
    reviewer.claim(asked["id"])
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "details_not_viewed")
    assert reviewer.review(asked["id"]) == "approved"


def test_optional_pictures_take_a_caption_each(desk: Desk, work: Work) -> None:
    asked, customer = begin(desk, "wallet-pictures")
    give(customer, EVERYTHING)
    assert customer.status()["can_submit"] is True, "pictures may be left out"
    for slot in ("screenshot.first", "screenshot.second"):
        assert customer.upload(slot, make_jpeg(width=320, height=240)).status_code == 201
    work()
    assert customer.status()["can_submit"] is False
    assert refusal(customer.post("submit")) == (409, "caption_missing")
    answer = give(customer, {}, captions={"screenshot.first": "Before & <after>", "screenshot.second": "two\nlines"})
    assert refusal(answer) == (422, "detail_malformed")
    captions = {"screenshot.first": "Before & <after>", "screenshot.second": "Then"}
    assert give(customer, {}, captions=captions).status_code == 200
    document = next(slot["document"] for slot in customer.status()["slots"] if slot["slot"] == "screenshot.second")
    assert customer.post(f"documents/{document}/remove").status_code == 200
    work()
    assert customer.upload("screenshot.second", make_jpeg(width=320, height=240)).status_code == 201
    work()
    assert refusal(customer.post("submit")) == (409, "caption_missing"), "a picture takes its caption along"
    give(customer, {}, captions={"screenshot.second": "Later"})
    assert customer.post("submit").status_code == 200
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    documents = reviewer.look(asked["id"]).json()["documents"]
    assert {each["slot"]: each["caption"] for each in documents} == {"first": "Before & <after>", "second": "Later"}
    assert reviewer.review(asked["id"]) == "approved"


def test_a_person_answers_one_question_after_the_other_without_scripts(
    desk: Desk, client: TestClient, enter: Enter
) -> None:
    asked = desk.request(policy="wallet-details", expected={"paid": "1234.56 EUR", "symbol": "1"})
    customer = person(desk, client, asked)
    url = f"/verification/{asked['id']}"
    customer.open(f"{url}/details")
    assert customer.heading == "Transaction"
    assert "Of your last payment out." in customer.text
    customer.send(f"{url}/details", {"detail.sent_hash": "<script>alert(1)</script>"}, status=422)
    assert customer.errors["detail-sent_hash"].endswith("Compare it with the example.")
    assert "64 digits" in customer.text
    assert customer.filled(f"{url}/details")["detail.sent_hash"] == "<script>alert(1)</script>"
    assert "<script>alert" not in customer.html
    customer.send(f"{url}/details", {"detail.sent_hash": HASH})
    assert customer.heading == "Sending address"
    customer.send(f"{url}/details", {"detail.sender": EVERYTHING["sender"]})
    customer.send(f"{url}/details", {"detail.paid.number": "1.234,56"}, status=422)
    assert list(customer.errors) == ["detail-paid-currency"]
    assert customer.text.count("The number and the currency, such as") == 1, "the example stands once, above the input"
    assert customer.filled(f"{url}/details")["detail.paid.number"] == "1.234,56"
    assert customer.find("detail-paid-number").attributes["inputmode"] == "decimal"
    customer.send(f"{url}/details", {"detail.paid.currency": "eur"})
    customer.send(f"{url}/details", {"detail.symbol": "12345678"})
    typed = {"from": "shop@example.org\r\nTo: b@example.org", "to": "ada@example.org", "date": "22.11.2026"}
    customer.send(f"{url}/details", {f"detail.failing_mail.{part}": text for part, text in typed.items()}, status=422)
    assert list(customer.errors) == ["detail-failing_mail-from"]
    assert customer.filled(f"{url}/details")["detail.failing_mail.to"] == "ada@example.org"
    customer.send(
        f"{url}/details", {"detail.failing_mail.from": "shop@example.org", "detail.failing_mail.time": "13:05:11 UTC"}
    )
    customer.send(
        f"{url}/details", {"detail.paid_on.day": "22", "detail.paid_on.month": "11", "detail.paid_on.year": "2026"}
    )
    assert customer.send(f"{url}/details", {"detail.wallet_name": "my <b>old</b> wallet"}).url.path == url
    assert "Not answered yet" not in customer.text
    assert HASH not in customer.html, "what is sealed is not shown again"
    customer.open(f"{url}/details?name=detail.wallet_name")
    assert "Another answer takes its place" in customer.text
    assert "wallet</b>" not in customer.html
    customer.open(url)
    customer.send(f"{url}/submit")

    reviewer = enter("Robin", Role.REVIEWER)
    reviewer.open("/queue")
    reviewer.send("/queue/next")
    page = reviewer.page
    shown = {each.text for each in page.all("bdi")}
    assert set(KEPT.values()) <= shown
    rows = {each.attributes["data-comparison"] for each in page.all("div") if "data-comparison" in each.attributes}
    assert rows == {"same", "differs", "not_known"}
    assert "<b>old</b>" not in reviewer.html
    assert reviewer.send(f"/review/{asked['id']}/decision", outcome="approve").url.path == "/queue"


def test_a_caption_is_written_beside_its_picture_without_scripts(desk: Desk, client: TestClient, work: Work) -> None:
    asked = desk.request(policy="wallet-pictures")
    customer = person(desk, client, asked)
    url = f"/verification/{asked['id']}"
    token = customer.filled(f"{url}/submit")["form_token"]
    sent = customer.client.post(
        f"{url}/documents",
        data={"form_token": token, "slot": "screenshot.first"},
        files={"file": ("a.jpg", make_jpeg(width=320, height=240), "image/jpeg")},
    )
    assert sent.status_code == 200
    work()
    customer.open(f"{url}/documents?document=screenshot")
    typed = {"caption.screenshot.first": "half \u202e turned"}
    customer.send(f"{url}/details", typed, status=422)
    assert list(customer.errors) == ["caption-screenshot-first"]
    assert customer.filled(f"{url}/details") | typed == customer.filled(f"{url}/details")
    customer.send(f"{url}/details", {"caption.screenshot.first": "The error"})
    assert "Your caption is stored locked." in customer.text


def test_a_picture_without_a_caption_has_the_name_that_the_page_gives_it(
    desk: Desk, client: TestClient, work: Work
) -> None:
    asked, customer = begin(desk, "wallet-pictures")
    give(customer, EVERYTHING)
    assert customer.upload("screenshot.second", make_jpeg(width=320, height=240)).status_code == 201
    work()
    someone, url = person(desk, client, asked), f"/verification/{asked['id']}"
    someone.send(f"{url}/submit", status=409)
    assert "It is missing at Screenshots, Second." in someone.errors["submit"]
    assert "screenshot.second" not in someone.text


def test_an_error_leaves_the_count_of_the_questions_as_it_was(desk: Desk, client: TestClient) -> None:
    asked, _ = begin(desk, "wallet-two-ways")
    customer, url = person(desk, client, asked), f"/verification/{asked['id']}"
    customer.open(f"{url}/details?name=detail.paid_on")
    assert "Question 2 of 2" in customer.text
    customer.send(f"{url}/details", {"detail.paid_on.day": "32"}, status=422)
    assert "Question 2 of 2" in customer.text
    customer.send(f"{url}/details", {"detail.paid_on.day": "", "detail.sent_hash": "0x12"}, status=422)
    assert "Day of the payment" in customer.text, "what another way asks for is shown with its error all the same"


def test_details_are_the_customers_alone(desk: Desk) -> None:
    asked, _ = begin(desk)
    for path in (f"/v1/verifications/{asked['id']}/details", f"/verification/{asked['id']}/details"):
        answer = desk.client.post(path, json={"details": {"paid": "1 EUR"}}, headers=desk.headers | JSON)
        assert answer.status_code in {403, 404, 405}


@pytest.mark.cases
def test_naughty_strings_reach_the_reviewer_exactly_and_escaped(
    cases_dir: Path, desk: Desk, enter: Enter, sequence: Callable[[], int]
) -> None:
    strings = json.loads((cases_dir / "naughty_strings" / "blns.json").read_text())
    asked, customer = begin(desk)
    rest = {name: text for name, text in EVERYTHING.items() if name != "wallet_name"}
    assert give(customer, rest).status_code == 200
    kept = []
    for number, text in enumerate(strings):
        if number % 50 == 0:
            sequence()  # on a slow machine the log would fall behind
        answer = give(customer, {"wallet_name": text})
        assert answer.status_code in {200, 422}, (text, answer.text)
        if answer.status_code == 200:
            kept.append(text)
    assert len(kept) > 400
    sample = [each for each in kept if "<" in each or "&" in each or not each.isascii()][::12]
    for number, text in enumerate(sample):
        sequence()
        asked, customer = begin(desk, reference=f"NAUGHTY-{number}")
        assert give(customer, rest | {"wallet_name": text}).status_code == 200
        assert customer.post("submit").status_code == 200
        reviewer = desk.reviewer()
        reviewer.claim(asked["id"])
        seen = {each["field"]: each["given"] for each in reviewer.look(asked["id"]).json()["details"]}
        assert seen["wallet_name"] == text
        reviewer.release(asked["id"])
        looking = enter(f"Robin {number}", Role.REVIEWER)
        looking.open(f"/review/{asked['id']}")
        looking.send(f"/review/{asked['id']}/claim")
        assert text.strip() in {each.text.strip() for each in looking.page.all("bdi")}
