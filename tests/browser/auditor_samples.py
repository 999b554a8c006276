"""One sample of every auditor's page in every state, with invented data."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.browser.page_samples import CHECKPOINT, FRONT_ID, LOG_KEY, NOW, TOKEN, VERIFICATION
from verifier.audit.catalogue import EntryKind
from verifier.web.pages.auditor import (
    DestroyedPage,
    DestroyedRow,
    EntriesPage,
    EntryRow,
    Filters,
    KeptRow,
    Log,
    StoredPage,
    StoredRow,
    ViewRow,
    ViewsPage,
)
from verifier.web.pages.common import FieldError, StaffShell, View

SHELL: Final = StaffShell(
    installation="Verifier at Northbank",
    person="Robin",
    roles=frozenset({"agent", "reviewer", "auditor"}),
    form_token=TOKEN,
)
ACTOR: Final = "stf_eeeeeeeeeeeeeeeeeeeeeeeeee"
LOG: Final = Log(checkpoint=CHECKPOINT, signed_at=NOW, size=4127, waiting=2, log_key=LOG_KEY)
AUDITOR: Final = replace(SHELL, current="audit")


def stored_row(number: int) -> StoredRow:
    return StoredRow(
        document=FRONT_ID,
        verification=VERIFICATION,
        policy_title="Get back into your account",
        state="ready" if number % 2 else "sealed",
        copies=number,
        since=NOW - timedelta(days=6 - number),
        destroy_by=NOW + timedelta(days=number - 1, hours=-1),
        is_overdue=number == 1,
        rule="undecided",
    )


def kept_row(what: str, *, law: str) -> KeptRow:
    return KeptRow(
        what=what,
        verification=VERIFICATION,
        policy_title="Get back into your account",
        since=NOW - timedelta(days=20),
        destroy_by=NOW + timedelta(days=20),
        is_overdue=False,
        law=law,
    )


STORED: Final = StoredPage(
    shell=AUDITOR,
    log=LOG,
    rows=tuple(stored_row(number) for number in range(1, 5)),
    total=4,
    overdue=1,
    next_url="/audit?cursor=x",
)
DESTROYED: Final = DestroyedPage(
    shell=AUDITOR,
    log=LOG,
    rows=tuple(
        DestroyedRow(
            document=FRONT_ID,
            verification=VERIFICATION,
            destroyed_at=NOW - timedelta(minutes=each),
            unreadable_at=NOW - timedelta(minutes=each, seconds=9) if each else None,
            rule=rule,
            copies=2,
            receipt_url=f"/audit/receipts/{FRONT_ID}" if each else None,
        )
        for each, rule in enumerate(("replaced", "approved", "withdrawn"))
    ),
    next_url=None,
)
VIEWS: Final = ViewsPage(
    shell=AUDITOR,
    log=LOG,
    rows=tuple(
        ViewRow(
            index=None if page == 3 else 4100 + page,
            at=NOW,
            actor=ACTOR,
            who="Robin",
            verification=VERIFICATION,
            document=FRONT_ID,
            page=page,
        )
        for page in (3, 2, 1)
    ),
    next_url="/audit?tab=views&cursor=x",
)
ENTRIES: Final = EntriesPage(
    shell=AUDITOR,
    log=LOG,
    filters=Filters(),
    kinds=tuple(EntryKind),
    rows=tuple(
        EntryRow(
            index=4127 - each,
            at=NOW - timedelta(minutes=each),
            kind=kind,
            actor=ACTOR,
            who="Robin",
            verification=VERIFICATION,
            document=FRONT_ID if kind.startswith("document") else "",
            facts=(("rule", "approved"), ("seen_absent_at", "2026-11-21T14:05:11Z")) if each else (),
        )
        for each, kind in enumerate((EntryKind.CLAIM_TAKEN, EntryKind.DOCUMENT_DISPOSED, EntryKind.DECISION_MADE))
    ),
    export_url="/v1/audit/entries?format=jsonl",
    next_url="/audit?tab=entries&cursor=x",
)

AUDIT: Final[Mapping[str, View]] = {
    "audit-stored": STORED,
    "audit-stored-none": replace(STORED, rows=(), total=0, overdue=0, next_url=None),
    "audit-destroyed": DESTROYED,
    "audit-destroyed-none": replace(DESTROYED, rows=()),
    "audit-views": VIEWS,
    "audit-views-none": replace(VIEWS, rows=(), next_url=None),
    "audit-entries": ENTRIES,
    "audit-entries-none": replace(
        ENTRIES,
        rows=(),
        next_url=None,
        filters=Filters(kind="page.viewed", document="doc_x"),
        errors=(FieldError(field="filter-document", sentence="Give the whole id of the document."),),
    ),
    "audit-new": replace(
        ENTRIES, rows=(), log=replace(LOG, checkpoint=None, signed_at=None, size=0, waiting=0), next_url=None
    ),
}
