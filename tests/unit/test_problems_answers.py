"""Refusals become answers by one table, and repeat nothing of what was sent."""

import io
import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from verifier import telemetry
from verifier.errors import VerifierError
from verifier.web.answers import ANSWERS, OUR_FAULTS
from verifier.web.answers.answer import Answer
from verifier.web.problems import Problem, Refusals, install_handlers, prefers_html, problem_for

CANARY = "CanaryZq7"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reference: Annotated[str, Field(max_length=20)]
    expected: dict[str, int] = {}


class UnlistedError(VerifierError):
    code = "nobody_listed_this"


def _error(code: str) -> VerifierError:
    """What a room would raise: the table does not care who does."""
    kind: type[VerifierError] = type("RoomError", (VerifierError,), {"code": code})
    return kind({"limit_bytes": 20_000_000, "reason": CANARY})


def _page(problem: Problem, _request: Request) -> str:
    return f"<h1>{problem.title}</h1><p>{problem.next_step}</p>"


def _app() -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/v1")

    @router.post("/things")
    def make(body: Body) -> dict[str, str]:
        return {"made": body.reference}

    @router.get("/things/{number}")
    def read(number: Annotated[int, Path()]) -> dict[str, int]:
        return {"number": number}

    @app.get("/raise/{code}")
    @app.get("/v1/raise/{code}")
    def refuse(code: str) -> None:
        raise {
            "crash": RuntimeError(CANARY),
            "locked": OperationalError(CANARY, {"name": CANARY}, OSError(CANARY)),
            "waited": PoolTimeoutError(CANARY),
            "unlisted": UnlistedError({"reason": CANARY}),
            "teapot": HTTPException(418, CANARY),
            "broken": HTTPException(502, CANARY),
            "cut": ClientDisconnect(),
        }.get(code, _error(code))

    app.include_router(router)
    install_handlers(app, render_page=_page)
    app.add_middleware(Refusals, owner=app, render_page=_page)
    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(_app()) as opened:
        yield opened


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    telemetry.redirect_logs(written)
    yield written
    telemetry.redirect_logs(None)


def _problem(client: TestClient, path: str, *, status: int) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    return dict(response.json())


@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_every_row_is_answered_with_its_status_and_a_next_step(client: TestClient, code: str) -> None:
    body = _problem(
        client, f"/v1/raise/{code}" if code != "internal" else "/v1/raise/crash", status=ANSWERS[code].status
    )

    assert body["code"] == code
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == ANSWERS[code].status
    assert body["title"]
    assert body["detail"].endswith(".")
    assert body["next_step"].endswith(".")
    assert "{" not in body["detail"]
    assert CANARY not in json.dumps(body)


def test_a_fact_is_told_where_the_sentence_names_it(client: TestClient) -> None:
    body = _problem(client, "/v1/raise/too_large", status=413)

    assert body["detail"].endswith("The limit is 20 MB.")
    assert body["facts"] == {"limit_bytes": 20_000_000}


def test_a_sentence_without_its_fact_is_left_out() -> None:
    assert "limit" not in problem_for("too_large").detail


@pytest.mark.parametrize(
    ("limit_bytes", "said"), [(999, "999 bytes"), (65_536, "65.5 kB"), (20_000_000, "20 MB"), (0, "0 bytes")]
)
def test_sizes_are_said_in_the_units_that_people_read(limit_bytes: int, said: str) -> None:
    assert f"The limit is {said}." in problem_for("too_large", facts={"limit_bytes": limit_bytes}).detail


def test_a_refusal_may_say_itself_how_long_to_wait() -> None:
    assert problem_for("too_many_requests", facts={"retry_after": 7}).headers["Retry-After"] == "7"
    assert problem_for("too_many_requests").headers["Retry-After"] == "60"
    assert "Retry-After" not in problem_for("forbidden").headers


def test_every_answer_of_a_closed_or_busy_service_says_when_to_try_again() -> None:
    assert [code for code, row in ANSWERS.items() if row.status in {429, 503, 507} and row.retry_after is None] == []


def test_sentences_are_translated_before_their_facts_are_filled_in() -> None:
    problem = problem_for("too_large", facts={"limit_bytes": 20_000_000}, translate=str.swapcase)

    assert problem.title == ANSWERS["too_large"].title.swapcase()
    assert problem.facts == {"limit_bytes": 20_000_000}


@pytest.mark.parametrize("code", sorted(OUR_FAULTS))
def test_a_fault_between_our_rooms_is_internal(client: TestClient, log: io.StringIO, code: str) -> None:
    body = _problem(client, f"/v1/raise/{code}", status=500)

    assert body["code"] == "internal"
    assert json.loads(log.getvalue())["code"] == code


@pytest.mark.parametrize("path", ["/v1/raise/crash", "/v1/raise/unlisted", "/v1/raise/broken"])
def test_an_unlisted_error_is_a_500_without_a_word_about_its_cause(
    client: TestClient, log: io.StringIO, path: str
) -> None:
    body = _problem(client, path, status=500)

    assert body["code"] == "internal"
    assert CANARY not in json.dumps(body) + log.getvalue()
    assert "facts" not in body


@pytest.mark.parametrize("path", ["/v1/raise/locked", "/v1/raise/waited"])
def test_a_database_that_cannot_now_is_asked_again_later(client: TestClient, log: io.StringIO, path: str) -> None:
    body = _problem(client, path, status=503)

    assert body["code"] == "unavailable"
    assert CANARY not in json.dumps(body) + log.getvalue()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/nowhere/" + CANARY, 404, "not_found"),
        ("/v1/things", 405, "method_not_allowed"),
        ("/v1/raise/teapot", 400, "bad_request"),
        ("/v1/raise/cut", 400, "upload_cut"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(client: TestClient, path: str, status: int, code: str) -> None:
    body = _problem(client, path, status=status)

    assert body["code"] == code
    assert CANARY not in json.dumps(body)


def test_a_405_says_which_methods_there_are(client: TestClient) -> None:
    assert client.get("/v1/things").headers["allow"] == "POST"


def test_a_401_names_a_scheme() -> None:
    assert problem_for("sign_in_needed").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("sent", "code", "pointer"),
    [
        ({"reference": "a", CANARY: 1}, "unknown_field", None),
        ({"reference": CANARY * 4}, "invalid_field", "/reference"),
        ({"expected": {}}, "invalid_field", "/reference"),
        ({"reference": "a", "expected": {CANARY: CANARY}}, "invalid_field", "/expected"),
        ({"reference": 5, "expected": {CANARY: CANARY}, CANARY: 1}, "unknown_field", None),
        ([CANARY], "malformed_json", None),
        (CANARY, "malformed_json", None),
        (None, "malformed_json", None),
    ],
)
def test_a_bad_body_is_refused_by_pointer_and_never_echoed(
    client: TestClient, sent: object, code: str, pointer: str | None
) -> None:
    response = client.post("/v1/things", json=sent)

    assert response.status_code == ANSWERS[code].status
    assert response.json()["code"] == code
    assert response.json().get("facts", {}).get("pointer") == pointer
    assert CANARY not in response.text


def test_a_body_of_another_type_is_no_json(client: TestClient) -> None:
    response = client.post("/v1/things", content=b'{"reference": "a"}', headers={"content-type": "text/plain"})

    assert response.json()["code"] == "malformed_json"


def test_a_bad_parameter_is_refused_by_its_name_only(client: TestClient) -> None:
    body = _problem(client, f"/v1/things/{CANARY}", status=422)

    assert (body["code"], body["facts"]) == ("invalid_field", {"pointer": "/number"})
    assert CANARY not in json.dumps(body)


def test_people_get_a_page_and_programs_get_json(client: TestClient) -> None:
    page = client.get("/raise/sign_in_needed", headers={"accept": BROWSER})

    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")
    assert f"<h1>{ANSWERS['sign_in_needed'].title}</h1>" in page.text
    assert client.get("/raise/sign_in_needed", headers={"accept": "*/*"}).json()["code"] == "sign_in_needed"
    assert client.get("/v1/raise/sign_in_needed", headers={"accept": BROWSER}).json()["code"] == "sign_in_needed"


def test_a_crash_behind_a_page_is_a_page_too(client: TestClient, log: io.StringIO) -> None:
    page = client.get("/raise/crash", headers={"accept": BROWSER})

    assert page.status_code == 500
    assert ANSWERS["internal"].title in page.text
    assert CANARY not in page.text + log.getvalue()


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML;charset=utf-8", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("application/problem+json;q=0.5, text/html;q=0.6", True),
        ("text/html;q=0", False),
        ("text/html;q=high", False),
    ],
)
def test_who_asks_for_a_page_gets_a_page(accept: str, *, html: bool) -> None:
    scope = {"type": "http", "path": "/verification/x", "headers": [(b"accept", accept.encode())], "query_string": b""}

    assert prefers_html(Request(scope | {"server": ("localhost", 80), "scheme": "http"})) == html


def test_a_row_without_a_next_step_cannot_be_written() -> None:
    with pytest.raises(VerifierError):
        Answer(status=400, title="No", detail="No.", next_step="")
    with pytest.raises(VerifierError):
        Answer(status=200, title="No", detail="No.", next_step="Yes.")


def test_an_answer_that_has_begun_is_cut_rather_than_completed() -> None:
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    def _half() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError(CANARY)

    @app.get("/half")
    def half() -> StreamingResponse:
        return StreamingResponse(_half())

    app.add_middleware(Refusals, owner=app, render_page=_page)
    written = io.StringIO()
    telemetry.redirect_logs(written)
    try:
        with TestClient(app) as client, pytest.raises(RuntimeError):
            client.get("/half")
    finally:
        telemetry.redirect_logs(None)
    assert CANARY not in written.getvalue()
