"""Messages that reach us by mail: the worker empties the desk's mailbox through the one door.

Guarantees: a forwarded message becomes a submission like any other, sealed before it touches a row, and the mail is
removed only after that is committed. Leaves to others: reading the mailbox (`message.mailbox`), and judging.
"""

from typing import Final

from verifier import faults
from verifier.contacts.errors import (
    CheckEndedError,
    MailboxUnavailableError,
    StillJudgingError,
    SubmissionTooLargeError,
    TooManyChecksError,
    TooManyCodesSentError,
    UnknownContactError,
)
from verifier.contacts.message.forwarded import Forwarded
from verifier.contacts.message.mailbox import Handling, MailboxAccess, MailboxTls, take_forwarded
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.submissions import MAILBOX, Door
from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.errors import ConfigurationError
from verifier.passwords import read_password
from verifier.settings import Settings
from verifier.telemetry import get_log
from verifier.trust import load_trust
from verifier.vault.service import Vault
from verifier.verifications.errors import AlreadyDecidedError, TooLateError, UnknownVerificationError, WrongStateError
from verifier.verifications.moves import lock_verification

_NOBODY_WAITS: Final = (
    UnknownVerificationError,
    AlreadyDecidedError,
    WrongStateError,
    TooLateError,
    UnknownContactError,
    CheckEndedError,
    TooManyChecksError,
    TooManyCodesSentError,
    SubmissionTooLargeError,
)
_PORTS: Final = {MailboxTls.IMPLICIT: 993, MailboxTls.STARTTLS: 143}  # RFC 8314, RFC 9051


class Collector:
    """Takes forwarded messages out of the mailbox; without one it finds nothing to do."""

    def __init__(
        self, database: Database, *, clock: Clock, vault: Vault, access: MailboxAccess | None, rules: MessageRules
    ) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._vault: Final = vault
        self._access: Final = access
        self._rules: Final = rules

    def collect(self) -> int:
        """How many messages were taken over."""
        if self._access is None:
            return 0
        try:
            taken = take_forwarded(self._access, accept=self._accept, rules=self._rules)
        except MailboxUnavailableError as error:
            # It is tried again after the period; the desk's other ways to hand a message in stay open.
            get_log().warning("mailbox.unavailable", code=error.code)
            return 0
        if taken.set_aside:
            get_log().warning("mailbox.set_aside", count=taken.set_aside)  # flagged there: a person looks at them
        return taken.accepted

    def _accept(self, forwarded: Forwarded) -> Handling:
        try:
            with self._database.write() as session:
                row = lock_verification(session, forwarded.verification)
                now = self._clock.now(session)
                Door(session, now, self._vault, row, source=MAILBOX).hand_in_message(forwarded.raw)
        except StillJudgingError:
            return Handling.LATER
        except _NOBODY_WAITS:
            return Handling.REFUSED
        faults.hit("collect.committed")
        return Handling.TAKEN


def choose_mailbox(settings: Settings) -> MailboxAccess | None:
    """The mailbox that the settings name. Raises `ConfigurationError`."""
    if not settings.mailbox_host:
        if settings.mailbox_user or settings.mailbox_password_file:
            raise ConfigurationError("VERIFIER_MAILBOX_HOST is missing, but other settings of it are there. Set it.")
        return None
    if not settings.mailbox_user or settings.mailbox_password_file is None:
        raise ConfigurationError(
            "VERIFIER_MAILBOX_HOST needs VERIFIER_MAILBOX_USER and VERIFIER_MAILBOX_PASSWORD_FILE beside it. Set both."
        )
    tls = MailboxTls(settings.mailbox_tls)
    return MailboxAccess(
        host=settings.mailbox_host,
        port=settings.mailbox_port or _PORTS[tls],
        tls=tls,
        user=settings.mailbox_user,
        password=read_password(settings.mailbox_password_file, "VERIFIER_MAILBOX_PASSWORD_FILE"),
        folder=settings.mailbox_folder,
        trust=load_trust(settings.mailbox_ca_file, named="VERIFIER_MAILBOX_CA_FILE"),
    )
