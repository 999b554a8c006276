"""A real HTTP proxy in front of an S3 store, which does to chosen requests what networks and stores do to ours.

It changes nothing that it is not told to. Only in front of moto, which checks no signature, may headers be dropped.
"""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from tests.servers.store import Store

_HOP_BY_HOP: Final = frozenset({"connection", "transfer-encoding", "expect", "content-length", "keep-alive"})


@dataclass(frozen=True)
class Request:
    """What a fault is chosen by."""

    method: str
    path: str
    query: str


Answer = tuple[int, dict[str, str], bytes]
Act = Callable[["_Handler", Request], None]
Choice = Callable[[Request], bool]


@dataclass
class Faulty:
    """The store behind the proxy, and what happens to which requests: the first rule that fits, so many times."""

    store: Store
    rules: list[tuple[Choice, Act, int]] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, choice: Choice, act: Act, *, times: int = 1_000_000) -> None:
        self.rules.append((choice, act, times))

    def choose(self, request: Request) -> Act:
        with self._lock:
            self.seen.append(request)
            for number, (choice, act, times) in enumerate(self.rules):
                if times and choice(request):
                    self.rules[number] = (choice, act, times - 1)
                    return act
        return _Handler.pass_on


def is_put(request: Request) -> bool:
    """A PUT of an object; not of a bucket, nor of its settings."""
    return request.method == "PUT" and request.path.strip("/").count("/") > 0


def is_delete(request: Request) -> bool:
    """A DELETE of an object or version; not of an upload."""
    return request.method == "DELETE" and "uploadId" not in request.query


def is_abort(request: Request) -> bool:
    return request.method == "DELETE" and "uploadId" in request.query


def asks(word: str) -> Choice:
    """A question whose query begins with this word, such as `versioning`."""
    return lambda request: request.method == "GET" and request.query.split("&")[0].rstrip("=") == word


def refuse(status: int, code: str) -> Act:
    """Answer with an error, and pass nothing on."""

    def act(handler: "_Handler", _request: Request) -> None:
        handler.read_body()
        text = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        handler.answer((status, {"Content-Type": "application/xml"}, text))

    return act


def say(status: int, body: bytes = b"") -> Act:
    """Answer this, and pass nothing on."""

    def act(handler: "_Handler", _request: Request) -> None:
        handler.read_body()
        handler.answer((status, {"Content-Type": "application/xml"}, body))

    return act


def without_header(name: str) -> Act:
    """Pass on without one header."""

    def act(handler: "_Handler", _request: Request) -> None:
        del handler.headers[name]
        handler.answer(handler.ask(handler.read_body()))

    return act


def after(happens: Callable[[], None]) -> Act:
    """Pass on; then something happens; then answer."""

    def act(handler: "_Handler", _request: Request) -> None:
        answer = handler.ask(handler.read_body())
        happens()
        handler.answer(answer)

    return act


def lose_answer(handler: "_Handler", _request: Request) -> None:
    """Pass on, and reset the connection instead of answering: it was done, and nobody knows."""
    handler.ask(handler.read_body())
    handler.reset()


def cut_answer(handler: "_Handler", _request: Request) -> None:
    """Answer with all the headers, and half of the body."""
    status, headers, body = handler.ask(handler.read_body())
    handler.answer((status, headers | {"Content-Length": str(len(body))}, body[: len(body) // 2]))
    handler.reset()


def reset_midway(handler: "_Handler", _request: Request) -> None:
    """Reset the connection once a part of the body has come."""
    handler.rfile.read(min(1000, int(handler.headers.get("Content-Length", 0))))
    handler.reset()


def never_answer(ended: threading.Event) -> Act:
    """Pass on, and hold the answer back for as long as the test runs."""

    def act(handler: "_Handler", _request: Request) -> None:
        handler.ask(handler.read_body())
        ended.wait(60)
        handler.reset()

    return act


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def _handle(self) -> None:
        url = urlsplit(self.path)
        request = Request(self.command, url.path, url.query)
        self.faulty.choose(request)(self, request)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815 -- the names that http.server calls

    def pass_on(self, _request: Request) -> None:
        self.answer(self.ask(self.read_body()))

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def ask(self, body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.faulty.store.url).netloc, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        connection.request(self.command, self.path, body=body, headers=headers)
        found = connection.getresponse()
        kept = {name: value for name, value in found.getheaders() if name.lower() not in _HOP_BY_HOP}
        if self.command == "HEAD":
            kept["Content-Length"] = found.getheader("Content-Length", "0")
        answer = (found.status, kept, found.read())
        connection.close()
        return answer

    def answer(self, answer: Answer) -> None:
        status, headers, body = answer
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers and status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name that http.server has
        """Say nothing."""

    def finish(self) -> None:
        with suppress(OSError, ValueError):  # reset on purpose
            super().finish()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what such a test is about."""


@contextmanager
def run_faulty(store: Store) -> Iterator[tuple[Faulty, Store]]:
    """The proxy's rules, and the store as it is reached through it."""
    faulty = Faulty(store)
    handler = type("_BoundHandler", (_Handler,), {"faulty": faulty})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield faulty, replace(store, url=f"http://127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
            thread.join()
