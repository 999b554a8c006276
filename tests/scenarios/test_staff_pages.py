"""Staff work on pages without scripts: sign in, ask, see their cases; and what they are refused."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select

from policies.access import Role
from tests.journey import Desk
from tests.person import Enter, Person, ask
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.db.clock import MovedClock
from verifier.ids import VerificationId
from verifier.settings import Settings
from verifier.staff import service as staff
from verifier.verifications.sealed_values import open_values
from verifier.verifications.tables import HandlerRow
from verifier.web import agent_check_pages, agent_pages, auditor_pages, reviewer_pages
from verifier.web.csrf import form_token
from verifier.wiring import House

ROUTES = [
    (min(route.methods or ()), route.path)
    for module in (agent_pages, agent_check_pages, reviewer_pages, auditor_pages)
    for route in module.router.routes
    if isinstance(route, APIRoute)
]
VERIFICATION, DOCUMENT = "ver_aaaaaaaaaaaaaaaaaaaaaaaaaa", "doc_aaaaaaaaaaaaaaaaaaaaaaaaaa"


@pytest.fixture
def invite(house: House) -> Callable[..., str]:
    """`invite(name, *roles)` prints a sign-in address; its path."""

    def make(name: str, *roles: Role) -> str:
        with house.database.write() as session:
            now = house.clock.now(session)
            return f"/sign-in/{staff.invite(session, now, name=name, roles=roles, actor='operator')}"

    return make


@pytest.mark.parametrize(
    ("roles", "first"),
    [
        ([Role.AGENT], "/new"),
        ([Role.AUDITOR], "/audit"),
        ([Role.AGENT, Role.REVIEWER, Role.AUDITOR], "/queue"),
    ],
)
def test_an_address_signs_in_once_and_leads_to_the_work(
    house: House, client: TestClient, invite: Callable[..., str], roles: list[Role], first: str
) -> None:
    address = invite("Kim", *roles)
    person = Person(client.app, house.settings.public_url)
    for _ in range(3):  # mail scanners fetch it, and that uses nothing up
        person.open(address)
    assert person.send(address).url.path == first
    assert "Kim" in person.text
    assert person.open("/sign-in").url.path == first

    other = Person(client.app, house.settings.public_url)
    other.open(address, status=410)
    assert other.heading == "This sign-in address was used already"
    assert other.open("/").url.path == "/sign-in"


def test_an_address_wants_its_own_form_this_site_and_its_fifteen_minutes(
    house: House, client: TestClient, clock: MovedClock, invite: Callable[..., str]
) -> None:
    address = invite("Kim", Role.AGENT)
    person = Person(client.app, house.settings.public_url)
    person.open(address)
    form = person.filled(address)
    assert person.client.post(address, data=form | {"form_token": "x"}).status_code == 403
    assert person.client.post(address, data=form, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    clock.offset += timedelta(minutes=15)
    assert person.client.post(address, data=form).status_code == 410
    person.open(address, status=410)
    assert not person.client.cookies


def test_a_new_sign_in_ends_the_session_before_it(enter: Enter, invite: Callable[..., str]) -> None:
    person = enter("Kim", Role.AGENT)
    before = person.client.cookies["dev-staff"]
    address = invite("Robin", Role.AGENT)
    person.open(address)
    person.send(address)
    assert "Robin" in person.text
    person.client.cookies.clear()
    person.client.cookies.set("dev-staff", before)
    assert person.open("/new").url.path == "/sign-in"


def test_signing_out_ends_the_session_and_says_so(enter: Enter) -> None:
    person = enter("Kim", Role.AGENT)
    session = person.client.cookies["dev-staff"]
    person.open("/new")
    assert person.send("/sign-out").url.path == "/sign-in"
    assert "You have signed out." in person.text
    person.client.cookies.clear()
    person.client.cookies.set("dev-staff", session)
    assert person.open("/").url.path == "/sign-in"


@pytest.mark.parametrize(("method", "template"), ROUTES)
def test_every_page_asks_who_it_is_whether_they_may_and_for_this_sessions_form(
    house: House, client: TestClient, enter: Enter, method: str, template: str
) -> None:
    path = template.format(verification=VERIFICATION, document=DOCUMENT)
    stranger = Person(client.app, house.settings.public_url)
    answer = stranger.client.request(method, path, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location")) in [(303, "/sign-in"), (401, None)]
    assert (answer.status_code == 303) == (method == "GET")

    person = enter("Olga", Role.OPERATOR)  # an operator has no page at all
    key, session = house.form_key, person.client.cookies["dev-staff"]
    token, wrong = form_token(key, session=session), form_token(key, session="another")
    if method == "POST":
        for form in ({}, {"form_token": wrong}):
            answer = person.client.post(path, data=form)
            assert (answer.status_code, "invalid_form_token" in answer.text) == (403, True)
        answer = person.client.post(path, data={"form_token": token}, headers={"sec-fetch-site": "same-site"})
        assert (answer.status_code, "invalid_form_token" in answer.text) == (403, True)
    answer = person.client.request(method, path, data={"form_token": token} if method == "POST" else None)
    assert (answer.status_code, "forbidden" in answer.text) == (403, True)
    assert "Sign out" in answer.text


class TestWhereNobodyGivesContactPoints:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return Settings(home=tmp_path / "home")  # with the policies that are shipped

    def test_what_needs_them_is_not_offered_unless_somebody_asks_for_it_by_name(self, enter: Enter) -> None:
        agent = enter("Kim", Role.AGENT)
        offered = agent.client.get("/new").text
        assert '<option value="tutor-qualification">' in offered
        assert "hosting-account-change" not in offered
        agent.open("/new?reference=NB-1&policy=hosting-account-change")
        assert agent.filled("/new")["policy"] == "hosting-account-change"


def test_a_request_is_made_once_and_its_link_shown_again(enter: Enter) -> None:
    agent = enter("Kim", Role.AGENT)
    agent.open("/new?reference=NB-1&policy=qualification-check")
    assert agent.filled("/new")["reference"] == "NB-1"
    assert agent.filled("/new")["policy"] == "qualification-check"
    known = {"expected.qualification-check.full_name": "Ada Example"}
    agent.send("/new", known)
    assert agent.heading == "Ready to send for NB-1"
    link, reply = agent.find("link-url").text, agent.find("reply").text
    assert link in reply
    assert "do not attach documents" in reply

    agent.open("/new")
    agent.send("/new", known, reference="NB-1", policy="qualification-check")
    assert agent.heading == "There is a request for NB-1 already"
    assert agent.find("link-url").text == link
    colleague = enter("Robin", Role.AGENT)
    colleague.open("/new")
    assert "NB-1" not in colleague.text
    colleague.open("/new?whose=all")
    assert "NB-1" in colleague.text


def test_a_case_is_found_by_its_number_whoever_asked_for_it(enter: Enter) -> None:
    agent, colleague = enter("Kim", Role.AGENT), enter("Robin", Role.AGENT)
    for reference in ("NB-1", "NB-10"):
        agent.open("/new")
        agent.send("/new", reference=reference, policy="qualification-check")
    found = colleague.open("/new?find=%20NB-1%20").text
    assert "Requests for NB-1" in found
    assert "NB-10" not in found
    assert colleague.find("find").attributes["value"] == "NB-1"
    assert "There is no request for this case number" in colleague.open("/new?find=NB-2").text
    for odd in ("ada@example.org", "%00", "%2B420601123456", "N" * 65):
        colleague.open(f"/new?find={odd}", status=422)
        assert list(colleague.errors) == ["find"]
    assert colleague.find("find").attributes["value"] == "N" * 65, "what was typed is kept"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reference": "ada@example.org"}, "reference"),
        ({"reference": ""}, "reference"),
        ({"reference": "NB 1"}, "reference"),
        ({"policy": "unheard-of"}, "policy"),
        ({"locale": "not a language"}, "locale"),
        ({"expected.qualification-check.full_name": "A" * 201}, "expected-qualification-check-full_name"),
    ],
)
def test_a_refused_request_keeps_what_was_typed_and_names_the_field(
    enter: Enter, fields: dict[str, str], field: str
) -> None:
    agent = enter("Kim", Role.AGENT)
    agent.open("/new")
    typed = {"reference": "NB-1", "policy": "qualification-check", "locale": "en"}
    agent.send("/new", typed | {"expected.qualification-check.awarded_by": "A school"} | fields, status=422)
    assert list(agent.errors) == [field]
    held = agent.filled("/new")
    assert held["reference"] == fields.get("reference", "NB-1")
    assert agent.open("/new?whose=all").status_code == 200
    assert "You have not made" in agent.open("/new").text


def test_what_the_form_of_another_policy_holds_is_not_taken(house: House, enter: Enter) -> None:
    agent = enter("Kim", Role.AGENT)
    agent.open("/new")
    known = {
        "expected.account-recovery.full_name": "Somebody Else",
        "expected.qualification-check.full_name": "  Ada Example ",
    }
    answer = agent.send("/new", known, reference="NB-1", policy="qualification-check")
    made = VerificationId(answer.url.params["made"])
    assert open_values(house.database, house.vault, made, prefix="expected.") == {"full_name": "Ada Example"}


def test_a_case_is_renewed_and_cancelled_by_its_forms(enter: Enter, desk: Desk) -> None:
    agent = enter("Kim", Role.AGENT)
    made = ask(agent, "NB-1")
    agent.open(f"/cases/{made}")
    first = agent.find("link-url").text
    agent.send(f"/cases/{made}/renew")
    assert "There is a new link." in agent.text
    assert agent.find("link-url").text != first
    assert desk.browser().get(first, headers={"accept": "application/json"}).status_code == 404
    agent.send(f"/cases/{made}/cancel")
    assert "Cancelled" in agent.text
    assert not [each for each in agent.page.all("form") if each.attributes["action"].startswith("/cases/")]
    assert agent.open(f"/new?made={made}").url.path == f"/cases/{made}"


@pytest.mark.parametrize("way", ["a code that is none", "what was just made"])
def test_nobody_sees_a_link_without_being_one_of_the_two_pairs_of_eyes(house: House, enter: Enter, way: str) -> None:
    made = VerificationId(ask(enter("Kim", Role.AGENT), "NB-1"))
    other = enter("Robin", Role.AGENT)
    if way == "what was just made":
        other.open(f"/new?made={made}")
    else:
        form = {"form_token": form_token(house.form_key, session=other.client.cookies["dev-staff"]), "contact": ""}
        answer = other.client.post(f"/cases/{made}/code", data=form)
        other.html = answer.text
        assert answer.status_code == 404
    assert "/v/" in other.find("link-url").text
    with house.database.read() as session:
        actors = session.scalars(select(HandlerRow.actor).where(HandlerRow.verification_id == made)).all()
    assert len(actors) == 2


def test_a_customer_who_did_not_ask_alarms_the_agent(enter: Enter, desk: Desk) -> None:
    agent = enter("Kim", Role.AGENT)
    made = ask(agent, "NB-1")
    agent.open(f"/cases/{made}")
    customer = desk.customer({"link": {"url": agent.find("link-url").text}})
    assert customer.post("withdraw", reason="not_me").status_code == 200
    agent.open("/new")
    assert "Did not ask for this" in agent.text
    agent.open(f"/cases/{made}")
    assert "The customer says that they did not ask for this." in agent.text


def test_a_link_that_ran_out_is_not_shown_as_one_that_works(enter: Enter, work: Work, sign_in: Any) -> None:
    agent = enter("Kim", Role.AGENT)
    agent.open("/new")
    made = agent.send("/new", reference="NB-1", policy="account-recovery").url.params["made"]
    work.pass_time(timedelta(days=4))
    agent.client.cookies.set("dev-staff", sign_in("Kim", Role.AGENT))
    agent.open(f"/cases/{made}")
    assert "The link has run out." in agent.text
    assert "link-url" not in agent.html
    agent.send(f"/cases/{made}/renew")
    assert agent.find("link-url").text


def test_warnings_stand_on_every_staff_page(house: House, sign_in: Callable[..., str]) -> None:
    app = create_app(house, warnings=["The sandbox does not hold here."])
    with TestClient(app):
        person = Person(app, house.settings.public_url, session=sign_in("Kim", Role.AGENT, Role.AUDITOR))
        for path in ("/new", "/audit"):
            person.open(path)
            assert "The sandbox does not hold here." in person.text
