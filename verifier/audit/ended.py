"""What has ended for good, kept outside the database: so that a backup cannot bring it back unnoticed.

Beside the published tree stands a list of digests, one for each verification that ended, each document that was
destroyed, each API key that was revoked and each person who was disabled. A restored database is held against it: what
had ended ends again, and a document whose deletion receipt was given does not earn a second one.

Guarantees: an end is listed before the checkpoint is published under which it can be proved. The list holds SHA-256 of
ids of 128 random bits, so whoever reads it learns how much ended, and nothing else.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import Statement, parse_leaf
from verifier.audit.tables import EntryRow

_ENDED: Final[Mapping[EntryKind, str]] = {
    EntryKind.VERIFICATION_MOVED: "verification",
    EntryKind.DOCUMENT_DISPOSED: "document",
    EntryKind.DOCUMENT_DISPOSED_AGAIN: "document",
    EntryKind.API_KEY_REVOKED: "api_key",
    EntryKind.STAFF_DISABLED: "staff",
}
"""The entries that say that something ended, and the field that names it."""

ENDS: Final = frozenset({"approved", "rejected", "cancelled", "withdrawn", "expired"})
"""The states from which a verification does not move on."""


def digest_ended(id_: str) -> str:
    """How an id stands in the list."""
    return hashlib.sha256(id_.encode("ascii")).hexdigest()


def read_ended(session: Session, begin: int, end: int) -> list[str]:
    """The digests of what the entries `[begin, end)` say has ended."""
    kinds = [kind.value for kind in _ENDED]
    query = select(EntryRow.leaf).where(EntryRow.kind.in_(kinds), EntryRow.log_index >= begin, EntryRow.log_index < end)
    statements = (parse_leaf(leaf) for leaf in session.scalars(query.order_by(EntryRow.log_index)))
    return [digest_ended(str(each.fields[_ENDED[each.kind]])) for each in statements if _is_end(each)]


def _is_end(statement: Statement) -> bool:
    return statement.kind is not EntryKind.VERIFICATION_MOVED or statement.fields["to_state"] in ENDS
