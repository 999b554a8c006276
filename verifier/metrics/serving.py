"""The port on which the figures are read: `GET /metrics`, and nothing else.

Guarantees: a port of its own, bound where the settings say and nowhere else, so that no proxy of the pages leads to it;
a reader who hangs holds one thread for `_READS_WITHIN` and delays nobody; what fails inside is one line of the log and
a 500 without a word. Leaves to others: who may reach the port. Whoever can, reads how busy the desk is.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, socket
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST

from verifier.errors import ConfigurationError
from verifier.telemetry import get_log

PATH: Final = "/metrics"
_READS_WITHIN: Final = 10.0


class _Reader(BaseHTTPRequestHandler):
    server_version, sys_version = "verifier", ""
    timeout = _READS_WITHIN
    write_page: Callable[[], bytes]

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._answer(404, b"")
            return
        try:
            page = self.write_page()
        except Exception as error:  # noqa: BLE001 -- a fault of ours in one figure is a line of the log, no traceback
            get_log().critical("metrics.broke", exc_info=error)
            self._answer(500, b"")
            return
        self._answer(200, page)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the standard library calls it
        """Nothing: what a reader asks for is text of somebody else."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, reader: type[_Reader]) -> None:
        if ":" in host:
            self.address_family = AF_INET6
        super().__init__((host, port), reader)

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """A reader who went away: no traceback, which would stand in the log as text."""
        get_log().info("metrics.reader_left")


@contextmanager
def metrics_on(host: str, port: int | None, *, setting: str, write_page: Callable[[], bytes]) -> Iterator[int | None]:
    """Answer readers while the block runs; on which port, where 0 left that to the system. Without a port: nobody.

    Raises:
        ConfigurationError: the port is taken; names `setting`.
    """
    if port is None:
        yield None
        return
    try:
        server = _Server(host, port, type("Reader", (_Reader,), {"write_page": staticmethod(write_page)}))
    except OSError as error:
        raise ConfigurationError(
            f"Nobody can listen on the host and port of {setting} and VERIFIER_METRICS_HOST. Another process does, or "
            "the address is not this machine's: choose others."
        ) from error
    bound = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    get_log().info("metrics.listening", port=bound)
    try:
        yield bound
    finally:
        server.shutdown()
        server.server_close()
