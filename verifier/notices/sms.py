"""SMS through an HTTP gateway: one protocol, two adapters. The contract is docs/reference/sms-gateway.md.

Guarantees: without TLS only to this machine; redirects are not followed; given again only after it was surely not
taken. A gateway that was given a message and does not answer may have sent it: `Failure.UNANSWERED`. The notice's id
goes along as Idempotency-Key, so that a gateway can tell a message that it has already, should our process die
between its answer and our commit.
"""

import base64
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from verifier.ids import NoticeId
from verifier.notices.kinds import Failure, Obstacle
from verifier.notices.letter import Letter
from verifier.notices.sending import Deadline, GivenUpError, NotAcceptedError, Patience

_TAKEN_BEFORE: Final = 409
# Not taken, and it may change: our credentials are an operator's to mend, the rest passes by itself.
_SIGN_IN_REFUSED: Final = frozenset({401, 403})
_NOT_NOW: Final = frozenset({408, 425, 429, 503})


class SmsGateway(Protocol):
    """Writes the request for one message; `Idempotency-Key` and the sending are `SmsSender`'s."""

    def write(self, letter: Letter) -> tuple[Mapping[str, str], bytes]:
        """The headers and the body."""


@dataclass(frozen=True)
class JsonGateway:
    """The generic contract: a JSON object, a bearer token."""

    sender: str
    token: str = field(default="", repr=False)

    def write(self, letter: Letter) -> tuple[Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        return headers, json.dumps({"to": letter.to, "from": self.sender, "text": letter.body}).encode()


@dataclass(frozen=True)
class FormGateway:
    """Form-encoded `To`, `From` and `Body` with basic authentication, as Twilio and those who copied it take it."""

    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    def write(self, letter: Letter) -> tuple[Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.user:
            pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return headers, urlencode({"To": letter.to, "From": self.sender, "Body": letter.body}).encode()


class SmsSender:
    """Gives letters to one gateway."""

    def __init__(self, url: str, gateway: SmsGateway, *, patience: Patience | None = None) -> None:
        self._url: Final = urlsplit(url)
        self._gateway: Final = gateway
        self._patience: Final = patience or Patience()
        self._context: Final = ssl.create_default_context() if self._url.scheme == "https" else None

    def send(self, notice: NoticeId, letter: Letter, *, at: datetime) -> None:
        """Raises as `Sender.send`."""
        headers, body = self._gateway.write(letter)
        status = self._post({**headers, "Idempotency-Key": notice, "User-Agent": "verifier"}, body)
        if 200 <= status < 300 or status == _TAKEN_BEFORE:
            return
        if status in _SIGN_IN_REFUSED:
            raise NotAcceptedError(Obstacle.SIGN_IN_REFUSED)
        if status in _NOT_NOW or 300 <= status < 400:
            raise NotAcceptedError(Obstacle.NOT_NOW)
        raise GivenUpError(Failure.REFUSED if 400 <= status < 500 else Failure.UNANSWERED)

    def verify_reachable(self) -> None:
        """Connect, with TLS, and leave. Raises `NotAcceptedError`."""
        with Deadline(self._patience) as deadline:
            self._connect(deadline).close()

    def _post(self, headers: Mapping[str, str], body: bytes) -> int:
        with Deadline(self._patience) as deadline:
            connection = self._connect(deadline)
            try:
                path = self._url.path or "/"
                connection.request("POST", path, body=body, headers=dict(headers))
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                raise GivenUpError(Failure.UNANSWERED) from None
            finally:
                connection.close()

    def _connect(self, deadline: Deadline) -> http.client.HTTPConnection:
        """A connection over which nothing was said yet."""
        host, port, step = self._url.hostname or "", self._url.port, self._patience.step
        connection = (
            http.client.HTTPConnection(host, port, timeout=step)
            if self._context is None
            else http.client.HTTPSConnection(host, port, timeout=step, context=self._context)
        )
        try:
            connection.connect()
            deadline.watch(connection.sock)
        except ssl.SSLCertVerificationError:
            raise NotAcceptedError(Obstacle.CERTIFICATE_NOT_VALID) from None
        except OSError:
            connection.close()
            raise NotAcceptedError(Obstacle.UNREACHABLE) from None
        return connection

    def __repr__(self) -> str:
        return f"<SmsSender, {type(self._gateway).__name__}>"
