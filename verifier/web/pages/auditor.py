"""The auditor's pages, as facts: what is stored, what was destroyed, who viewed what, and the log itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from verifier.web.pages.common import StaffShell, View


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """The head of the log, shown on every tab. `checkpoint`: its exact text, or None before the first one.

    `size`: entries in it. `waiting`: entries that have no place yet. `log_key`: the public verifier key.
    """

    checkpoint: str | None
    signed_at: datetime | None
    size: int
    waiting: int
    log_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRow:
    """One document that is stored. `state`: of its life. `rule`: why it will go (`words.RULES`). `law`: what keeps it,
    in the policy's words; "" where nothing does.
    """

    kind: ClassVar[str] = "document"
    document: str
    verification: str
    policy_title: str
    state: str
    copies: int
    since: datetime
    destroy_by: datetime
    is_overdue: bool
    rule: str
    law: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRow:
    """What else a law keeps of a verification that ended at `since`. `what`: its class, in words. `law`: in the
    policy's words; "" where the policy knows it no more.
    """

    kind: ClassVar[str] = "kept"
    what: str
    verification: str
    policy_title: str
    since: datetime
    destroy_by: datetime
    is_overdue: bool
    law: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SolvedFigures:
    """Of the verifications that were approved in the last `days`: how many needed no document, and no person.

    The shares are whole per cents.
    """

    days: int
    total: int
    without_document: int
    without_person: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPage(View):
    """`GET /audit`: stored now, until when, oldest end first.

    Of everything, not of this page: `total` documents, `kept` others, and how many of both are `overdue`. `solved`:
    None where nothing was solved lately.
    """

    template: ClassVar[str] = "audit_stored.html"
    tab: ClassVar[str] = "stored"
    shell: StaffShell
    log: Log
    rows: tuple[StoredRow | KeptRow, ...]
    total: int
    overdue: int
    next_url: str | None
    kept: int = 0
    solved: SolvedFigures | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DestroyedRow:
    """One document that was destroyed. `receipt_url`: its deletion receipt, None until the log has its entry."""

    document: str
    verification: str
    destroyed_at: datetime
    unreadable_at: datetime | None
    rule: str
    copies: int
    receipt_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DestroyedPage(View):
    """`GET /audit?tab=destroyed`, newest first."""

    template: ClassVar[str] = "audit_destroyed.html"
    tab: ClassVar[str] = "destroyed"
    shell: StaffShell
    log: Log
    rows: tuple[DestroyedRow, ...]
    next_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewRow:
    """One page that was shown. `index`: of its entry, None while it waits for its place. `who`: the name behind
    `actor`, or "".
    """

    index: int | None
    at: datetime
    actor: str
    verification: str
    document: str
    page: int
    who: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewsPage(View):
    """`GET /audit?tab=views`, newest first."""

    template: ClassVar[str] = "audit_views.html"
    tab: ClassVar[str] = "views"
    shell: StaffShell
    log: Log
    rows: tuple[ViewRow, ...]
    next_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the log is narrowed to; "" means everything. `from_day`, `to_day`: "2026-11-21". Query parameters `kind`,
    `verification`, `document`, `actor`, `from`, `to`.
    """

    kind: str = ""
    verification: str = ""
    document: str = ""
    actor: str = ""
    from_day: str = ""
    to_day: str = ""

    @property
    def is_empty(self) -> bool:
        return not any((self.kind, self.verification, self.document, self.actor, self.from_day, self.to_day))


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryRow:
    """One entry. `facts`: its other fields, in order, as text. `who`: the name behind `actor`, or ""."""

    index: int | None
    at: datetime
    kind: str
    actor: str
    verification: str
    document: str
    facts: tuple[tuple[str, str], ...]
    who: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntriesPage(View):
    """`GET /audit?tab=entries`, newest first. `kinds`: the catalogue. `export_url`: the whole log as JSON Lines,
    or None while nothing is published.

    Errors name "filter-kind", "filter-verification", "filter-document", "filter-actor", "filter-from", "filter-to".
    """

    template: ClassVar[str] = "audit_entries.html"
    tab: ClassVar[str] = "entries"
    shell: StaffShell
    log: Log
    filters: Filters
    kinds: tuple[str, ...]
    rows: tuple[EntryRow, ...]
    export_url: str | None
    next_url: str | None
