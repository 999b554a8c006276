"""The log says only what is on the allow list, whoever writes and however a program dies."""

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verifier import telemetry
from verifier.errors import VerifierError
from verifier.ids import new_document_id, new_verification_id
from verifier.web.json_bodies import parse_json_object

CANARY = "Canary-Zq7-jane.doe@example.org"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logs configured onto a stream, and everything put back afterwards."""
    root = logging.getLogger()
    kept = root.handlers, root.level, sys.excepthook, sys.unraisablehook, threading.excepthook
    written = io.StringIO()
    telemetry.configure_logs(stream=written)
    yield written
    root.handlers, sys.excepthook, sys.unraisablehook, threading.excepthook = kept[0], kept[2], kept[3], kept[4]
    root.setLevel(kept[1])
    logging.captureWarnings(False)
    telemetry.redirect_logs(None)


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _one(stream: io.StringIO) -> dict[str, Any]:
    (line,) = _lines(stream)
    return dict(line)


def test_a_line_is_one_json_object_with_the_listed_fields(stream: io.StringIO) -> None:
    document = new_document_id()

    telemetry.get_log().info("document.disposed", document=document, attempts=2, duration_ms=1.5, store="objects")

    line = _one(stream)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "document.disposed",
        "document": document,
        "attempts": 2,
        "duration_ms": 1.5,
        "store": "objects",
    }


@pytest.mark.parametrize("field", ["reference", "file_name", "url", "message", "token", "note", "password"])
def test_a_field_that_is_not_listed_is_dropped_and_counted(stream: io.StringIO, field: str) -> None:
    before = telemetry.DROPPED.count

    telemetry.get_log().warning("upload.refused", **{field: CANARY})

    assert CANARY not in stream.getvalue()
    assert _one(stream)["dropped"] == 1
    assert telemetry.DROPPED.count == before + 1


@pytest.mark.parametrize("field", sorted(telemetry.ALLOWED.keys() - {"event"}))
def test_no_listed_field_holds_free_text(stream: io.StringIO, field: str) -> None:
    for value in (CANARY, f"upload of {CANARY}", [CANARY], {"a": CANARY}, CANARY.encode(), ValueError(CANARY)):
        telemetry.get_log().info("request", **{field: value})

    assert "Canary" not in stream.getvalue()
    assert [line["dropped"] for line in _lines(stream)] == [1] * 6


def test_an_event_with_free_text_has_no_name(stream: io.StringIO) -> None:
    telemetry.get_log().info(f"uploaded {CANARY}")

    assert CANARY not in stream.getvalue()
    assert _one(stream)["event"] == "unnamed"


def test_an_id_field_takes_our_ids_only(stream: io.StringIO) -> None:
    telemetry.get_log().info("request", verification="ver_" + "a" * 25)
    telemetry.get_log().info("request", verification=new_verification_id())

    assert ["verification" in line for line in _lines(stream)] == [False, True]


def _fail(secret: str) -> None:
    local = secret  # noqa: F841 -- a local variable that a careless traceback would print
    raise VerifierError({"reason": secret}) from ValueError(f"bad {secret}")


def test_an_exception_is_logged_by_its_types_and_never_by_its_message(stream: io.StringIO) -> None:
    try:
        _fail(CANARY)
    except VerifierError:
        telemetry.get_log().exception("request.failed")

    line = _one(stream)
    assert line["error"] == ["verifier.errors.VerifierError", "builtins.ValueError"]
    assert CANARY not in stream.getvalue()


def test_an_exception_names_the_frames_of_our_files_only(stream: io.StringIO) -> None:
    try:
        json.loads("{")
    except ValueError as error:
        telemetry.get_log().error("request.failed", exc_info=error)
    try:
        parse_json_object(b"[]")
    except VerifierError as error:
        telemetry.get_log().error("request.failed", exc_info=error)

    foreign, ours = _lines(stream)
    assert foreign["frames"] == []
    assert [frame.partition(":")[0] for frame in ours["frames"]] == ["verifier/web/json_bodies.py"]
    assert ours["frames"][0].endswith(" parse_json_object")


def test_what_a_library_logs_loses_its_text_and_its_arguments(stream: io.StringIO) -> None:
    logging.getLogger("PIL.Image").warning("cannot read %s", CANARY)
    logging.getLogger("sqlalchemy.engine").error(f"INSERT {CANARY}")  # noqa: G004 -- as careless libraries do
    try:
        Path(f"/nowhere/{CANARY}").read_bytes()
    except OSError:
        logging.getLogger("asyncio").exception("while handling %r", {"name": CANARY})

    assert CANARY not in stream.getvalue()
    assert [(line["event"], line["logger"]) for line in _lines(stream)] == [
        ("library.message", "pil.image"),
        ("library.message", "sqlalchemy.engine"),
        ("library.message", "asyncio"),
    ]
    assert _lines(stream)[2]["error"] == ["builtins.FileNotFoundError"]


def test_the_servers_own_access_log_is_silent(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").warning('127.0.0.1 - "GET /v/%s HTTP/1.1" 200', CANARY)

    assert stream.getvalue() == ""


def test_a_message_that_cannot_be_formatted_does_not_print_its_arguments(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("boto3").error("%d and %d", CANARY)  # noqa: PLE1206 -- the fault that is tried

    assert CANARY not in stream.getvalue() + capsys.readouterr().err


def test_a_warning_loses_its_text(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"image of {CANARY}", UserWarning, stacklevel=1)

    assert _one(stream)["logger"] == "py.warnings"
    assert CANARY not in stream.getvalue()


def test_a_thread_that_dies_is_logged_without_its_message(stream: io.StringIO) -> None:
    thread = threading.Thread(target=_fail, args=(CANARY,))
    thread.start()
    thread.join()

    assert _one(stream)["event"] == "thread.uncaught"
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("configured", [True, False])
def test_a_process_that_dies_says_its_error_type_only(*, configured: bool) -> None:
    program = (
        "from verifier.telemetry import configure_logs, get_log\n"
        f"{'configure_logs()' if configured else ''}\n"
        f"get_log().info('request', url='{CANARY}')\n"
        f"{f'raise RuntimeError({CANARY!r})' if configured else ''}\n"
    )

    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)

    assert CANARY not in finished.stdout + finished.stderr
    events = [json.loads(line)["event"] for line in finished.stderr.splitlines()]
    assert events == (["request", "process.uncaught"] if configured else ["request"])
