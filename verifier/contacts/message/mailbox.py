"""The mailbox to which a desk forwards messages as attachments, read by the worker over IMAP with TLS.

It guarantees that a mail is removed only after what it held was taken over, that nothing is fetched which is too large,
and that a mail nobody can use is flagged and left for a person instead of being read again and again. A crash between
taking over and removing hands the same message in twice: the judge's replay digest is there for that.
"""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, StrEnum, auto
from typing import Final, assert_never

from verifier.contacts.errors import MailboxUnavailableError, MessageRefusedError
from verifier.contacts.message.forwarded import Forwarded, read_forwarded
from verifier.contacts.message.rules import MessageRules

_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_MOST_AT_ONCE: Final = 50


class MailboxTls(StrEnum):
    """How the connection is secured. There is no way without."""

    IMPLICIT = "tls"
    STARTTLS = "starttls"


class Handling(Enum):
    """What becomes of a mail whose message was handed over."""

    TAKEN = auto()
    """It was taken over, and committed: the mail goes."""
    LATER = auto()
    """Not now: the mail stays for the next round."""
    REFUSED = auto()
    """Nobody waits for it: the mail is flagged, for a person."""


@dataclass(frozen=True)
class MailboxAccess:
    """Where the mailbox is, and who may read it. `trust` is the system's authorities where it is None."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    tls: MailboxTls = MailboxTls.IMPLICIT
    folder: str = "INBOX"
    timeout: timedelta = timedelta(seconds=20)
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Taken:
    """How many messages were taken over, and how many mails were left for a person."""

    accepted: int
    set_aside: int


def take_forwarded(
    access: MailboxAccess, *, accept: Callable[[Forwarded], Handling], rules: MessageRules, limit: int = _MOST_AT_ONCE
) -> Taken:
    """Hand every waiting message to `accept`, which commits before it says that it took one over.

    What it raises ends the round and leaves the mail where it is.

    Raises:
        MailboxUnavailableError
    """
    accepted = set_aside = 0
    with _open(access) as box:
        for uid in _find_waiting(box)[:limit]:
            forwarded = _read(box, uid, rules=rules)
            handling = Handling.REFUSED if forwarded is None else accept(forwarded)
            with _faults_named():
                _settle(box, uid, handling)
            accepted += handling is Handling.TAKEN
            set_aside += handling is Handling.REFUSED
    return Taken(accepted, set_aside)


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxUnavailableError from error


@contextmanager
def _open(access: MailboxAccess) -> Iterator[imaplib.IMAP4]:
    with _faults_named():
        box = _connect(access)
    try:
        with _faults_named():
            _ok(box.login(access.user, access.password))
            _ok(box.select(_quote(access.folder)))
        yield box
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            box.logout()


def _connect(access: MailboxAccess) -> imaplib.IMAP4:
    trust = access.trust or ssl.create_default_context()
    seconds = access.timeout.total_seconds()
    match access.tls:
        case MailboxTls.IMPLICIT:
            return imaplib.IMAP4_SSL(access.host, access.port, ssl_context=trust, timeout=seconds)
        case MailboxTls.STARTTLS:
            box = imaplib.IMAP4(access.host, access.port, timeout=seconds)
            try:
                box.starttls(trust)
            except BaseException:
                box.shutdown()
                raise
            return box
        case unknown:
            assert_never(unknown)


def _find_waiting(box: imaplib.IMAP4) -> list[str]:
    with _faults_named():
        found = _ok(box.uid("SEARCH", "UNFLAGGED", "UNDELETED"))
    return [uid.decode("ascii") for uids in found if isinstance(uids, bytes) for uid in uids.split()]


def _read(box: imaplib.IMAP4, uid: str, *, rules: MessageRules) -> Forwarded | None:
    """What the mail holds, or None where it is too large or holds nothing of use."""
    with _faults_named():
        told = b" ".join(item for item in _ok(box.uid("FETCH", uid, "(RFC822.SIZE)")) if isinstance(item, bytes))
        size = _SIZE.search(told)
        if size is None or int(size[1]) > 2 * rules.max_bytes:
            return None
        # PEEK: a mail counts as read when a person has read it.
        parts = [item[1] for item in _ok(box.uid("FETCH", uid, "(BODY.PEEK[])")) if isinstance(item, tuple)]
    if len(parts) != 1:
        return None
    try:
        return read_forwarded(parts[0], rules=rules)
    except MessageRefusedError:
        return None


def _settle(box: imaplib.IMAP4, uid: str, handling: Handling) -> None:
    match handling:
        case Handling.TAKEN:
            _remove(box, uid)
        case Handling.REFUSED:
            _ok(box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Flagged)"))
        case Handling.LATER:
            return
        case unknown:
            assert_never(unknown)


def _remove(box: imaplib.IMAP4, uid: str) -> None:
    _ok(box.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
    # What the server can do is told anew after the login; without UIDPLUS, all that is marked goes, as it should.
    if any(isinstance(told, bytes) and b"UIDPLUS" in told.upper().split() for told in _ok(box.capability())):
        _ok(box.uid("EXPUNGE", uid))
    else:
        _ok(box.expunge())


def _ok(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error("the server refused a command")
    return data


def _quote(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
