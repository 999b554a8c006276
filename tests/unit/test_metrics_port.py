"""The port of the figures: it answers one thing, keeps errors to itself, and is nowhere but where it was set."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.unit.test_cli_serve import ROOT, wait_for
from verifier.errors import ConfigurationError
from verifier.metrics.serving import metrics_on
from verifier.settings import Settings, verify_settings
from verifier.wiring import House
from workers.figures import show_figures

CANARY: Final = "canary.jane@example.org"


def write_page() -> bytes:
    return b"figure 1\n"


def break_down() -> bytes:
    raise ValueError(CANARY)


def test_only_the_one_path_answers() -> None:
    with metrics_on("127.0.0.1", 0, setting="X", write_page=write_page) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}/metrics?name=x")
        assert (answer.status_code, answer.content) == (200, b"figure 1\n")
        assert answer.headers["cache-control"] == "no-store"
        assert "python" not in answer.headers["server"].lower()
        assert httpx2.get(f"http://127.0.0.1:{port}/health/live").status_code == 404
        assert httpx2.post(f"http://127.0.0.1:{port}/metrics").status_code == 501
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port}/metrics")


def test_a_fault_in_a_figure_is_a_500_and_a_line_of_the_log_without_its_text(capfd: pytest.CaptureFixture[str]) -> None:
    with metrics_on("127.0.0.1", 0, setting="X", write_page=break_down) as port:
        answer = httpx2.get(f"http://127.0.0.1:{port}/metrics")
    assert (answer.status_code, answer.content) == (500, b"")
    logged = capfd.readouterr().err
    assert "metrics.broke" in logged
    assert CANARY not in logged + str(answer.headers)
    assert "Traceback" not in logged


def test_a_reader_who_leaves_at_once_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with metrics_on("127.0.0.1", 0, setting="X", write_page=write_page) as port:
        assert port is not None
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leaves with a reset
                line.sendall(f"GET /{CANARY} HTTP/1.1\r\n".encode())
        assert httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
    logged = capfd.readouterr().err
    assert CANARY not in logged
    assert "Traceback" not in logged


def test_a_reader_who_hangs_keeps_nobody_waiting() -> None:
    with metrics_on("127.0.0.1", 0, setting="X", write_page=write_page) as port:
        assert port is not None
        with socket.create_connection(("127.0.0.1", port)):
            assert httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=5).status_code == 200


def test_without_a_port_nobody_listens() -> None:
    with metrics_on("127.0.0.1", None, setting="X", write_page=break_down) as port:
        assert port is None


def test_a_port_that_is_taken_is_refused_with_its_setting() -> None:
    with (
        metrics_on("127.0.0.1", 0, setting="X", write_page=write_page) as port,
        pytest.raises(ConfigurationError, match="VERIFIER_METRICS_PORT"),
        metrics_on("127.0.0.1", port, setting="VERIFIER_METRICS_PORT", write_page=write_page),
    ):
        raise AssertionError("it listens twice")


def test_a_worker_works_on_where_its_port_is_taken(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    with metrics_on("127.0.0.1", 0, setting="X", write_page=write_page) as port:
        taken = house.settings.model_copy(update={"worker_metrics_port": port})
        object.__setattr__(house, "settings", taken)
        with show_figures(house):
            assert "metrics.refused" in capfd.readouterr().err


def test_figures_are_off_and_bound_to_this_machine_by_default() -> None:
    settings = Settings()
    assert (settings.metrics_port, settings.worker_metrics_port) == (None, None)
    assert settings.metrics_host == "127.0.0.1"


@pytest.mark.parametrize(
    "given",
    [
        {"metrics_port": 8080},
        {"worker_metrics_port": 8080},
        {"metrics_port": 9464, "worker_metrics_port": 9464},
    ],
)
def test_two_of_one_port_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="VERIFIER_METRICS_PORT"):
        verify_settings(Settings.model_validate(given))


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def read_figures(port: int) -> str | None:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    except httpx2.TransportError:
        return None


def test_both_processes_of_the_service_show_their_figures(tmp_path: Path) -> None:
    web, worker = find_free_port(), find_free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("VERIFIER_")}
    set_here = {
        "VERIFIER_HOME": str(tmp_path / "home"),
        "VERIFIER_PORT": "0",
        "VERIFIER_METRICS_PORT": str(web),
        "VERIFIER_WORKER_METRICS_PORT": str(worker),
    }
    service = subprocess.Popen(
        (sys.executable, "-m", "verifier", "serve"),
        cwd=ROOT,
        env=environment | set_here,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in (web, worker):
            page = wait_for(lambda port=port: read_figures(port))  # type: ignore[misc]  # a default, not a lambda's own
            assert "verifier_database_answers 1.0" in page
            assert 'verifier_overdue{what="documents"} 0.0' in page
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
    finally:
        service.kill()
        service.wait()
