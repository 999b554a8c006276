"""Who may do what in PostgreSQL: one role a part of the house, as DESIGN 10 has it.

The roles are groups without a login: a part's own user is a member of its group, and owns nothing. Guarantees: after
every migration, and after `verifier roles`, each role that exists has exactly these rights; a table that nobody named
here is closed to all of them. What the customers' tier may do with a row that it may write, its guards say (0008).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, text

PREFIX: Final = "verifier_"

SELECT: Final = "SELECT"
INSERT: Final = "INSERT"
UPDATE: Final = "UPDATE"
DELETE: Final = "DELETE"


@dataclass(frozen=True)
class Grant:
    """Rights on tables; on the named columns alone, where there are any."""

    rights: Sequence[str]
    tables: str
    columns: str = ""


_LEASED: Final = "attempts, leased_until"
_ENTRY: Final = "kind, verification_id, document_id, actor, recorded_at, leaf"
_MOVED: Final = "state, reasons, opened_at, submitted_at, answer_by, ended_at, forget_by"
_KEY_DUE: Final = f"shred_by, forget_unheld_by, {_LEASED}"
_NOTICE_DROPPED: Final = "sealed, failed_at, failure, leased_until"
_OBLIGATION: Final = "copy_id, document_id, verification_id, rule, destroy_by, due_since, is_evidence"
_OBLIGATION_MOVED: Final = f"rule, destroy_by, due_since, is_evidence, {_LEASED}"
_HOLD: Final = "id, verification_id, data, reason, placed_at, ends_at, lifted_at"

# What tells how things stand, and nothing of anybody: for every process's doors and figures.
_ALL: Final = (
    Grant([SELECT], "alembic_version installation policy_versions log_head log_tiles"),
    Grant([SELECT], "entries", "id, recorded_at, log_index, set_aside_at"),
    Grant([SELECT], "verifications", "id, state, ended_at, undecided_by"),
    Grant([SELECT], "documents", "state, sealed_at, writer_until"),
    Grant([SELECT], "obligations", "document_id, due_since, destroy_by, closed_at"),
    Grant([SELECT], "verification_keys", "verification_id, shred_by, unreadable_at, forget_unheld_by"),
    Grant([SELECT], "notices", "not_before, sent_at, failed_at"),
    Grant([SELECT], "contact_submissions", "created_at, judged_at, kind"),
)
_RECORDS: Final = Grant([INSERT], "entries", _ENTRY)
# What `move` does, wherever it is called: the end of a verification makes what belongs to it due.
_MOVES: Final = (
    Grant([SELECT], "verifications documents copies obligations verification_keys holds links"),
    Grant([SELECT], "notices sealed_values contact_checks contact_points contact_submissions exits offers"),
    Grant([UPDATE], "verifications", _MOVED),
    Grant([UPDATE], "verification_keys", _KEY_DUE),
    Grant([UPDATE], "obligations", _OBLIGATION_MOVED),
    Grant([UPDATE], "notices", _NOTICE_DROPPED),
    Grant([INSERT], "holds", _HOLD),
    _RECORDS,
)

GRANTS: Final[Mapping[str, Sequence[Grant]]] = MappingProxyType(
    {
        "customer": (
            *_ALL,
            Grant([SELECT], "links customer_sessions documents copies obligations holds offers verification_keys"),
            Grant(
                [SELECT],
                "verifications",
                f"{_MOVED}, id, reference, policy, policy_version, account_digest, locale, phrase, created_by, "
                "created_at, generation, link_expires_at, undecided_by, resubmissions, forgotten_at, "
                "has_contact_points",
            ),
            Grant([SELECT], "entries", f"{_ENTRY}, id, log_index"),
            Grant([SELECT], "sealed_values", "verification_id, name, created_at"),
            Grant([SELECT], "contact_points", "verification_id, contact, is_untold, changed_at, tries"),
            Grant(
                [SELECT],
                "contact_checks",
                "id, verification_id, contact, method, state, reasons, grade, challenge, code_expires_at, notice_id, "
                "tries, sends, created_at, decided_at",
            ),
            Grant(
                [SELECT],
                "contact_submissions",
                "id, verification_id, check_id, contact, method, kind, sealed_bytes, source, result, created_at, "
                f"judged_at, {_LEASED}",
            ),
            Grant([SELECT], "exits", "token_digest, verification_id, told_at, told, used_at"),
            Grant(
                [SELECT],
                "notices",
                "id, verification_id, channel, kind, created_at, not_before, send_by, sent_at, failed_at, failure, "
                f"{_LEASED}",
            ),
            Grant([INSERT], "customer_sessions"),
            Grant([UPDATE], "verifications", _MOVED),
            Grant([UPDATE], "verification_keys", _KEY_DUE),
            Grant([INSERT], "holds", _HOLD),
            Grant(
                [INSERT],
                "documents",
                "id, verification_id, document, slot, state, actor, media_type, reserved_bytes, created_at, "
                "writer_until, decodes, findings, attempts",
            ),
            Grant([UPDATE], "documents", "state, writer_until, sealed_at, reserved_bytes"),
            Grant([INSERT], "copies", "id, document_id, verification_id, name, page"),
            Grant([UPDATE], "copies", "stored_at, ciphertext_digest, ciphertext_bytes"),
            Grant([INSERT], "obligations", f"{_OBLIGATION}, attempts"),
            Grant([UPDATE], "obligations", f"rule, destroy_by, due_since, {_LEASED}"),
            Grant([INSERT], "sealed_values"),
            Grant([UPDATE], "sealed_values", "sealed, created_at"),
            Grant([DELETE], "sealed_values"),
            Grant(
                [INSERT],
                "contact_submissions",
                f"id, verification_id, check_id, contact, method, kind, sealed, source, result, created_at, {_LEASED}"
                ", judged_at",
            ),
            Grant([INSERT], "offers"),
            Grant([UPDATE], "offers", "chosen"),
            Grant([UPDATE], "exits", "used_at"),
            Grant([UPDATE], "notices", _NOTICE_DROPPED),
            _RECORDS,
        ),
        "staff": (
            *_ALL,
            *_MOVES,
            Grant([SELECT], "entries customer_sessions handlers claims page_views decisions"),
            Grant([SELECT], "staff staff_invites staff_sessions api_keys idempotency_keys"),
            Grant([INSERT], "verifications verification_keys links handlers sealed_values policy_versions offers"),
            Grant([INSERT], "contact_points", "verification_id, contact, sealed, digest, changed_at, tries"),
            Grant([INSERT], "exits documents copies obligations claims page_views decisions"),
            Grant([INSERT], "staff staff_invites staff_sessions api_keys idempotency_keys"),
            Grant(
                [INSERT],
                "contact_submissions",
                f"id, verification_id, check_id, contact, method, kind, sealed, source, result, created_at, {_LEASED}"
                ", judged_at",
            ),
            Grant(
                [UPDATE],
                "verifications",
                "generation, link_expires_at, undecided_by, resubmissions, has_contact_points",
            ),
            Grant([UPDATE], "documents", "state, writer_until, sealed_at, reserved_bytes, asked_again"),
            Grant([UPDATE], "copies", "stored_at, ciphertext_digest, ciphertext_bytes"),
            Grant([UPDATE], "contact_checks", "state, reasons, decided_at, code_digest, code_sealed, challenge"),
            Grant([UPDATE], "contact_submissions", "judged_at, result, sealed, leased_until"),
            Grant([UPDATE], "exits", "told_at, told"),
            Grant([UPDATE], "offers claims page_views staff staff_invites staff_sessions api_keys idempotency_keys"),
            Grant([UPDATE], "sealed_values", "sealed, created_at"),
            Grant([DELETE], "claims customer_sessions staff_sessions staff_invites idempotency_keys sealed_values"),
        ),
        "sanitise": (
            *_ALL,
            *_MOVES,
            Grant([INSERT], "copies obligations"),
            Grant([UPDATE], "copies", "stored_at, ciphertext_digest, ciphertext_bytes, seen_absent_at, look_again_by"),
            Grant([UPDATE], "documents"),
            Grant([UPDATE], "obligations", "closed_at"),
        ),
        "dispose": (
            *_ALL,
            *_MOVES,
            Grant([SELECT], "orphans seen_once send_counts entries customer_sessions"),
            Grant([SELECT], "staff_sessions staff_invites idempotency_keys"),
            Grant([UPDATE], "installation", "clock_high_at"),
            Grant([UPDATE], "verifications", "reference, account_digest, request_digest, forgotten_at"),
            Grant([UPDATE], "verification_keys", "shredding_at, unreadable_at"),
            Grant([UPDATE], "documents"),
            Grant([UPDATE], "copies", "seen_absent_at, look_again_by, ciphertext_digest, ciphertext_bytes"),
            Grant([UPDATE], "obligations", "closed_at"),
            Grant([UPDATE], "holds", "lifted_at"),
            Grant([UPDATE], "contact_points", "sealed, digest"),
            Grant([UPDATE], "contact_checks", "code_digest, code_sealed, challenge"),
            Grant([UPDATE], "contact_submissions", "judged_at, result, sealed, leased_until"),
            Grant([UPDATE], "exits", "sealed"),
            Grant([INSERT, DELETE], "orphans"),
            Grant([DELETE], "sealed_values customer_sessions notices contact_points contact_submissions exits"),
            Grant([DELETE], "seen_once send_counts staff_sessions staff_invites idempotency_keys"),
        ),
        "log": (
            *_ALL,
            Grant([SELECT], "entries"),
            Grant([UPDATE], "entries", "log_index, set_aside_at"),
            Grant([INSERT, UPDATE], "log_head log_tiles"),
            Grant([UPDATE], "installation", "log_key"),
            _RECORDS,
        ),
        "notify": (
            *_ALL,
            *_MOVES,
            Grant([SELECT, INSERT, UPDATE], "send_counts seen_once"),
            Grant([SELECT], "entries"),
            Grant([INSERT], "notices contact_checks offers"),
            Grant([UPDATE], "notices contact_checks offers"),
            Grant(
                [INSERT],
                "contact_submissions",
                f"id, verification_id, check_id, contact, method, kind, sealed, source, result, created_at, {_LEASED}"
                ", judged_at",
            ),
            Grant([UPDATE], "contact_submissions", f"check_id, judged_at, result, sealed, {_LEASED}"),
            Grant([UPDATE], "contact_points", "sealed, tries"),
            Grant([UPDATE], "exits", "told_at, told"),
        ),
    }
)


def list_roles() -> Sequence[str]:
    """What the roles are called."""
    return [f"{PREFIX}{part}" for part in GRANTS]


def grant_rights(connection: Connection) -> Sequence[str]:
    """Give each role that exists its rights and no others, in the caller's transaction; the roles that exist."""
    found = set(
        connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"), {"names": list_roles()})
    )
    roles = [role for role in list_roles() if role in found]
    if roles:
        for statement in _list_statements(connection, roles):
            connection.exec_driver_sql(statement)
    return roles


def _list_statements(connection: Connection, roles: Sequence[str]) -> Iterator[str]:
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    names = ", ".join(roles)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {names}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {names}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {names}"
    # Only who may write a row needs the next number; nobody may set it.
    yield f"GRANT USAGE ON SEQUENCE entries_id_seq TO {names}"
    for role in roles:
        for grant in GRANTS[role.removeprefix(PREFIX)]:
            columns = f" ({grant.columns})" if grant.columns else ""
            rights = ", ".join(f"{right}{columns}" for right in grant.rights)
            yield f"GRANT {rights} ON {', '.join(grant.tables.split())} TO {role}"
    if f"{PREFIX}staff" in roles:
        yield f"GRANT USAGE ON SEQUENCE decisions_id_seq TO {PREFIX}staff"
