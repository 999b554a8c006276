"""`verifier doctor`: looks at everything that an operator answers for, and says what to change.

Guarantees: changes nothing that lasts, but for the one object that a customers' tier tries with
(`verifier.vault.s3_trial`); one line a check, in a fixed order; a check that cannot be made is a finding, never the end
of the others. Leaves to others: the service's own refusals, which wait for nobody to look.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier.audit.aside import list_set_aside
from verifier.audit.custody import load_or_create_signing_key
from verifier.audit.errors import LogBehindError
from verifier.audit.extension import GO_ON, has_ended
from verifier.audit.proofs import find_published_head
from verifier.audit.publish import open_publisher
from verifier.audit.service import verify_log_keeps_up
from verifier.audit.tables import LogHeadRow
from verifier.broker.wakeups import is_answering
from verifier.db.clock import DatabaseClock
from verifier.db.engine import Database
from verifier.db.installation import ClockBehindError, find_installation, verify_clock
from verifier.db.opening import open_database
from verifier.db.schema import find_version, is_undamaged
from verifier.errors import ConfigurationError, VerifierError
from verifier.ids import InstallationId
from verifier.notices.kinds import Channel, Obstacle
from verifier.notices.senders import choose_senders
from verifier.notices.sending import NotAcceptedError, Sender
from verifier.passwords import is_open_to_others
from verifier.retention.service import find_overdue_since
from verifier.safety import verify_apart
from verifier.sanitise.errors import DecoderUnavailableError
from verifier.sanitise.probe import probe_sandbox
from verifier.settings import Settings
from verifier.space import count_free_bytes, find_written_places
from verifier.stores import get_probes, open_documents, open_stores
from verifier.verifications.key_loss import find_lost
from verifier.wiring.trial import find_allowed_here

_MEGABYTE: Final = 1_000_000
_MOST_NAMED: Final = 5
_OBSTACLES: Final[Mapping[Obstacle, str]] = {
    Obstacle.UNREACHABLE: "the server does not answer. Check host and port, and that this machine may connect to it.",
    Obstacle.CERTIFICATE_NOT_VALID: "the server's certificate is not valid for its name. Renew it, or name its roots.",
    Obstacle.WITHOUT_TLS: "the server does not offer STARTTLS. Use its port for TLS, or another server.",
    Obstacle.SIGN_IN_REFUSED: "the server refuses our name or password. Set both anew.",
    Obstacle.SAID_NO: "the server answers, and takes nothing from us. See its log.",
    Obstacle.NOT_NOW: "the server takes nothing at the moment. Look again later, then see its log.",
}
_NOT_YET: Final = "nothing is there yet; verifier serve sets it up"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is as it should be, and what was seen or what to change."""

    check: str
    is_ok: bool
    sentence: str

    def to_line(self) -> str:
        return f"{'ok     ' if self.is_ok else 'CHANGE '} {self.check:<10} {self.sentence}"


class _WrongError(Exception):
    """What a check found wrong: a sentence with what to change."""


class _Store(Protocol):
    def read_installation(self) -> InstallationId | None: ...


def examine(settings: Settings) -> list[Finding]:
    """Make every check, in the order in which an operator would mend things."""
    return list(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    if settings.tier == "customer":
        return (yield from _findings_of_customers(settings))
    yield _check("apart", partial(_see_keys_apart, settings))
    for name, folder in _private_folders(settings).items():
        yield _check(name, partial(_see_private, folder))
    yield _check("disk", partial(_see_space, settings))
    yield from _findings_of_stores(settings)
    yield from _findings_of_database(settings)
    yield _check("sandbox", partial(_see_sandbox, settings))
    yield _check("broker", partial(_see_broker, settings))
    yield from _findings_of_sending(settings)


def _findings_of_customers(settings: Settings) -> Iterator[Finding]:
    """Of the customers' tier, which has little, and must not have more."""
    yield _check("disk", partial(_see_space, settings))
    try:
        database = open_database(settings)
    except ConfigurationError as error:
        yield Finding("database", is_ok=False, sentence=error.advice)
        return
    try:
        yield _check("database", partial(_see_database, database))
        yield _check("objects", lambda: _see_mark(open_documents(settings), _place_of_objects(settings), database))
        yield _check("tier", partial(_see_tier, settings, database))
        yield _check("clock", partial(_see, _see_clock, database))
        yield _check("log", partial(_see, _see_log, database))
    finally:
        database.close()


def _see_tier(settings: Settings, database: Database) -> str:
    with database.read() as session:
        installation = find_installation(session)
    if installation is None:
        return _NOT_YET
    allowed = list(find_allowed_here(settings, database, InstallationId(installation.id)))
    if allowed:
        raise _WrongError(
            f"this tier could do what it must not: {'; '.join(allowed)}. See docs/how-to/many-machines.md"
        )
    return "it tried to read, change and delete what it must not, and could not"


def _findings_of_database(settings: Settings) -> Iterator[Finding]:
    if not (settings.database_url or settings.database_file.exists()):
        yield Finding("database", is_ok=True, sentence=_NOT_YET)
        return
    try:
        database = open_database(settings)
    except ConfigurationError as error:
        yield Finding("database", is_ok=False, sentence=error.advice)
        return
    try:
        if _is_new(database):
            yield Finding("database", is_ok=True, sentence=_NOT_YET)
        else:
            yield from _findings_inside(settings, database)
    finally:
        database.close()


def _is_new(database: Database) -> bool:
    try:
        return find_version(database) is None
    except SQLAlchemyError:
        return False  # each check of it will say so


def _findings_of_stores(settings: Settings) -> Iterator[Finding]:
    """What is tried for real; nothing where all lies in folders."""
    try:
        probes = get_probes(settings)
    except ConfigurationError as error:
        yield Finding("stores", is_ok=False, sentence=error.advice)
        return
    for name, probe in probes.items():
        yield _check(name, partial(_see_probed, probe))


def _findings_inside(settings: Settings, database: Database) -> Iterator[Finding]:
    yield _check("database", partial(_see_database, database))
    yield _check("objects", lambda: _see_mark(open_stores(settings).objects, _place_of_objects(settings), database))
    yield _check("key store", partial(_see_key_store, settings, database))
    yield _check("clock", partial(_see, _see_clock, database))
    yield _check("disposal", partial(_see, _see_disposal, database))
    yield _check("log", partial(_see, _see_log, database))
    yield _check("published", partial(_see_published, settings, database))


def _findings_of_sending(settings: Settings) -> Iterator[Finding]:
    try:
        senders = choose_senders(settings)
    except ConfigurationError as error:
        yield Finding("sending", is_ok=False, sentence=error.advice)
        return
    yield _check("mail", partial(_see_sender, senders.get(Channel.EMAIL), "VERIFIER_SMTP_HOST"))
    yield _check("sms", partial(_see_sender, senders.get(Channel.SMS), "VERIFIER_SMS_URL"))
    yield _check("messages", partial(_see_recipients, settings))


def _check(name: str, see: Callable[[], str]) -> Finding:
    try:
        return Finding(name, is_ok=True, sentence=see())
    except _WrongError as wrong:
        return Finding(name, is_ok=False, sentence=str(wrong))
    except ConfigurationError as error:
        return Finding(name, is_ok=False, sentence=error.advice)
    except (VerifierError, SQLAlchemyError, OSError) as error:
        return Finding(
            name, is_ok=False, sentence=f"this could not be looked at ({_name_of(error)}). Let this user do it."
        )


def _name_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or 'no name'}"
    return str(error) if isinstance(error, VerifierError) else type(error).__name__


def _private_folders(settings: Settings) -> dict[str, Path]:
    """Those that are used: a bucket stands for the folder of keys, and with KMS for that of roots too."""
    folders = {"secrets": settings.secrets_folder}
    if not (settings.keys_bucket and settings.root_custody == "kms"):
        folders = {"roots": settings.roots_folder, **folders}
    if not settings.keys_bucket:
        folders = {"keys": settings.keys_folder, **folders}
    return folders


def _see_probed(probe: Callable[[], None]) -> str:
    probe()
    return "it was tried, and does what it must; what was written is gone again"


def _place_of_objects(settings: Settings) -> Path | str:
    return settings.documents_bucket or settings.objects_folder


def _place_of_keys(settings: Settings) -> Path | str:
    return settings.keys_bucket or settings.keys_folder


def _see_keys_apart(settings: Settings) -> str:
    verify_apart(settings)
    return "keys, root keys and secrets do not lie under the data"


def _see_private(folder: Path) -> str:
    if not folder.exists():
        return _NOT_YET
    for path in (folder, *folder.rglob("*")):
        about = path.lstat()
        if about.st_uid != os.geteuid():
            raise _WrongError(f"{path} belongs to another user. Run: chown -R {os.geteuid()} {folder}")
        if is_open_to_others(about.st_mode) and not stat.S_ISLNK(about.st_mode):
            raise _WrongError(f"{path} is open to other users. Run: chmod -R go= {folder}")
    return f"{folder} is readable by this user only"


def _see_space(settings: Settings) -> str:
    free = count_free_bytes(find_written_places(settings))
    if free < settings.reserve_bytes:
        raise _WrongError(
            f"{free // _MEGABYTE} MB are free where {settings.home} lies, so uploads are refused. Make room: "
            f"{settings.reserve_bytes // _MEGABYTE} MB at least (VERIFIER_RESERVE_BYTES)."
        )
    return f"{free // _MEGABYTE} MB are free"


def _see_sandbox(settings: Settings) -> str:
    try:
        report = probe_sandbox(settings.signing_key_file)
    except DecoderUnavailableError as error:
        raise _WrongError(
            "a child that should try to break out gave no answer. See the log of verifier serve."
        ) from error
    if not report.holds:
        tried = ", ".join(attempt.value.replace("_", " ") for attempt in report.succeeded)
        raise _WrongError(f"a child managed to {tried}. Allow Landlock and seccomp to this user (Linux 5.13 or later).")
    if report.missing:
        return f"it holds, without {', '.join(report.missing)}, which this machine does not give"
    return f"it holds: {', '.join(report.active)}"


def _see_broker(settings: Settings) -> str:
    if not settings.broker_url:
        return "none is set (VERIFIER_BROKER_URL), so verifier serve starts a worker that looks by its own clock"
    try:
        is_there = is_answering(settings)
    except ConfigurationError as error:
        raise _WrongError(error.advice) from error
    if not is_there:
        raise _WrongError(
            "it does not let us in, so work is found by the workers' clocks only. Start it, or mend "
            "VERIFIER_BROKER_URL and VERIFIER_BROKER_PASSWORD_FILE."
        )
    return "it answers and lets us in"


def _see_recipients(settings: Settings) -> str:
    if settings.message_recipients:
        return "a message counts if it was written to an address of the desk"
    if settings.mailbox_host:
        raise _WrongError(
            "a mailbox is set, but nothing in it is taken. Name the desk's addresses in VERIFIER_MESSAGE_RECIPIENTS."
        )
    return "the desk's addresses are not set (VERIFIER_MESSAGE_RECIPIENTS), so messages are not offered as a proof"


def _see_sender(sender: Sender | None, setting: str) -> str:
    if sender is None:
        return f"no server is set ({setting}), so checks on this way are not offered"
    try:
        sender.verify_reachable()
    except NotAcceptedError as error:
        raise _WrongError(f"{_OBSTACLES[error.obstacle]} ({setting})") from error
    return "the server is there and lets us in; nothing was sent"


def _see_database(database: Database) -> str:
    with database.write() as session:  # takes the lock that writing needs, and writes nothing
        if find_installation(session) is None:
            return _NOT_YET
        if not is_undamaged(session):
            raise _WrongError("SQLite finds the file damaged. Restore it, with the deletion log kept as it is.")
    return "it is whole and can be written"


def _see_mark(store: _Store, place: Path | str, database: Database) -> str:
    with database.read() as session:
        installation = find_installation(session)
    if installation is None or installation.stores_marked_at is None:
        return _NOT_YET
    found = store.read_installation()
    if found is None:
        raise _WrongError(f"{place} carries no installation's mark. Mount, name or restore the one that belongs there.")
    if found != installation.id:
        raise _WrongError(f"{place} belongs to another installation. Point the settings at the one that you mean.")
    if isinstance(place, str):
        return f"the bucket {place} is this installation's"
    with tempfile.TemporaryFile(dir=place):
        return f"{place} is this installation's and can be written"


def _see_key_store(settings: Settings, database: Database) -> str:
    keys = open_stores(settings).keys
    sentence = _see_mark(keys, _place_of_keys(settings), database)
    lost = [] if sentence == _NOT_YET else find_lost(database, keys)
    if lost:
        raise _WrongError(
            f"the keys of open verifications are missing there: {len(lost)}. Mount the store that belongs here; if it "
            "is lost, stop everything and run verifier restore --accept-loss."
        )
    return sentence


def _see(look: Callable[[Session, datetime], str], database: Database) -> str:
    with database.read() as session:
        return look(session, DatabaseClock().now(session))


def _see_clock(session: Session, now: datetime) -> str:
    try:
        verify_clock(session, now)
    except ClockBehindError as error:
        raise _WrongError(
            "it fell below what it showed before, so nothing is taken in. Set this machine's clock."
        ) from error
    return f"it says {now:%Y-%m-%d %H:%M:%S} UTC, and has not gone back"


def _see_disposal(session: Session, now: datetime) -> str:
    since = find_overdue_since(session, now)
    if since is None:
        return "nothing waits to be destroyed"
    waited = (now - since).total_seconds()
    if waited > 60:
        raise _WrongError(
            f"something has waited for {waited:.0f} s to be destroyed. Start verifier serve; see its log."
        )
    return "what is due is being destroyed"


def _see_log(session: Session, now: datetime) -> str:
    try:
        verify_log_keeps_up(session, now)
    except LogBehindError as error:
        raise _WrongError(
            "entries wait to be sequenced. Start verifier serve, or see its log for log.stopped."
        ) from error
    aside = list_set_aside(session, limit=_MOST_NAMED)
    if aside:
        raise _WrongError(
            "it keeps up, but these rows of the table entries are none, and were set aside: "
            f"{', '.join(map(str, aside))}. Somebody wrote past us into the database: find out who, then see "
            "docs/how-to/watch-it.md."
        )
    return "it keeps up"


def _see_published(settings: Settings, database: Database) -> str:
    with database.read() as session:
        head, signed = find_published_head(session), session.get(LogHeadRow, 1)
    if signed is None:
        return _NOT_YET
    folder, key_file = settings.published_folder, settings.signing_key_file
    if not key_file.exists():
        raise _WrongError(f"the log's signing key is gone. Restore {key_file} from where you keep it.")
    signer = load_or_create_signing_key(key_file, settings.log_origin)
    if has_ended(signed, signer.verifier):
        raise _WrongError(GO_ON)
    if head is None:
        return _NOT_YET
    note = open_publisher(folder, signer, settings.log_origin).read_checkpoint()
    if note is None:
        raise _WrongError(f"{folder} holds no checkpoint, but one was published. Restore the folder.")
    published = signer.verifier.open_checkpoint(note)
    if not head.size <= published.size <= signed.size:
        raise _WrongError(
            f"{folder} ends at entry {published.size}, the log at {signed.size}. Restore whichever is from a backup."
        )
    with tempfile.TemporaryFile(dir=folder):
        return f"{folder} holds the checkpoint of {published.size} entries"
