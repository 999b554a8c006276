"""Who sends a request: a key in the header, a session in the cookie, and forms from our own pages only."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection

from policies.access import Role, Scope
from verifier.db.base import Base
from verifier.db.clock import MovedClock
from verifier.db.engine import open_sqlite
from verifier.staff import api_keys, service
from verifier.web.csrf import form_token, verify_form_token, verify_same_site
from verifier.web.errors import InvalidFormTokenError
from verifier.web.principals import AnyPrincipal, ApiPrincipal, PagePrincipal, Principals
from verifier.web.problems import install_handlers
from verifier.web.throttle import Networks, Throttle

URL = "http://127.0.0.1:8080"
KEY = b"f" * 32
HERE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def principals(tmp_path: Path) -> Iterator[Principals]:
    database = open_sqlite(tmp_path / "verifier.sqlite")
    Base.metadata.create_all(database.engine)
    throttle = Throttle(per_link=9, per_key=9, per_network=9, networks=Networks(()))
    yield Principals(database, MovedClock(), throttle, public_url=URL, form_key=KEY)
    database.close()


@pytest.fixture
def client(principals: Principals) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.principals = principals
    install_handlers(app, render_page=lambda problem, _: problem.title)

    @app.get("/v1/api")
    def by_key(principal: ApiPrincipal) -> str:
        return principal.display_name

    @app.api_route("/v1/any", methods=["GET", "POST"])
    def by_any(principal: AnyPrincipal) -> str:
        return principal.display_name

    @app.api_route("/page", methods=["GET", "POST"])
    def by_page(principal: PagePrincipal) -> str:
        return principal.display_name

    @app.post("/form")
    def form(request: Request, principal: PagePrincipal) -> str:
        principals.verify_form(request, given=request.headers.get("x-given", ""))
        return principal.display_name

    @app.post("/in/{token}")
    def sign_in(token: str) -> Response:
        response = Response()
        principals.set_cookie(response, token=token)
        return response

    @app.post("/out")
    def sign_out() -> Response:
        response = Response()
        principals.clear_cookie(response)
        return response

    with TestClient(app, base_url=URL) as opened:
        yield opened


@pytest.fixture
def key(principals: Principals) -> str:
    with principals.database.write() as session:
        return api_keys.create_api_key(
            session,
            principals.clock.now(session),
            label="helpdesk",
            role=Role.AGENT,
            scopes={Scope.VERIFICATIONS_READ},
            valid_for=timedelta(days=1),
            actor="operator",
        )


@pytest.fixture
def signed_in(client: TestClient, principals: Principals) -> str:
    with principals.database.write() as session:
        now = principals.clock.now(session)
        invite = service.invite(session, now, name="Rae", roles=[Role.REVIEWER], actor="operator")
    with principals.database.write() as session:
        token = service.redeem_invite(session, principals.clock.now(session), invite)
    client.post(f"/in/{token}")
    return token


def test_a_key_in_the_header_names_its_program(client: TestClient, key: str) -> None:
    for scheme in ("Bearer", "bearer"):
        assert client.get("/v1/api", headers={"authorization": f"{scheme} {key}"}).json() == "helpdesk"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer vk_x", "Basic dXNlcjpwYXNz", "vk_x"])
def test_without_a_valid_key_one_has_to_sign_in(client: TestClient, header: str) -> None:
    answer = client.get("/v1/api", headers={"authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_needed")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_last_use_of_a_key_is_noted_once_a_minute(client: TestClient, principals: Principals, key: str) -> None:
    clock = principals.clock
    assert isinstance(clock, MovedClock)

    def used() -> object:
        client.get("/v1/api", headers={"authorization": f"Bearer {key}"})
        with principals.database.read() as session:
            return api_keys.list_api_keys(session)[0].used_at

    first = used()
    assert first is not None
    clock.offset = timedelta(seconds=30)
    assert used() == first
    clock.offset = timedelta(seconds=90)
    assert used() != first


def test_a_key_that_asks_too_often_is_refused(client: TestClient, key: str) -> None:
    answers = [client.get("/v1/api", headers={"authorization": f"Bearer {key}"}) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 9 + [429]
    assert answers[-1].json()["code"] == "too_many_requests"


def test_a_session_cookie_names_its_person(client: TestClient, signed_in: str) -> None:
    assert signed_in
    assert client.get("/page").json() == "Rae"


def test_nobody_is_signed_in_without_a_cookie_or_with_a_made_up_one(client: TestClient) -> None:
    assert client.get("/page").json()["code"] == "sign_in_needed"
    assert client.get("/page", headers={"cookie": "dev-staff=made-up"}).json()["code"] == "sign_in_needed"


def test_using_a_session_keeps_it_alive_and_leaving_it_ends_it(
    client: TestClient, principals: Principals, signed_in: str
) -> None:
    clock = principals.clock
    assert signed_in
    assert isinstance(clock, MovedClock)
    for minutes in (20, 40, 60):
        clock.offset = timedelta(minutes=minutes)
        assert client.get("/page").status_code == 200

    clock.offset = timedelta(minutes=91)
    assert client.get("/page").status_code == 401


def test_signing_out_takes_the_cookie_away(client: TestClient, signed_in: str) -> None:
    assert signed_in
    client.post("/out")

    assert "dev-staff" not in client.cookies


def test_a_browser_reads_under_v1_with_its_session_but_changes_nothing(client: TestClient, signed_in: str) -> None:
    assert signed_in
    assert client.get("/v1/any").json() == "Rae"
    assert client.post("/v1/any", headers=HERE).json()["code"] == "sign_in_needed"


def test_a_bad_key_is_not_excused_by_a_good_cookie(client: TestClient, signed_in: str) -> None:
    assert signed_in
    assert client.get("/v1/any", headers={"authorization": "Bearer vk_x"}).status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_a_change_that_another_site_started_is_refused(client: TestClient, signed_in: str, site: str) -> None:
    answer = client.post("/page", headers={"sec-fetch-site": site})

    assert signed_in
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_form_token")


def test_a_form_needs_the_token_of_this_session(client: TestClient, signed_in: str) -> None:
    good = form_token(KEY, session=signed_in)

    assert client.post("/form", headers=HERE | {"x-given": good}).json() == "Rae"
    for bad in ("", good[:-1], good + "A", form_token(KEY, session="other"), form_token(b"g" * 32, session=signed_in)):
        assert client.post("/form", headers=HERE | {"x-given": bad}).json()["code"] == "invalid_form_token"


def test_a_form_of_no_session_is_refused() -> None:
    with pytest.raises(InvalidFormTokenError):
        verify_form_token(form_token(KEY, session=""), key=KEY, session="")


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"sec-fetch-site": "cross-site", "origin": URL}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"origin": URL}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": URL + ".evil.example"}, False),
        ({"origin": "null"}, True),
        ({}, True),
    ],
)
def test_the_browser_says_which_site_started_a_request(headers: dict[str, str], *, accepted: bool) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    connection = HTTPConnection({"type": "http", "headers": raw})

    verify_same_site(connection, method="GET", public_url=URL)
    if accepted:
        verify_same_site(connection, method="POST", public_url=URL)
        return
    with pytest.raises(InvalidFormTokenError):
        verify_same_site(connection, method="POST", public_url=URL)


def test_the_cookie_is_bound_to_the_host_where_it_travels_over_https(principals: Principals) -> None:
    response = Response()
    secure = Principals(
        principals.database, principals.clock, principals.throttle, public_url="https://v.example", form_key=KEY
    )
    secure.set_cookie(response, token="t")

    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-staff=t;")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert part in cookie
    assert "Domain" not in cookie


def test_the_form_key_is_not_printed(principals: Principals) -> None:
    assert "fff" not in repr(principals)
