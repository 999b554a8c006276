"""Reviewers: who may look, when a claim ends, what two of them do to each other."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from policies.access import Role
from policies.language import parse_policy
from tests.case_policies import FOLDER
from tests.journey import HTML, JSON, Desk, Reviewer, make_jpeg, make_pdf, refusal
from tests.servers.databases import ON_BOTH
from tests.workers_by_hand import Work
from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.db.clock import MovedClock
from verifier.settings import Settings
from verifier.verifications.tables import PolicyVersionRow, VerificationRow
from verifier.web.csrf import form_token
from verifier.wiring import House


def find_kinds(house: House, kind: EntryKind) -> list[dict[str, object]]:
    """The fields of every entry of one kind, oldest first."""
    with house.database.read() as session:
        found = find_entries(session, EntryFilter(kind=kind), limit=200)
    return [dict(entry.statement.fields) for entry in reversed(found)]


def test_only_the_holder_of_the_live_claim_sees_anything(desk: Desk, work: Work, house: House) -> None:
    asked, customer = desk.submitted(work, expected={"full_name": "Jo Doe"})
    document = customer.status()["slots"][0]["document"]
    first, second = desk.reviewer(), desk.reviewer()
    assert first.claim(asked["id"]).status_code == 200
    assert refusal(second.claim(asked["id"])) == (409, "claimed_by_other")
    for refused in (second.page(document), second.look(asked["id"]), second.decide(asked["id"], "approve")):
        assert refusal(refused) == (409, "not_claimed")
    assert refusal(second.release(asked["id"])) == (409, "not_claimed")
    assert find_kinds(house, EntryKind.PAGE_VIEWED) == []

    assert first.page(document).status_code == 200
    assert first.release(asked["id"]).status_code == 204
    assert refusal(first.page(document)) == (409, "not_claimed")
    assert second.claim(asked["id"]).status_code == 200
    second.page(document)
    work()
    views = find_kinds(house, EntryKind.PAGE_VIEWED)
    assert [view["page"] for view in views] == [1, 1]
    assert len({str(view["actor"]) for view in views}) == 2


def test_a_claim_lapses_and_viewing_renews_it(desk: Desk, work: Work) -> None:
    asked, customer = desk.submitted(work)
    document = customer.status()["slots"][0]["document"]
    first, second = desk.reviewer(), desk.reviewer()
    until = datetime.fromisoformat(first.claim(asked["id"]).json()["claimed_until"])
    work.pass_time(timedelta(minutes=14))
    assert first.page(document).status_code == 200
    queue = desk.client.get("/v1/queue", headers=first.headers).json()["waiting"]
    assert datetime.fromisoformat(queue[0]["claimed_until"]) >= until + timedelta(minutes=13)
    work.pass_time(timedelta(minutes=14))
    assert refusal(second.claim(asked["id"])) == (409, "claimed_by_other")
    assert first.look(asked["id"]).status_code == 200
    work.pass_time(timedelta(minutes=15, seconds=1))
    assert refusal(first.page(document)) == (409, "not_claimed")
    assert refusal(first.decide(asked["id"], "approve")) == (409, "not_claimed")
    assert second.claim(asked["id"]).status_code == 200
    assert refusal(first.claim(asked["id"])) == (409, "claimed_by_other")


@ON_BOTH
def test_of_two_reviewers_at_once_exactly_one_gets_the_claim_and_one_decides(desk: Desk, work: Work) -> None:
    asked, _ = desk.submitted(work)
    both = [desk.reviewer(), desk.reviewer()]
    statuses = sorted(_at_once(lambda reviewer: reviewer.claim(asked["id"]).status_code, both))
    assert statuses == [200, 409]
    (holder,) = [each for each in both if each.look(asked["id"]).status_code == 200]
    holder.view_all(asked["id"])
    statuses = sorted(_at_once(lambda each: each.decide(asked["id"], "approve").status_code, [holder, holder]))
    assert statuses == [200, 409]
    assert desk.read(asked["id"])["status"] == "approved"
    for each in both:
        assert refusal(each.decide(asked["id"], "reject", reasons=["not_genuine"])) == (409, "already_decided")


def _at_once(act: Callable[[Reviewer], int], reviewers: list[Reviewer]) -> list[int]:
    """Let each reviewer act at the same moment; the statuses."""
    statuses: list[int] = []
    ready = threading.Barrier(len(reviewers))

    def run(reviewer: Reviewer) -> None:
        ready.wait()
        statuses.append(act(reviewer))

    threads = [threading.Thread(target=run, args=(reviewer,)) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_an_approval_needs_every_page_fetched_by_the_one_who_approves(desk: Desk, work: Work) -> None:
    asked = desk.request()
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_pdf(pages=3)).status_code == 201
    work()
    customer.post("submit")
    document = customer.status()["slots"][0]["document"]
    first, second = desk.reviewer(), desk.reviewer()
    first.claim(asked["id"])
    for page in (1, 3):
        assert first.page(document, page).status_code == 200
    assert refusal(first.decide(asked["id"], "approve")) == (409, "pages_not_all_viewed")
    first.page(document, 2)
    first.release(asked["id"])
    second.claim(asked["id"])
    assert refusal(second.decide(asked["id"], "approve")) == (409, "pages_not_all_viewed")
    second.release(asked["id"])
    first.claim(asked["id"])
    assert first.decide(asked["id"], "approve").status_code == 200


def test_a_decision_is_idempotent_under_its_key_and_refused_without(desk: Desk, work: Work, house: House) -> None:
    asked, _ = desk.submitted(work)
    reviewer = desk.reviewer()
    reviewer.claim(asked["id"])
    key = {"idempotency-key": "once"}
    answers = [reviewer.decide(asked["id"], "reject", headers=key, reasons=["not_genuine"]) for _ in range(3)]
    assert {(answer.status_code, answer.json()["status"]) for answer in answers} == {(200, "rejected")}
    work()
    assert len(find_kinds(house, EntryKind.DECISION_MADE)) == 1
    assert refusal(reviewer.decide(asked["id"], "reject", reasons=["not_genuine"])) == (409, "already_decided")
    other = reviewer.decide(asked["id"], "escalate", headers=key)
    assert refusal(other) == (422, "idempotency_key_reused")


def test_what_a_person_opened_they_do_not_decide(
    house: House, desk: Desk, work: Work, sign_in: Callable[..., str]
) -> None:
    """Four eyes: one person may hold both roles, and the policy asks for two people."""
    both = desk.browser()
    both.cookies.set("dev-staff", sign_in("Sam", Role.AGENT, Role.REVIEWER))
    form = {"form_token": form_token(house.form_key, session=both.cookies["dev-staff"])}
    wanted = {"reference": "CASE-1", "policy": "qualification-check", "locale": "en"}
    assert both.post("/new", data=form | wanted, headers=HTML, follow_redirects=False).status_code == 303
    (listed,) = desk.client.get("/v1/verifications", headers=desk.headers).json()["verifications"]
    asked = desk.read(listed["id"])
    customer = desk.customer(asked)
    assert customer.upload("diploma.all_pages", make_jpeg(width=80, height=60)).status_code == 201
    work()
    assert customer.post("submit").status_code == 200
    tried = both.post(f"/review/{asked['id']}/claim", data=form, headers=HTML, follow_redirects=False)
    assert tried.status_code == 303, "back to the page, which says why"
    (row,) = both.get("/v1/queue", headers=JSON).json()["waiting"]
    assert row["claimed_until"] is None
    assert refusal(both.get(f"/v1/verifications/{asked['id']}/documents", headers=JSON)) == (409, "not_claimed")
    assert desk.reviewer().review(asked["id"]) == "approved"


class TestTwoLines:
    """A policy that wants two people for each approval."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        text = (FOLDER / "qualification-check.yaml").read_text()
        folder = tmp_path / "policies"
        folder.mkdir()
        (folder / "qualification-check.yaml").write_text(text.replace("lines: 1", "lines: 2"))
        return settings.model_copy(update={"policies_folder": folder})

    def test_the_first_approval_leads_to_a_second_look_by_somebody_else(self, desk: Desk, work: Work) -> None:
        asked, customer = desk.submitted(work)
        first, second = desk.reviewer(), desk.reviewer()
        assert first.review(asked["id"]) == "second_review"
        assert refusal(first.claim(asked["id"])) == (409, "four_eyes")
        assert customer.status()["status"] == "second_review"
        second.claim(asked["id"])
        assert refusal(second.decide(asked["id"], "approve")) == (409, "pages_not_all_viewed")
        assert refusal(second.decide(asked["id"], "escalate")) == (409, "wrong_state")
        assert second.review(asked["id"]) == "approved"

    def test_the_customer_is_told_that_two_people_look(self, desk: Desk) -> None:
        landing = desk.browser().get(f"/v/{desk.request()['link']['url'][-43:]}", headers=HTML).text
        assert "Two people at the support desk look at it, one after the other, and decide." in landing
        assert "Someone at" not in landing

    def test_one_rejection_is_enough(self, desk: Desk, work: Work) -> None:
        asked, _ = desk.submitted(work)
        assert desk.reviewer().review(asked["id"], "reject", reasons=["not_genuine"]) == "rejected"

    def test_the_second_look_may_ask_again_and_then_both_look_again(self, desk: Desk, work: Work) -> None:
        asked, customer = desk.submitted(work)
        desk.reviewer().review(asked["id"])
        document = customer.status()["slots"][0]["document"]
        second = desk.reviewer()
        assert second.review(asked["id"], "resubmit", reasons=["unreadable"], documents=[document]) == "requested"
        assert customer.upload("diploma.all_pages", make_pdf(pages=1)).status_code == 201
        work()
        assert customer.post("submit").status_code == 200
        assert desk.reviewer().review(asked["id"]) == "second_review"
        assert desk.reviewer().review(asked["id"]) == "approved"


def test_a_quality_sample_goes_through_a_second_look_that_nobody_sees_coming(
    desk: Desk, work: Work, house: House
) -> None:
    """With every approval in the sample, the first looks like any other and is no end yet."""
    text = (FOLDER / "qualification-check.yaml").read_text()
    assert "second_look_share: 0" in text
    sampled = parse_policy(text.replace("second_look_share: 0", "second_look_share: 100"), origin="test.yaml")
    asked, _ = desk.submitted(work)
    with house.database.write() as session:
        session.add(PolicyVersionRow(version=sampled.version, name=sampled.name, canonical=sampled.to_canonical()))
        session.flush()
        session.get_one(VerificationRow, asked["id"]).policy_version = sampled.version
    assert desk.reviewer().review(asked["id"]) == "second_review"
    assert desk.reviewer().review(asked["id"]) == "approved"


def test_the_queue_shows_the_most_urgent_first_and_who_has_what(desk: Desk, work: Work) -> None:
    later, _ = desk.submitted(work, reference="LATER")
    urgent, _ = desk.submitted(
        work, reference="URGENT", policy="account-recovery", slots=("identity.front", "identity.back")
    )
    first, second = desk.reviewer(), desk.reviewer()
    first.claim(later["id"])
    rows = desk.client.get("/v1/queue", headers=first.headers).json()["waiting"]
    assert [(row["reference"], row["claimed_by_me"], row["late"]) for row in rows] == [
        ("URGENT", False, False),
        ("LATER", True, False),
    ]
    work.pass_time(timedelta(hours=49))
    rows = desk.client.get("/v1/queue", headers=second.headers).json()["waiting"]
    assert [(row["id"], row["claimed_until"], row["late"]) for row in rows] == [
        (urgent["id"], None, True),
        (later["id"], None, False),
    ]


def test_the_log_is_written_before_a_page_leaves_or_nothing_leaves(
    house: House, desk: Desk, work: Work, clock: MovedClock
) -> None:
    """P6, seen from outside: where nothing is sequenced any more, nobody looks, decides or sends."""
    asked, customer = desk.submitted(work)
    document = customer.status()["slots"][0]["document"]
    reviewer = desk.reviewer()
    work()
    reviewer.claim(asked["id"])
    clock.offset += timedelta(seconds=31)
    for refused in (reviewer.page(document), reviewer.look(asked["id"])):
        assert refusal(refused) == (503, "log_behind")
        assert int(refused.headers["retry-after"]) > 0
    assert refusal(reviewer.decide(asked["id"], "reject", reasons=["not_genuine"])) == (503, "log_behind")
    assert refusal(desk.ask(reference="CASE-2")) == (503, "log_behind")
    assert desk.post(asked["id"], "cancel").status_code == 200, "what destroys is never held up"
    work.settle()
    assert desk.read(asked["id"])["destroyed_at"] is not None
    assert find_kinds(house, EntryKind.PAGE_VIEWED) == []
