"""Mail: one letter becomes one RFC 5322 message, and a server accepts it by SMTP or does not.

Guarantees: plain text, no tracking, no link back to the list it is not on; without TLS only to this machine; the
server's certificate is verified; one recipient. At least once: a server that took the message and died before it said
so gets it again, with the same Message-ID, and so does one whose answer was lost with our process.
Leaves to others: what is said (`texts`), DKIM (the desk's server signs, as it does for all of its mail).
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from typing import Final

from verifier.ids import NoticeId
from verifier.notices.folding import FoldingPolicy
from verifier.notices.kinds import Failure, Obstacle
from verifier.notices.letter import Letter
from verifier.notices.sending import Deadline, GivenUpError, NotAcceptedError, Patience


class TlsMode(StrEnum):
    """How a connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. `helo` is our own name, `trust` whom to believe instead of the system's authorities."""

    host: str
    port: int
    tls: TlsMode
    helo: str
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext | None = None


class _Client(smtplib.SMTP):
    """A conversation that is watched from its first byte, the greeting and the TLS before it included."""

    def __init__(self, server: MailServer, context: ssl.SSLContext | None, deadline: Deadline, *, step: float) -> None:
        self._deadline: Final = deadline
        self._tls_first: Final = context if server.tls is TlsMode.TLS else None
        super().__init__(server.host, server.port, local_hostname=server.helo, timeout=step)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # Where smtplib lets its own SMTP_SSL choose the socket.
        line = socket.create_connection((host, port), timeout)
        self._deadline.watch(line)
        return line if self._tls_first is None else self._tls_first.wrap_socket(line, server_hostname=host)


class MailSender:
    """Hands letters to one SMTP server."""

    def __init__(
        self, server: MailServer, *, address: str, display_name: str, patience: Patience | None = None
    ) -> None:
        """`address` and `display_name` stand in From. Raises `ValueError` where they cannot."""
        self.server: Final = server
        self._from: Final = Address(display_name=display_name, addr_spec=address)
        self._patience: Final = patience or Patience()
        self._context: Final = None if server.tls is TlsMode.NONE else server.trust or ssl.create_default_context()

    def send(self, notice: NoticeId, letter: Letter, *, at: datetime) -> None:
        """Raises as `Sender.send`."""
        try:
            message = self.write(letter, at=at).as_bytes()
        except (ValueError, IndexError, MessageError):
            raise GivenUpError(Failure.REFUSED) from None
        options = () if letter.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        # Errors of smtplib name the recipient: none of them may hang on ours.
        with self._connected() as smtp:
            try:
                smtp.sendmail(self._from.addr_spec, [letter.to], message, mail_options=options)
            except smtplib.SMTPRecipientsRefused as error:
                raise _outcome_of(code for code, _ in error.recipients.values()) from None
            except smtplib.SMTPDataError as error:
                raise _outcome_of(iter([error.smtp_code])) from None
            except smtplib.SMTPNotSupportedError:  # the address needs SMTPUTF8, and the server does not know it
                raise GivenUpError(Failure.REFUSED) from None

    def verify_reachable(self) -> None:
        """Connect, begin TLS, sign in, and leave. Raises `NotAcceptedError`."""
        with self._connected() as smtp:
            smtp.noop()

    def write(self, letter: Letter, *, at: datetime) -> EmailMessage:
        """The message. Raises `ValueError` or `MessageError` for an address that no header can hold."""
        # In seven bits, because not every server takes eight; SMTPUTF8 (RFC 6531) where the address itself needs it.
        message = EmailMessage(FoldingPolicy(linesep="\r\n", cte_type="7bit", utf8=not letter.to.isascii()))
        message["From"] = self._from
        message["To"] = _address_of(letter.to)
        message["Subject"] = letter.subject
        message["Date"] = at
        message["Message-ID"] = f"<{letter.token}@{self._from.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: no out-of-office note answers it
        message.set_content(letter.body)  # which takes out every Content- header that stands before it
        if letter.language:
            message["Content-Language"] = letter.language  # RFC 3282: screen readers and translators need not guess
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A server that greeted us, speaks TLS and knows us. Whatever goes wrong before its end was not accepted."""
        server, smtp = self.server, None
        with Deadline(self._patience) as deadline:
            try:
                smtp = _Client(server, self._context, deadline, step=self._patience.step)
                if server.tls is TlsMode.STARTTLS:
                    smtp.starttls(context=self._context)  # raises where the server does not offer it
                if server.user:
                    smtp.login(server.user, server.password)
                yield smtp
            except smtplib.SMTPAuthenticationError:
                raise NotAcceptedError(Obstacle.SIGN_IN_REFUSED) from None
            except smtplib.SMTPNotSupportedError:
                raise NotAcceptedError(Obstacle.WITHOUT_TLS) from None
            except smtplib.SMTPResponseException:
                raise NotAcceptedError(Obstacle.SAID_NO) from None
            except ssl.SSLCertVerificationError:
                raise NotAcceptedError(Obstacle.CERTIFICATE_NOT_VALID) from None
            except (smtplib.SMTPException, OSError):
                raise NotAcceptedError(Obstacle.UNREACHABLE) from None
            finally:
                if smtp is not None:
                    smtp.close()  # without QUIT: it was accepted or not, and nobody is left to hang

    def __repr__(self) -> str:
        return f"<MailSender, {self.server.tls}>"


def _address_of(to: str) -> Address:
    """Parsed strictly; only a local part beyond ASCII, which that refuses, is taken as it is."""
    if to.isascii():
        return Address(addr_spec=to)
    local, _, domain = to.rpartition("@")
    return Address(username=local, domain=domain)


def _outcome_of(codes: Iterator[int]) -> NotAcceptedError | GivenUpError:
    """5yz is for good (RFC 5321, section 4.2.1); all else, 4yz above all, is "not now"."""
    return GivenUpError(Failure.REFUSED) if any(code >= 500 for code in codes) else NotAcceptedError(Obstacle.NOT_NOW)
