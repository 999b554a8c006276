"""Whole lives, from the request to the deletion receipts, through the public doors."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.journey import JSON, Desk, make_jpeg, make_pdf, refusal
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.db.clock import MovedClock
from verifier.disposal.receipt import verify_receipt
from verifier.evidence.documents import Announced, begin
from verifier.evidence.tables import DocumentRow
from verifier.sanitise.conversation import OnPage
from verifier.sanitise.decoder import Decoder, Findings, Limits
from verifier.sanitise.formats import MediaType
from verifier.sanitise.memory import Buffer
from verifier.verifications.moves import get_policy, lock_verification
from verifier.verifications.tables import SealedValueRow, VerificationKeyRow
from verifier.wiring import House, open_workshop


def stored_files(house: House) -> list[str]:
    """Every file in the stores, without their own marks."""
    folders = (house.settings.objects_folder, house.settings.keys_folder)
    return [
        path.name
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {".installation", "installation"}
    ]


def assert_all_gone(house: House, desk: Desk, verification: str, *, rule: str) -> None:
    """Everything of an ended verification is gone, and each document has its one complete receipt."""
    told = desk.read(verification)
    assert told["link"] is None
    assert told["unreadable_at"] is not None
    answer = desk.client.get(f"/v1/verifications/{verification}/receipts", headers=desk.headers)
    assert answer.status_code == 200, answer.text
    receipts = answer.json()
    assert receipts["status"] == "complete"
    assert {each["rule"] for each in receipts["receipts"]} <= {rule, "resubmit"}
    for each in receipts["receipts"]:
        file = desk.client.get(each["path"], headers=desk.headers).content
        assert verify_receipt(file, log_key=house.log_key).status == "complete"
    assert all(each["state"] == "disposed" for each in told["documents"])
    with house.database.read() as session:
        assert session.scalars(select(SealedValueRow)).all() == []
    assert stored_files(house) == []


@ON_BOTH
def test_an_approval_ends_with_two_complete_receipts_and_nothing_stored(house: House, desk: Desk, work: Work) -> None:
    asked = desk.request(policy="account-recovery", expected={"full_name": "Jo Doe"})
    customer = desk.customer(asked)
    assert customer.upload("identity.front", make_jpeg()).status_code == 201
    assert customer.upload("identity.back", make_pdf(pages=2), name="back.pdf").status_code == 201
    assert {card["state"] for card in customer.status()["slots"]} == {"checking"}
    work()
    cards = customer.status()["slots"]
    assert [(card["state"], card["pages"]) for card in cards] == [("ready", 1), ("ready", 2)]
    assert customer.post("submit").json()["status"] == "submitted"

    reviewer = desk.reviewer()
    assert [row["reference"] for row in desk.client.get("/v1/queue", headers=reviewer.headers).json()["waiting"]] == [
        "CASE-1"
    ]
    assert reviewer.claim(asked["id"]).status_code == 200
    assert reviewer.look(asked["id"]).json()["expected"] == {"full_name": "Jo Doe"}
    assert len(reviewer.view_all(asked["id"])) == 3
    assert reviewer.decide(asked["id"], "approve").json()["status"] == "approved"

    work.settle()
    assert_all_gone(house, desk, asked["id"], rule="approved")
    assert customer.status()["status"] == "approved"


@pytest.mark.parametrize("outcome", ["reject"])
def test_a_rejection_tells_its_reason_and_destroys_everything(
    house: House, desk: Desk, work: Work, outcome: str
) -> None:
    asked, customer = desk.submitted(work)
    assert desk.reviewer().review(asked["id"], outcome, reasons=["name_differs"], note="not sure") == "rejected"
    work.settle()
    assert desk.read(asked["id"])["reasons"] == ["name_differs"]
    assert_all_gone(house, desk, asked["id"], rule="rejected")
    page = customer.client.get(f"/verification/{asked['id']}", headers={"accept": "text/html"})
    assert "If your name has changed" in page.text


@ON_BOTH
def test_asking_again_disposes_of_the_named_document_at_once_and_keeps_the_other(
    house: House, desk: Desk, work: Work
) -> None:
    slots = ("identity.front", "identity.back")
    asked, customer = desk.submitted(work, policy="account-recovery", slots=slots)
    front, back = (card["document"] for card in customer.status()["slots"])
    reviewer = desk.reviewer()
    assert reviewer.review(asked["id"], "resubmit", reasons=["cut_off"], documents=[front]) == "requested"
    work.settle()
    states = {each["id"]: each["state"] for each in desk.read(asked["id"])["documents"]}
    assert states == {front: "disposed", back: "ready"}
    receipt = desk.client.get(f"/v1/receipts/{front}", headers=desk.headers).json()
    assert (receipt["status"], receipt["statement"]["key"]) == ("pending", "ends_with_verification")

    cards = customer.status()["slots"]
    assert [card["state"] for card in cards] == ["empty", "ready"]
    assert cards[0]["asked_again"]
    assert refusal(customer.post("submit")) == (409, "not_everything_sent")
    assert customer.upload("identity.front", make_jpeg()).status_code == 201
    work()
    assert customer.post("submit").status_code == 200
    assert desk.reviewer().review(asked["id"]) == "approved"
    work.settle()
    assert_all_gone(house, desk, asked["id"], rule="approved")


def test_asking_again_ends_after_as_many_times_as_the_policy_says(desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    reviewer = desk.reviewer()
    for _ in range(3):
        document = customer.status()["slots"][0]["document"]
        assert reviewer.review(asked["id"], "resubmit", reasons=["unreadable"], documents=[document]) == "requested"
        assert customer.upload("diploma.all_pages", make_jpeg(width=80, height=60)).status_code == 201
        work()
        assert customer.post("submit").status_code == 200
    document = customer.status()["slots"][0]["document"]
    assert reviewer.claim(asked["id"]).status_code == 200
    again = reviewer.decide(asked["id"], "resubmit", reasons=["unreadable"], documents=[document])
    assert refusal(again) == (409, "too_many_resubmissions")
    assert desk.read(asked["id"])["status"] == "submitted"


def test_an_escalation_is_decided_by_another_person(house: House, desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    first, second = desk.reviewer(), desk.reviewer()
    assert first.review(asked["id"], "escalate") == "second_review"
    assert refusal(first.claim(asked["id"])) == (409, "four_eyes")
    assert second.review(asked["id"], "reject", reasons=["not_genuine"]) == "rejected"
    work.settle()
    assert_all_gone(house, desk, asked["id"], rule="rejected")


def test_cancelling_ends_it_for_agent_customer_and_reviewer(house: House, desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    reviewer = desk.reviewer()
    assert reviewer.claim(asked["id"]).status_code == 200
    document = reviewer.look(asked["id"]).json()["documents"][0]["id"]
    assert desk.post(asked["id"], "cancel").json()["status"] == "cancelled"
    assert refusal(reviewer.page(document)) == (409, "already_decided")
    assert refusal(reviewer.decide(asked["id"], "approve")) == (409, "already_decided")
    assert refusal(customer.post("withdraw")) == (409, "already_decided")
    work.settle()
    assert_all_gone(house, desk, asked["id"], rule="cancelled")


@pytest.mark.parametrize("reason", ["rather_not", "not_me"])
@pytest.mark.parametrize("when", ["before sending", "after submitting"])
def test_both_exits_destroy_everything(house: House, desk: Desk, work: Work, reason: str, when: str) -> None:
    if when == "after submitting":
        asked, customer = desk.submitted(work)
    else:
        asked = desk.request()
        customer = desk.customer(asked)
        assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201
    assert customer.post("withdraw", reason=reason).json()["status"] == "withdrawn"
    work.settle()
    assert desk.read(asked["id"])["reasons"] == [reason]
    assert_all_gone(house, desk, asked["id"], rule="withdrawn")


def test_the_second_exit_is_one_button_on_the_landing_page(desk: Desk) -> None:
    asked = desk.request()
    browser, path = desk.browser(), asked["link"]["url"].removeprefix(desk.house.settings.public_url)
    token = browser.get(path, headers=JSON).json()["form_token"]
    answer = browser.post(path, data={"form_token": token, "then": "not_me"}, follow_redirects=False)
    assert answer.headers["location"] == f"/verification/{asked['id']}/withdraw?reason=not_me"
    page = browser.get(answer.headers["location"], headers={"accept": "text/html"})
    assert page.status_code == 200
    assert desk.read(asked["id"])["status"] == "requested", "asking once more changes nothing"


def test_the_link_of_what_was_handed_in_tells_of_no_steps_that_are_behind(desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    page = desk.browser().get(asked["link"]["url"], headers={"accept": "text/html"}).text
    assert "You have handed everything in." in page
    assert "What will happen" not in page
    assert "I did not ask for this" in page


@ON_BOTH
def test_an_undecided_verification_expires_and_its_documents_with_it(house: House, desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    work.pass_time(timedelta(days=20))
    assert desk.read(asked["id"])["status"] == "submitted"
    work.pass_time(timedelta(days=1, minutes=1))
    assert customer.status()["status"] == "expired"
    work.settle()
    # Its date comes with the end of the verification; which of the two jobs sees it first is the rule that stays.
    rule = desk.client.get(f"/v1/verifications/{asked['id']}/receipts", headers=desk.headers).json()["receipts"][0][
        "rule"
    ]
    assert rule in {"expired", "undecided"}
    assert_all_gone(house, desk, asked["id"], rule=rule)


@ON_BOTH
def test_an_upload_whose_writer_died_is_given_up_and_earns_a_receipt(house: House, desk: Desk, work: Work) -> None:
    asked = desk.request()
    announced = Announced("diploma", "all_pages", None, MediaType.JPEG, 1000)
    with house.database.write() as session:  # as far as a process comes that is killed before the first byte
        row, now = lock_verification(session, asked["id"]), house.clock.now(session)
        begun = begin(
            session, now, row, announced, policy=get_policy(session, row), actor="customer", bytes_in_total=10**9
        )
    work()
    assert desk.read(asked["id"])["documents"][0]["state"] == "receiving"
    work.pass_time(timedelta(seconds=25))
    work.settle()
    told = desk.read(asked["id"])["documents"][0]
    assert (told["id"], told["state"]) == (begun.id, "disposed")
    receipt = desk.client.get(f"/v1/receipts/{begun.id}", headers=desk.headers).json()
    assert receipt["statement"]["rule"] == "unfinished_upload"


def test_rows_are_forgotten_ninety_days_after_the_end_and_not_before(house: House, desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work, account="account-77", expected={"full_name": "Jo Doe"})
    assert desk.post(asked["id"], "cancel").status_code == 200
    work.settle()
    work.pass_time(timedelta(days=89))
    assert desk.read(asked["id"])["reference"] == "CASE-1"
    assert customer.status()["status"] == "cancelled"
    work.pass_time(timedelta(days=2))
    assert desk.read(asked["id"])["reference"] is None
    house.database.truncate_wal()
    content = house.settings.database_file.read_bytes()
    assert b"CASE-1" not in content
    gone = customer.client.get(f"/verification/{asked['id']}", headers=JSON)
    assert refusal(gone)[1] in {"link_finished", "open_link_first"}


def test_the_link_shows_the_outcome_until_status_for_is_over(desk: Desk, work: Work, house: House) -> None:
    asked, _ = desk.submitted(work)
    desk.post(asked["id"], "cancel")
    path = asked["link"]["url"].removeprefix(house.settings.public_url)
    another = desk.browser()
    assert another.get(path, headers=JSON).json()["status"] == "cancelled"
    document = desk.read(asked["id"])["documents"][0]["id"]
    work.settle()
    receipt = another.get(f"/verification/{asked['id']}/receipts/{document}", headers=JSON)
    assert receipt.json()["status"] == "complete"
    work.pass_time(timedelta(days=90))
    assert refusal(desk.browser().get(path, headers=JSON)) == (410, "link_finished")


def test_no_page_opens_between_the_decision_and_the_shredding(desk: Desk, work: Work, house: House) -> None:
    asked, customer = desk.submitted(work)
    reviewer = desk.reviewer()
    document = customer.status()["slots"][0]["document"]
    reviewer.review(asked["id"])
    with house.database.read() as session:
        assert session.get_one(VerificationKeyRow, asked["id"]).unreadable_at is None, "the key is still there"
        assert session.get_one(DocumentRow, document).state == "ready", "and so are the bytes"
    assert refusal(reviewer.page(document)) == (409, "already_decided")
    assert refusal(reviewer.look(asked["id"])) == (409, "already_decided")
    assert refusal(reviewer.claim(asked["id"])) == (409, "already_decided")


def test_every_page_of_the_journey_is_also_a_page_for_people(desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    document = customer.status()["slots"][0]["document"]
    desk.post(asked["id"], "cancel")
    work.settle()
    for path in (f"/verification/{asked['id']}", f"/verification/{asked['id']}/receipts/{document}"):
        page = customer.client.get(path, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "CASE-1" in page.text


class _EndsWhileDecoding(Decoder):
    """The real decoder, during whose work the customer withdraws."""

    def __init__(self, decoder: Decoder, withdraw: Callable[[], object]) -> None:
        self._real = decoder
        self._withdraw = withdraw

    def decode(self, data: Buffer, media_type: MediaType, limits: Limits, on_page: OnPage) -> Findings:
        self._withdraw()
        return self._real.decode(data, media_type, limits, on_page)


def test_a_document_that_is_being_checked_while_its_verification_ends_leaves_no_page_behind(
    house: House, desk: Desk, clock: MovedClock, shared_decoder: Decoder
) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_jpeg()).status_code == 201
    ending = _EndsWhileDecoding(shared_decoder, lambda: customer.post("withdraw"))
    work = Work(open_workshop(house, decoder=ending), clock)
    work.run("check")
    assert customer.status()["status"] == "withdrawn"
    work.settle()
    assert_all_gone(house, desk, asked["id"], rule="withdrawn")
