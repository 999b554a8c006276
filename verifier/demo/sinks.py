"""A mail server and an SMS gateway for the demo and the tests: they take everything, deliver nothing, and show it.

Both speak their real protocol on a port of this machine. Guarantees: what was answered as accepted is in the list
first. Leaves to others: what is said to the sender; `answer` may refuse, wait or hang up, as tests want it.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qsl

from verifier.errors import ConfigurationError

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope

_HERE: Final = "127.0.0.1"
_MOST_SMS_BYTES: Final = 64_000


@dataclass(frozen=True)
class Mail:
    """One accepted mail: its envelope and its bytes."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.data, policy=default_policy)
        assert isinstance(parsed, EmailMessage)
        return parsed


AnswerMail = Callable[["SMTP", Mail], Awaitable[str]]
"""The reply to the end of DATA; what does not begin with 2 is not kept."""


AnswerRecipient = Callable[[str], str]
"""The reply to one RCPT."""


async def _accept(_server: "SMTP", _mail: Mail) -> str:
    return "250 Kept"


def _know(_address: str) -> str:
    return "250 OK"


class MailSink:
    """An SMTP server; `with` starts and ends it. `mails` is what it accepted, oldest first."""

    def __init__(
        self,
        *,
        answer: AnswerMail = _accept,
        answer_recipient: AnswerRecipient = _know,
        tls: ssl.SSLContext | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """`tls` is spoken from the first byte. `options` are those of `aiosmtpd.smtp.SMTP`, such as `tls_context`."""
        self.mails: Final[list[Mail]] = []
        self.answer = answer
        self.answer_recipient = answer_recipient
        self.port = 0
        self._tls: Final = tls
        self._options: Final = dict(options or {})
        self._loop: Final = asyncio.new_event_loop()
        self._thread: Final = threading.Thread(target=self._loop.run_forever, name="mail-sink", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        try:
            from aiosmtpd.smtp import SMTP
        except ImportError as error:
            raise ConfigurationError("The mail sink needs aiosmtpd. Install it: uv sync does.") from error
        handler = _MailHandler(self)
        return await self._loop.create_server(
            lambda: SMTP(handler, loop=self._loop, hostname="localhost", **self._options), _HERE, 0, ssl=self._tls
        )

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _MailHandler:
    """aiosmtpd finds its hooks by their names."""

    def __init__(self, sink: MailSink) -> None:
        self._sink: Final = sink

    async def handle_RCPT(  # noqa: N802 -- theirs
        self, _server: "SMTP", _session: object, envelope: "Envelope", address: str, _options: object
    ) -> str:
        reply = self._sink.answer_recipient(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: "SMTP", _session: object, envelope: "Envelope") -> str:  # noqa: N802 -- theirs
        mail = Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.original_content or b"")
        reply = await self._sink.answer(server, mail)
        if reply.startswith("2"):
            self._sink.mails.append(mail)
        return reply


@dataclass(frozen=True)
class Sms:
    """One accepted message, and what came with it."""

    to: str
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


AnswerSms = Callable[[Sms], int]
"""The status that is answered; what is not 2xx is not kept. Raises `ConnectionError` to hang up instead."""


def _take(_sms: Sms) -> int:
    return HTTPStatus.CREATED


class SmsSink:
    """An SMS gateway that takes both of our forms; `with` starts and ends it. `messages` is what it accepted."""

    def __init__(self, *, answer: AnswerSms = _take) -> None:
        self.messages: Final[list[Sms]] = []
        self.answer = answer
        self._server: Final = _SmsServer(self)
        self._thread: Final = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{_HERE}:{self._server.server_port}/messages"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


class _SmsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sink: SmsSink) -> None:
        self.sink: Final = sink
        super().__init__((_HERE, 0), _SmsHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is its own affair; the standard library would print it."""


class _SmsHandler(BaseHTTPRequestHandler):
    server: _SmsServer

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), _MOST_SMS_BYTES))
        sms = _parse_sms(self.headers.get("Content-Type", ""), body, dict(self.headers.items()))
        try:
            status = HTTPStatus.BAD_REQUEST if sms is None else self.server.sink.answer(sms)
        except ConnectionError:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if sms is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self.server.sink.messages.append(sms)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's name
        """What is sent is shown by whoever runs the sink, and nowhere else."""


def _parse_sms(content_type: str, body: bytes, headers: Mapping[str, str]) -> Sms | None:
    try:
        if content_type == "application/json":
            fields = json.loads(body)
            return Sms(fields["to"], fields["text"], headers)
        fields = dict(parse_qsl(body.decode("ascii"), strict_parsing=True))
        return Sms(fields["To"], fields["Body"], headers)
    except (ValueError, KeyError, TypeError):
        return None
