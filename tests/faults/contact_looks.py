"""Looking at contact checks: what must hold of them once an installation is quiet, as plain functions like `looks`."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.service import EntryFilter, find_entries
from verifier.contacts.code import MOST_SENDS, MOST_TRIES
from verifier.contacts.life import CheckState, Result, SubmissionKind
from verifier.contacts.tables import ContactCheckRow, ContactPointRow, ContactSubmissionRow, ExitRow
from verifier.notices.tables import NoticeRow
from verifier.verifications.tables import VerificationKeyRow, VerificationRow
from verifier.wiring import House

_MOST_ENTRIES = 10_000
_COUNTED = frozenset({Result.WRONG_CODE, Result.ENDED})


def look_at_contacts(house: House) -> Iterator[str]:
    """All looks at contact checks."""
    with house.database.read() as session:
        yield from _look_at_counts(session)
        yield from _look_at_verdicts(session)
        yield from _look_at_what_is_sealed(session)
        yield from _look_at_notices(session)


def _look_at_counts(session: Session) -> Iterator[str]:
    """No guess counts twice, no sending is forgotten, and neither is more than five."""
    sent = Counter(fields["check"] for fields in _read(session, EntryKind.CODE_SENT))
    judged = session.scalars(
        select(ContactSubmissionRow.check_id).where(
            ContactSubmissionRow.kind == SubmissionKind.GUESS, ContactSubmissionRow.result.in_(_COUNTED)
        )
    )
    counted, outcomes = Counter(judged), _read_outcomes(session)
    lapsed: dict[tuple[str, str, str], ContactCheckRow] = {}
    for check in session.scalars(select(ContactCheckRow).order_by(ContactCheckRow.created_at, ContactCheckRow.id)):
        before = lapsed.get((check.verification_id, check.contact, check.method))
        tries, sends = (0, 0) if before is None else (before.tries, before.sends)
        if check.tries > MOST_TRIES or check.sends > MOST_SENDS:
            yield f"{check.id} had {check.tries} tries and {check.sends} sendings"
        if sends + sent[check.id] != check.sends:
            yield f"{check.id} counts {check.sends} sendings, and the log has {sent[check.id]} after {sends}"
        guesses = tries + counted[check.id]
        right = int(outcomes.get(check.id) == CheckState.CONFIRMED and counted[check.id] > 0)
        if check.code_expires_at is not None and guesses != check.tries + right:
            yield f"{check.id} was guessed at {guesses} times, and counts {check.tries} wrong ones"
        if check.state is CheckState.LAPSED:
            lapsed[check.verification_id, check.contact, check.method] = check


def _look_at_verdicts(session: Session) -> Iterator[str]:
    """Each end of a check is one entry, and nothing is approved by the worker without a confirmed check before it."""
    outcomes = _read_outcomes(session)
    if len(outcomes) != len(list(_read(session, EntryKind.CONTACT_CHECK_JUDGED))):
        yield "a check was judged twice"
    lapsed = {fields["check"]: fields["from_state"] for fields in _read(session, EntryKind.CONTACT_CHECK_LAPSED)}
    confirmed = set()
    for check in session.scalars(select(ContactCheckRow)):
        judged = outcomes.get(check.id, CheckState.OPEN)
        if lapsed.get(check.id, judged) != judged:
            yield f"{check.id} was {judged}, and lapsed as {lapsed[check.id]}"
        if (CheckState.LAPSED if check.id in lapsed else judged) != check.state:
            yield f"{check.id} is {check.state}, and the log says {judged}, lapsed: {check.id in lapsed}"
        if judged == CheckState.CONFIRMED:
            confirmed.add(check.verification_id)
    for fields in _read(session, EntryKind.VERIFICATION_MOVED):
        is_workers = fields["actor"] == "worker" and fields["to_state"] in {"approved", "submitted"}
        if is_workers and fields["verification"] not in confirmed:
            yield f"{fields['verification']} was {fields['to_state']} by the worker without a confirmed check"


def _look_at_what_is_sealed(session: Session) -> Iterator[str]:
    """What was judged or sent is cleared; of what has no key any more nothing sealed is left."""
    for submission in session.scalars(select(ContactSubmissionRow).where(ContactSubmissionRow.judged_at.is_not(None))):
        if submission.sealed is not None:
            yield f"{submission.id} is judged, and what it said is still there"
    for notice in session.scalars(select(NoticeRow)):
        if (notice.sealed is None) == (notice.sent_at is None and notice.failed_at is None):
            yield f"{notice.id} is {notice.failure or notice.sent_at}, and its letter is there: {bool(notice.sealed)}"
    gone = VerificationKeyRow.unreadable_at.is_not(None)
    for verification in session.scalars(select(VerificationKeyRow.verification_id).where(gone)):
        for row in (ContactPointRow, ContactSubmissionRow, ExitRow, NoticeRow):
            left = select(row).where(row.verification_id == verification, row.sealed.is_not(None))
            if session.scalars(left).first() is not None:
                yield f"{row.__tablename__} of {verification} outlives its key"
        codes = ContactCheckRow.code_sealed.is_not(None) | ContactCheckRow.code_digest.is_not(None)
        if session.scalars(
            select(ContactCheckRow).where(ContactCheckRow.verification_id == verification, codes)
        ).first():
            yield f"a code of {verification} outlives its key"


def _look_at_notices(session: Session) -> Iterator[str]:
    """Nothing is sent after the end, and no code after its check has ended."""
    for notice, row in session.execute(
        select(NoticeRow, VerificationRow).join(VerificationRow, VerificationRow.id == NoticeRow.verification_id)
    ):
        if notice.sent_at is not None and row.ended_at is not None and notice.sent_at > row.ended_at:
            yield f"{notice.id} was sent {notice.sent_at - row.ended_at} after the end of {row.id}"


def _read_outcomes(session: Session) -> dict[str, str]:
    """How each check was judged, by the log."""
    judged = _read(session, EntryKind.CONTACT_CHECK_JUDGED)
    return {str(fields["check"]): str(fields["outcome"]) for fields in judged}


def _read(session: Session, kind: EntryKind) -> Iterator[dict[str, object]]:
    for entry in find_entries(session, EntryFilter(kind=kind), limit=_MOST_ENTRIES):
        yield dict(entry.statement.fields)
