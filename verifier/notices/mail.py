"""Mail: one letter becomes one RFC 5322 message, and a server accepts it by SMTP or does not.

Guarantees: plain text, no tracking, no link back to the list it is not on; without TLS only to this machine; the
server's certificate is verified; one recipient. At least once: a server that took the message and died before it said
so gets it again, with the same Message-ID, and so does one whose answer was lost with our process.
Leaves to others: what is said (`texts`), DKIM (the desk's server signs, as it does for all of its mail).
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Final

from verifier.ids import NoticeId
from verifier.notices.folding import FoldingPolicy
from verifier.notices.kinds import Failure
from verifier.notices.letter import Letter
from verifier.notices.sending import Deadline, GivenUpError, NotAcceptedError, Patience


class TlsMode(StrEnum):
    """How a connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. `helo` is our own name, `ca_file` the roots to trust instead of the system's."""

    host: str
    port: int
    tls: TlsMode
    helo: str
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None


class MailSender:
    """Hands letters to one SMTP server."""

    def __init__(
        self, server: MailServer, *, address: str, display_name: str, patience: Patience | None = None
    ) -> None:
        """`address` and `display_name` stand in From. Raises `ValueError` where they cannot."""
        self._server: Final = server
        self._from: Final = Address(display_name=display_name, addr_spec=address)
        self._patience: Final = patience or Patience()
        self._context: Final = None if server.tls is TlsMode.NONE else ssl.create_default_context(cafile=server.ca_file)

    def send(self, notice: NoticeId, letter: Letter, *, at: datetime) -> None:
        """Raises as `Sender.send`."""
        try:
            message = self.write(letter, at=at)
        except (ValueError, IndexError, MessageError):
            raise GivenUpError(Failure.REFUSED) from None
        # Errors of smtplib name the recipient: none of them may hang on ours.
        with self._connected() as smtp:
            try:
                smtp.send_message(message, from_addr=self._from.addr_spec, to_addrs=[letter.to])
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
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = at
        message["Message-ID"] = f"<{letter.token}@{self._from.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: no out-of-office note answers it
        message.set_content(letter.body)
        return message

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A server that greeted us, speaks TLS and knows us. Whatever goes wrong before its end was not accepted."""
        server = self._server
        smtp = self._new_client()
        with Deadline(self._patience) as deadline:
            try:
                smtp.connect(server.host, server.port)
                assert smtp.sock is not None
                deadline.watch(smtp.sock)
                if server.tls is TlsMode.STARTTLS:
                    smtp.starttls(context=self._context)  # raises where the server does not offer it
                if server.user:
                    smtp.login(server.user, server.password)
                yield smtp
            except smtplib.SMTPAuthenticationError:
                raise NotAcceptedError("smtp_sign_in_refused") from None
            except smtplib.SMTPNotSupportedError:
                raise NotAcceptedError("smtp_without_tls") from None
            except smtplib.SMTPResponseException:
                raise NotAcceptedError("smtp_said_no") from None
            except ssl.SSLCertVerificationError:
                raise NotAcceptedError("smtp_certificate_not_valid") from None
            except (smtplib.SMTPException, OSError):
                raise NotAcceptedError("smtp_unreachable") from None
            finally:
                smtp.close()  # without QUIT: it was accepted or not, and whoever hangs here would change nothing

    def _new_client(self) -> smtplib.SMTP:
        helo, step = self._server.helo, self._patience.step
        if self._server.tls is TlsMode.TLS:
            return smtplib.SMTP_SSL(local_hostname=helo, timeout=step, context=self._context)
        return smtplib.SMTP(local_hostname=helo, timeout=step)

    def __repr__(self) -> str:
        return f"<MailSender, {self._server.tls}>"


def _outcome_of(codes: Iterator[int]) -> NotAcceptedError | GivenUpError:
    """5yz is for good (RFC 5321, section 4.2.1); all else, 4yz above all, is "not now"."""
    return GivenUpError(Failure.REFUSED) if any(code >= 500 for code in codes) else NotAcceptedError("smtp_not_now")
