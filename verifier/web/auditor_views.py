"""Turns the log and the obligations into the auditor's views."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from pydantic import ValidationError
from sqlalchemy.orm import Session

from policies.model import Policy
from verifier.audit.leaf import Statement
from verifier.audit.proofs import find_published_head
from verifier.audit.service import SequencedEntry, count_waiting
from verifier.disposal.kept import KeptValues
from verifier.disposal.reading import DisposedDocument, StoredDocument
from verifier.reviews.figures import Solved
from verifier.staff.names import name_actors
from verifier.web.agent_views import tell_policy_title
from verifier.web.figures_api import LAST_DAYS
from verifier.web.law_views import TO_STAFF
from verifier.web.log_reading import EntriesQuery, PageView
from verifier.web.pages.auditor import DestroyedRow, EntryRow, Filters, KeptRow, Log, SolvedFigures, StoredRow, ViewRow
from verifier.web.pages.common import FieldError
from verifier.web.pages.language import translator
from verifier.web.staff_views import LOCALE

_TOLD_APART: Final = frozenset({"verification", "document"})
_FILTERS: Final[Mapping[str, str]] = {"since": "from", "until": "to"}


def read_log_head(session: Session, *, log_key: str) -> Log:
    """The head of the log as it was last published."""
    head = find_published_head(session)
    return Log(
        checkpoint=None if head is None else head.checkpoint,
        signed_at=None if head is None else head.published_at,
        size=0 if head is None else head.size,
        waiting=count_waiting(session),
        log_key=log_key,
    )


def tell_stored(row: StoredDocument | KeptValues, *, policies: Mapping[str, Policy]) -> StoredRow | KeptRow:
    if isinstance(row, KeptValues):
        return _tell_kept(row, policies=policies)
    return StoredRow(
        document=row.document,
        verification=row.verification,
        policy_title=tell_policy_title(row.policy, policies=policies),
        state=row.state,
        copies=len(row.copies),
        since=row.since,
        destroy_by=row.destroy_by,
        is_overdue=row.is_overdue,
        rule=row.rule,
        law="" if row.law is None else row.law.law.in_language(LOCALE),
    )


def _tell_kept(row: KeptValues, *, policies: Mapping[str, Policy]) -> KeptRow:
    return KeptRow(
        what=translator(LOCALE)(TO_STAFF[row.data]),
        verification=row.verification,
        policy_title=tell_policy_title(row.policy, policies=policies),
        since=row.since,
        destroy_by=row.destroy_by,
        is_overdue=row.is_overdue,
        law="" if row.law is None else row.law.law.in_language(LOCALE),
    )


def tell_solved(solved: Solved) -> SolvedFigures | None:
    if not solved.total:
        return None
    return SolvedFigures(
        days=LAST_DAYS,
        total=solved.total,
        without_document=solved.without_document * 100 // solved.total,
        without_person=solved.without_person * 100 // solved.total,
    )


def tell_destroyed(row: DisposedDocument) -> DestroyedRow:
    return DestroyedRow(
        document=row.document,
        verification=row.verification,
        destroyed_at=row.seen_absent_at,
        unreadable_at=row.key_destroyed_at,
        rule=row.rule,
        copies=row.copies,
        receipt_url=f"/audit/receipts/{row.document}",
    )


def tell_views(session: Session, views: Sequence[PageView]) -> tuple[ViewRow, ...]:
    names = name_actors(session, {view.actor for view in views})
    return tuple(
        ViewRow(
            index=view.index,
            at=view.at,
            actor=view.actor,
            who=names.get(view.actor, ""),
            verification=view.verification,
            document=view.document,
            page=view.page,
        )
        for view in views
    )


def tell_entries(session: Session, entries: Sequence[SequencedEntry]) -> tuple[EntryRow, ...]:
    names = name_actors(session, {_actor_of(entry.statement) for entry in entries})
    return tuple(_tell_entry(entry, names=names) for entry in entries)


def _actor_of(statement: Statement) -> str:
    """Who did it: of a sign-in, whoever signed in."""
    return str(statement.fields.get("actor") or (statement.fields.get("staff", "")))


def _tell_entry(entry: SequencedEntry, *, names: Mapping[str, str]) -> EntryRow:
    fields, actor = entry.statement.fields, _actor_of(entry.statement)
    return EntryRow(
        index=entry.index,
        at=entry.statement.at,
        kind=entry.statement.kind,
        actor=actor,
        who=names.get(actor, ""),
        verification=str(fields.get("verification", "")),
        document=str(fields.get("document", "")),
        facts=tuple(
            (name, _to_text(value)) for name, value in fields.items() if name not in _TOLD_APART and value != actor
        ),
    )


def _to_text(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_to_text(part)}" for name, part in value.items())
    if isinstance(value, Collection) and not isinstance(value, str):
        return "; ".join(map(_to_text, value)) or "–"
    return str(value)


def parse_filters(filters: Filters, *, limit: int, cursor: str | None) -> EntriesQuery | tuple[FieldError, ...]:
    """The query that the form means, or what is wrong with it. Days are UTC, and the last one counts."""
    asked: dict[str, object] = {"limit": limit, "cursor": cursor}
    for name in ("kind", "verification", "document", "actor"):
        asked[name] = getattr(filters, name) or None
    errors = []
    for name, text, days in (("from", filters.from_day, 0), ("to", filters.to_day, 1)):
        try:
            asked[name] = _begin_of(text, days=days) if text else None
        except (ValueError, OverflowError):
            errors.append(FieldError(field=f"filter-{name}", sentence=_sentence_for(name)))
            asked[name] = None
    try:
        query = EntriesQuery.model_validate(asked)
    except ValidationError as error:
        wrong = {str(finding["loc"][0]) for finding in error.errors()}
        named = [_FILTERS.get(name, name) for name in sorted(wrong)]
        errors += [FieldError(field=f"filter-{name}", sentence=_sentence_for(name)) for name in named]
        return tuple(errors)
    return tuple(errors) if errors else query


def _begin_of(day: str, *, days: int) -> str:
    given = date.fromisoformat(day)
    if given.isoformat() != day:
        raise ValueError  # Python reads more forms of a day than one
    return f"{(given + timedelta(days=days)).isoformat()}T00:00:00Z"


def _sentence_for(name: str) -> str:
    _ = translator(LOCALE)
    sentences = {
        "kind": _("Choose what happened from the list."),
        "verification": _("Give the whole id of the verification: ver_ and 26 characters."),
        "document": _("Give the whole id of the document: doc_ and 26 characters."),
        "actor": _("Give the whole id of the person or program, or customer, worker or operator."),
        "from": _("Give the first day as year, month and day, such as 2026-11-21."),
        "to": _("Give the last day as year, month and day, such as 2026-11-21."),
    }
    return sentences[name]
