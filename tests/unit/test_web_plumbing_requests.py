"""Around every request: its size, its JSON, the headers of its answer, its line in the log."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from tests.apart import run_apart
from verifier import telemetry
from verifier.web.errors import MalformedJsonError, TooLargeError
from verifier.web.headers import install_plumbing
from verifier.web.json_bodies import JSON_BODY_BYTES, BodyLimit, parse_json_object

CANARY = "CanaryZq7"
STREAMS = re.compile(r"/v1/verifications/[^/]+/documents")


def _app(*, is_https: bool) -> FastAPI:
    app, router = FastAPI(), APIRouter()

    @router.post("/things/{thing}")
    def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @router.post("/verifications/{verification}/documents")
    async def count(request: Request) -> dict[str, int]:
        return {"bytes": sum([len(chunk) async for chunk in request.stream()])}

    @app.get("/v/{token}")
    def land() -> str:
        return "landed"

    @app.get("/static/{name}")
    def static() -> Response:
        return Response(b"", headers={"Cache-Control": "public, immutable", "Server": "told"})

    @app.get("/crash/{name}")
    def crash(name: str) -> None:
        raise RuntimeError(name)

    app.include_router(router, prefix="/v1")
    install_plumbing(app, is_https=is_https, render_page=lambda problem, _: problem.title, streams=STREAMS)
    return app


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    telemetry.redirect_logs(written)
    yield written
    telemetry.redirect_logs(None)


@pytest.fixture
def client(log: io.StringIO) -> Iterator[TestClient]:  # noqa: ARG001 -- what it logs goes there, not to the terminal
    with TestClient(_app(is_https=False)) as opened:
        yield opened


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _post(client: TestClient, body: bytes) -> tuple[int, str]:
    response = client.post("/v1/things/a", content=body, headers={"content-type": "application/json"})
    return response.status_code, response.json().get("code", "")


def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(client: TestClient) -> None:
    padding = JSON_BODY_BYTES - len(b'{"a":""}')

    assert _post(client, b'{"a":"' + b"x" * padding + b'"}') == (200, "")
    assert _post(client, b'{"a":"' + b"x" * (padding + 1) + b'"}') == (413, "too_large")


def test_a_body_without_a_length_is_counted_as_it_arrives(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    response = client.post("/v1/things/a", content=chunks(), headers={"content-type": "application/json"})

    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert response.headers["content-type"] == "application/problem+json"


async def _nothing(_message: Message) -> None:
    """Takes what would be sent."""


def _read(messages: list[Message], *, headers: list[tuple[bytes, bytes]]) -> int:
    """How many messages are taken in before `BodyLimit` refuses."""

    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return messages[taken - 1]

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("the call must not begin")

    scope = {"type": "http", "path": "/v1/things/a", "headers": headers}
    with pytest.raises(TooLargeError):
        run_apart(BodyLimit(app, streams=STREAMS)(scope, receive, _nothing))
    return taken


def test_an_announced_length_beyond_the_limit_is_refused_unread() -> None:
    assert _read([], headers=[(b"content-length", b"65537")]) == 0


def test_a_lying_length_does_not_help() -> None:
    chunk: Message = {"type": "http.request", "body": b"x" * 40_000, "more_body": True}

    assert _read([chunk] * 9, headers=[(b"content-length", b"10")]) == 2


def test_an_upload_streams_past_the_limit(client: TestClient) -> None:
    response = client.post("/v1/verifications/ver_x/documents", content=b"x" * 1_000_000)

    assert response.json() == {"bytes": 1_000_000}


def test_no_other_path_streams_by_looking_like_an_upload(client: TestClient) -> None:
    for path in ("/v1/things/documents", "/v1/verifications/a/b/documents", "/v1/verifications/a/documents/"):
        assert client.post(path, content=b"x" * 70_000).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"a"',
        b"null",
        b'{"a":1,"a":1}',
        b'{"b":{"a":1,"a":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":' + b"[" * 33 + b"]" * 33 + b"}",
        b"[" * 60_000,
        '{"a":1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_one_strict_json_object_is_refused(client: TestClient, body: bytes) -> None:
    assert _post(client, body) == (400, "malformed_json")


@pytest.mark.parametrize(
    "types",
    [
        ["application/json; charset=utf-8"],
        ["Application/JSON"],
        ["application/x+json"],
        ["application/json", "text/plain"],
    ],
)
def test_no_other_spelling_of_the_type_gets_around_the_strict_reader(client: TestClient, types: list[str]) -> None:
    headers = [("content-type", value) for value in types]

    response = client.post("/v1/things/a", content=b'{"a":1,"a":2}', headers=headers)

    assert response.json()["code"] == "malformed_json"


def test_ordinary_json_is_taken() -> None:
    assert parse_json_object('{"a": [1, 2.5, null, true, "ñ😀"], "b": {}}'.encode()) == {
        "a": [1, 2.5, None, True, "ñ😀"],
        "b": {},
    }


@pytest.mark.cases
def test_the_json_suite_is_read_as_it_says(cases_dir: Path) -> None:
    files = sorted((cases_dir / "json_suite").rglob("*.json"))
    assert files
    for file in files:
        try:
            parse_json_object(file.read_bytes())
            taken = True
        except MalformedJsonError:
            taken = False
        assert not (file.name.startswith("n_") and taken), file.name


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    for path in ("/v/abc", "/nowhere", "/crash/a", "/static/a"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers
        assert "server" not in headers


def test_nothing_is_cached_unless_the_answer_says_so(client: TestClient) -> None:
    assert client.get("/v/abc").headers["cache-control"] == "no-store"
    assert client.get("/nowhere").headers["cache-control"] == "no-store"
    assert client.get("/static/a").headers["cache-control"] == "public, immutable"


@pytest.mark.usefixtures("log")
def test_https_is_demanded_where_it_is_served() -> None:
    with TestClient(_app(is_https=True)) as client:
        assert "max-age=63072000" in client.get("/v/abc").headers["strict-transport-security"]


def test_the_log_names_the_route_and_never_the_address(client: TestClient, log: io.StringIO) -> None:
    client.post(f"/v1/things/{CANARY}?q={CANARY}", json={CANARY: CANARY}, headers={"user-agent": CANARY})
    client.get(f"/{CANARY}")

    assert CANARY not in log.getvalue()
    assert [(line["route"], line["method"], line["status"]) for line in _lines(log)] == [
        ("/v1/things/{thing}", "POST", 200),
        ("unmatched", "GET", 404),
    ]


def test_a_crash_is_logged_with_its_route_and_status(client: TestClient, log: io.StringIO) -> None:
    client.get(f"/crash/{CANARY}")

    failure, access = _lines(log)
    assert failure["error"] == ["builtins.RuntimeError"]
    assert (access["route"], access["status"]) == ("/crash/{name}", 500)
    assert CANARY not in log.getvalue()


def test_a_link_is_never_logged(client: TestClient, log: io.StringIO) -> None:
    client.get("/v/abc")
    client.post("/v/abc")
    client.get("/v/")

    assert log.getvalue() == ""


def test_a_method_that_nobody_knows_is_not_logged_as_it_was_sent(client: TestClient, log: io.StringIO) -> None:
    client.request(CANARY.upper(), "/static/a")

    assert CANARY.upper() not in log.getvalue()
