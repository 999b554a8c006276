"""Fetching a small file over https from a host that somebody else named.

Guarantees: https with a certificate that holds for the host; a connection only to a place that the route handed out, so
the name is resolved once; no redirect followed, no cookie, no proxy, nothing sent but the path; everything together
within `FETCH_FOR`, however slowly the server drips; no more than the allowed bytes kept, and little more read. Whatever
the server does, `fetch` answers or raises `FetchFailedError`. Leaves to others: which hosts may be asked, what the
answer means.
"""

import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from verifier.contacts.errors import FetchFailedError
from verifier.contacts.routes import Place, Route
from verifier.trust import load_trust

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FETCH_FOR: Final = timedelta(seconds=8)
_MOST_HEADER_BYTES: Final = 65_536
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL: Final = re.compile(
    rf"https://((?:{_LABEL}\.)*{_LABEL})(?::([1-9][0-9]{{0,4}}))?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)"
)


@dataclass(frozen=True)
class Answer:
    """What a server answered: its status, and a body no longer than was allowed."""

    status: int
    body: bytes


class Fetcher(Protocol):
    """The one way to a file elsewhere."""

    def fetch(self, url: str, *, most_bytes: int) -> Answer:
        """What stands at an https address. Raises `FetchFailedError`; follows no redirect."""
        ...


class HttpsFetcher:
    """Fetches along one route. `trusted` is a file of certificates to trust instead of the system's."""

    def __init__(self, route: Route, *, trusted: Path | None = None, fetch_for: timedelta = FETCH_FOR) -> None:
        """Raise `ConfigurationError` where `trusted` is no such file."""
        self._route: Final = route
        self._fetch_for: Final = fetch_for.total_seconds()
        self._trusted: Final = trusted
        if trusted is not None:
            self._context  # noqa: B018 -- read now: a file that is none is refused at start

    @cached_property
    def _context(self) -> ssl.SSLContext:
        # Reading the system's authorities takes 20 ms, which whoever never fetches need not wait.
        context = load_trust(self._trusted, named=str(self._trusted))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _BoundedSocket
        return context

    def fetch(self, url: str, *, most_bytes: int) -> Answer:
        ends_at = time.monotonic() + self._fetch_for
        host, port, path = parse_https_url(url)
        places = self._route.find_places(host, port)
        try:
            with self._connect(places, host, ends_at=ends_at) as connected:
                connected.bound(ends_at=ends_at, most_bytes=_MOST_HEADER_BYTES + 2 * most_bytes)
                connection = HTTPSConnection(host, port, context=self._context)
                connection.sock = connected  # it is there already: the host's name is not looked up a second time
                return _ask(connection, path, most_bytes=most_bytes)
        except ssl.SSLCertVerificationError:
            raise FetchFailedError({"reason": "not_trusted"}) from None
        except (OSError, HTTPException, ValueError):
            # What exactly went wrong inside would tell a stranger about the network that we stand in.
            raise FetchFailedError({"reason": "no_answer"}) from None

    def _connect(self, places: Sequence[Place], host: str, *, ends_at: float) -> "_BoundedSocket":
        failed: OSError = TimeoutError()
        for tried, (address, port) in enumerate(places):
            share = _remaining(ends_at) / (len(places) - tried)  # one that never answers leaves time for the others
            try:
                plain = socket.create_connection((str(address), port), timeout=share)
            except OSError as error:
                failed = error
                continue
            with plain:  # closes it where the handshake fails; else it lives on inside the wrapped one
                plain.settimeout(_remaining(ends_at))  # which the handshake as a whole keeps to
                wrapped = self._context.wrap_socket(plain, server_hostname=host)
                assert isinstance(wrapped, _BoundedSocket)
                return wrapped
        raise failed


class _BoundedSocket(ssl.SSLSocket):
    """A connection that ends at a moment, not after a pause, and after so many bytes."""

    _ends_at = 0.0
    _left = 0

    def bound(self, *, ends_at: float, most_bytes: int) -> None:
        self._ends_at, self._left = ends_at, most_bytes

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_remaining(self._ends_at))
        read = super().recv_into(buffer, nbytes, flags)
        self._left -= read
        if self._left < 0:
            raise OSError
        return read


def parse_https_url(url: str) -> tuple[str, int, str]:
    """Host, port and path. Raises `FetchFailedError` for anything but a plain https address of a named host."""
    found = _URL.fullmatch(url)
    if found is None or int(found[2] or 443) > 65_535 or len(found[1]) > 253:
        raise FetchFailedError({"reason": "not_https"})
    return found[1].lower(), int(found[2] or 443), found[3]


def _ask(connection: HTTPSConnection, path: str, *, most_bytes: int) -> Answer:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "verifier"}
    connection.request("GET", path, headers=headers)
    with connection.getresponse() as response:
        body = response.read(most_bytes + 1)
        if len(body) > most_bytes:
            raise FetchFailedError({"reason": "too_large"})
        if response.length:
            raise FetchFailedError({"reason": "no_answer"})  # it promised more than came
        return Answer(response.status, body)


def _remaining(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
