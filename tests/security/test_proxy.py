"""The proxy that we ship: an upload passes through it and never lies on its disk, and no log of it holds a link."""

import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.caddy import CONFIGURATION, CUSTOMER_HOST, STAFF_HOST, run_caddy
from tests.servers.ports import free_port

_CANARY: Final = b"CANARY-OF-AN-UPLOAD-"
_HALF: Final = _CANARY * 200_000  # 4 MB
_LINK: Final = "/v/the-secret-of-a-link"


class _Tier(ThreadingHTTPServer):
    """Answers with its name and what it was told; counts what it has received so far of a body."""

    daemon_threads = True

    def __init__(self, name: str, *, port: int = 0) -> None:
        self.name: Final = name
        self.has_half: Final = threading.Event()
        self.received = b""
        super().__init__(("127.0.0.1", port), _Answer)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Tier

    def do_GET(self) -> None:
        if "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"begun")
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._say(f"{self.server.name} {self.headers['Host']} {self.headers['X-Forwarded-For']}")

    def do_POST(self) -> None:
        while len(self.server.received) < 2 * len(_HALF):
            self.server.received += self.rfile.read1(1 << 16)
            if len(self.server.received) >= len(_HALF):
                self.server.has_half.set()
        self._say(self.server.name)

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            """Cut on purpose."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name that http.server has
        """Say nothing."""


def _serve(name: str) -> Iterator[_Tier]:
    with _Tier(name) as tier:
        thread = threading.Thread(target=tier.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield tier
        tier.shutdown()
        thread.join()


@pytest.fixture
def customer() -> Iterator[_Tier]:
    yield from _serve("customer")


@pytest.fixture
def staff() -> Iterator[_Tier]:
    yield from _serve("staff")


def test_an_upload_passes_as_it_comes_and_is_never_on_the_disk_of_the_proxy(
    tmp_path: Path, customer: _Tier, staff: _Tier
) -> None:
    with (
        run_caddy(tmp_path, customer=customer.address, staff=staff.address) as caddy,
        caddy.connect() as connection,
    ):
        connection.putrequest("POST", "/verification/x/documents")
        connection.putheader("Content-Length", str(2 * len(_HALF)))
        connection.endheaders()
        connection.send(_HALF)
        assert customer.has_half.wait(20), "the tier got nothing before the body had ended: it is collected"
        written = [file for file in caddy.list_files() if _CANARY in file.read_bytes()]
        connection.send(_HALF)
        assert connection.getresponse().read() == b"customer"
        written += [file for file in caddy.list_files() if _CANARY in file.read_bytes()]
    assert written == []
    assert customer.received == 2 * _HALF


def test_each_host_name_leads_to_its_own_tier_and_no_other_name_leads_anywhere(
    tmp_path: Path, customer: _Tier, staff: _Tier
) -> None:
    with run_caddy(tmp_path, customer=customer.address, staff=staff.address) as caddy:
        for host, name in ((CUSTOMER_HOST, "customer"), (STAFF_HOST, "staff")):
            with caddy.connect(host) as connection:
                connection.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.7", "Host": host})
                told = connection.getresponse().read().decode()
                assert told == f"{name} {host} 127.0.0.1", "it says itself from where a request comes"
                connection.request("GET", "/", headers={"Host": "other.localhost"})
                assert connection.getresponse().read() == b""


def test_who_asks_while_a_tier_restarts_waits_for_it(tmp_path: Path, staff: _Tier) -> None:
    port = free_port()
    with (
        run_caddy(tmp_path, customer=f"127.0.0.1:{port}", staff=staff.address) as caddy,
        caddy.connect() as connection,
    ):
        connection.request("GET", "/")
        with _Tier("customer", port=port) as tier:
            threading.Thread(target=tier.handle_request, daemon=True).start()
            assert connection.getresponse().read().startswith(b"customer")


def _ask_for_links(folder: Path, customer: _Tier, *, configuration: Path) -> str:
    """Links that are answered, cut, and met by a tier that is away; what the proxy logged."""
    with run_caddy(
        folder, customer=customer.address, staff=f"127.0.0.1:{free_port()}", configuration=configuration
    ) as caddy:
        for host, path in ((CUSTOMER_HOST, _LINK), (CUSTOMER_HOST, f"{_LINK}/cut"), (STAFF_HOST, _LINK)):
            with caddy.connect(host) as connection:
                connection.request("GET", path, headers={"Host": host, "Referer": f"https://{host}{_LINK}"})
                connection.getresponse().read1()
    return caddy.read_log()


def test_no_log_of_the_proxy_holds_a_link_whatever_goes_wrong(tmp_path: Path, customer: _Tier) -> None:
    assert "the-secret-of-a-link" not in _ask_for_links(tmp_path, customer, configuration=CONFIGURATION)


def test_a_proxy_that_logs_as_it_comes_would_hold_it_so_the_test_is_no_sham(tmp_path: Path, customer: _Tier) -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    begin, end = text.index("\tlog {"), text.index("\n}\n\n(tier)")
    (tmp_path / "Caddyfile").write_text(text[:begin] + text[end:], encoding="utf-8")
    assert "the-secret-of-a-link" in _ask_for_links(tmp_path, customer, configuration=tmp_path / "Caddyfile")
