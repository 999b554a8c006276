"""On PostgreSQL: what a user of the role `verifier_customer` may change, row by row, beside its grants (`grants.py`).

Each guard lets everybody else through. Also two columns that tell of sealed values what that tier must know, so that it
need not read them.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_IS_CUSTOMER: Final = """
CREATE FUNCTION verifier_is_customer() RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT EXISTS (SELECT FROM pg_roles r
                 WHERE r.rolname = 'verifier_customer' AND pg_has_role(current_user, r.oid, 'USAGE'))
     AND NOT EXISTS (SELECT FROM pg_class c
                     WHERE c.oid = '{schema}.verifications'::regclass AND pg_has_role(current_user, c.relowner, 'USAGE'))
$$
"""

_STATE_OF: Final = """
CREATE FUNCTION verifier_state_of(verification text) RETURNS text LANGUAGE sql STABLE
SET search_path = {schema}, pg_temp AS $$ SELECT v.state FROM verifications v WHERE v.id = verification $$
"""

# The longest that a law of the policy keeps a class, in microseconds; 0 where none does. A day more, for leap months.
_KEPT_BY_LAW: Final = """
CREATE FUNCTION verifier_kept_by_law(verification text, class text) RETURNS bigint LANGUAGE sql STABLE
SET search_path = {schema}, pg_temp AS $$
  SELECT coalesce(max(extract(epoch FROM (law->>'keep_for')::interval) + 86400), 0)::bigint * 1000000
  FROM verifications v JOIN policy_versions p ON p.version = v.policy_version,
       jsonb_array_elements(coalesce(p.canonical::jsonb #> '{{retention,holds}}', '[]')) AS law
  WHERE v.id = verification AND law->>'class' = coalesce(verifier_kept_by_law.class, law->>'class')
$$
"""

_REFUSE: Final = "RAISE insufficient_privilege USING MESSAGE = 'the customers'' tier may not do this';"

# What may be written, table by table: the condition that must hold for a row, where a customers' tier writes it.
_GUARDS: Final = {
    "verifications": (
        "UPDATE",
        """
        OLD.ended_at IS NULL AND (
          NEW.state = OLD.state AND NEW.reasons::jsonb = OLD.reasons::jsonb
            AND (NEW.submitted_at, NEW.answer_by, NEW.ended_at, NEW.forget_by)
                IS NOT DISTINCT FROM (OLD.submitted_at, OLD.answer_by, OLD.ended_at, OLD.forget_by)
            AND (OLD.opened_at IS NULL OR NEW.opened_at = OLD.opened_at)
          OR OLD.state = 'requested' AND NEW.state = 'submitted' AND NEW.reasons::jsonb = '[]'
            AND NEW.submitted_at IS NOT NULL AND NEW.answer_by <= OLD.undecided_by
            AND NEW.ended_at IS NULL AND NEW.forget_by IS NULL AND NEW.opened_at IS NOT DISTINCT FROM OLD.opened_at
          OR OLD.state IN ('requested', 'submitted', 'second_review') AND NEW.state = 'withdrawn'
            AND NEW.reasons::jsonb <@ '["rather_not", "not_me"]' AND NEW.forget_by >= NEW.ended_at
            AND (NEW.submitted_at, NEW.answer_by, NEW.opened_at)
                IS NOT DISTINCT FROM (OLD.submitted_at, OLD.answer_by, OLD.opened_at))
        """,
    ),
    "verification_keys": (
        "UPDATE",
        """
        verifier_state_of(OLD.verification_id) = 'withdrawn' AND OLD.shred_by IS NULL AND OLD.shredding_at IS NULL
          AND NEW.leased_until IS NULL AND NEW.attempts = 0
          AND (NEW.shred_by = 0 OR EXISTS (SELECT FROM holds h
                                           WHERE h.verification_id = OLD.verification_id AND h.ends_at = NEW.shred_by))
        """,
    ),
    "holds": (
        "INSERT",
        """
        verifier_state_of(NEW.verification_id) = 'withdrawn' AND NEW.lifted_at IS NULL
          AND NEW.ends_at <= NEW.placed_at + verifier_kept_by_law(NEW.verification_id, NEW.data)
          AND NEW.placed_at = (SELECT v.ended_at FROM verifications v WHERE v.id = NEW.verification_id)
        """,
    ),
    "customer_sessions": (
        "INSERT",
        """
        EXISTS (SELECT FROM verifications v
                WHERE v.id = NEW.verification_id AND v.generation = NEW.generation AND v.ended_at IS NULL)
        """,
    ),
    "documents": (
        "INSERT OR UPDATE",
        """
        CASE TG_OP WHEN 'INSERT' THEN
          NEW.state = 'receiving' AND NEW.actor = 'customer' AND NEW.decodes = 0 AND NEW.attempts = 0
          AND verifier_state_of(NEW.verification_id) = 'requested'
        ELSE
          OLD.state = 'receiving' AND NEW.state = 'receiving' AND NEW.sealed_at IS NULL
            AND NEW.reserved_bytes = OLD.reserved_bytes
          OR OLD.state = 'receiving' AND NEW.state = 'sealed' AND NEW.sealed_at IS NOT NULL
            AND OLD.actor = 'customer' AND verifier_state_of(OLD.verification_id) = 'requested'
          OR OLD.state IN ('receiving', 'sealed', 'ready', 'refused') AND NEW.state = 'disposing'
            AND (NEW.writer_until, NEW.sealed_at, NEW.reserved_bytes)
                IS NOT DISTINCT FROM (OLD.writer_until, OLD.sealed_at, OLD.reserved_bytes)
            AND (OLD.state = 'receiving' OR verifier_state_of(OLD.verification_id) = 'requested')
        END
        """,
    ),
    "copies": (
        "INSERT OR UPDATE",
        """
        NEW.name = 'original' AND NEW.page IS NULL
          AND (TG_OP = 'INSERT' OR (SELECT c.stored_at FROM copies c WHERE c.id = NEW.id) IS NULL)
          AND EXISTS (SELECT FROM documents d
                      WHERE d.id = NEW.document_id AND d.verification_id = NEW.verification_id AND d.actor = 'customer'
                        AND d.state = CASE TG_OP WHEN 'INSERT' THEN 'receiving' ELSE 'sealed' END)
        """,
    ),
    "obligations": (
        "INSERT OR UPDATE",
        """
        CASE TG_OP WHEN 'INSERT' THEN
          NEW.rule = 'unfinished_upload' AND NOT NEW.is_evidence AND NEW.attempts = 0
          AND EXISTS (SELECT FROM copies c
                      WHERE c.id = NEW.copy_id AND c.document_id = NEW.document_id
                        AND c.verification_id = NEW.verification_id AND c.stored_at IS NULL)
        ELSE
          OLD.closed_at IS NULL AND NEW.rule IN ('unfinished_upload', 'undecided', 'removed', 'replaced', 'withdrawn')
          AND (NEW.leased_until IS NULL AND NEW.attempts = 0
               OR (NEW.leased_until, NEW.attempts) IS NOT DISTINCT FROM (OLD.leased_until, OLD.attempts))
          AND (NEW.destroy_by = 0 AND (
                 verifier_state_of(OLD.verification_id) = 'withdrawn'
                 OR EXISTS (SELECT FROM documents d WHERE d.id = OLD.document_id AND d.state = 'disposing'))
               OR NEW.destroy_by > 0 AND NEW.due_since = NEW.destroy_by AND OLD.destroy_by > 0 AND NEW.destroy_by <= (
                 SELECT v.undecided_by + verifier_kept_by_law(v.id, 'documents') FROM verifications v
                 WHERE v.id = OLD.verification_id AND v.state IN ('requested', 'submitted'))
               OR NEW.destroy_by > 0 AND NEW.rule = 'withdrawn' AND NEW.due_since = NEW.destroy_by
                 AND OLD.is_evidence AND OLD.rule = 'undecided' AND EXISTS (
                   SELECT FROM holds h WHERE h.verification_id = OLD.verification_id AND h.data = 'documents'
                     AND h.ends_at = NEW.destroy_by))
        END
        """,
    ),
    "sealed_values": (
        "INSERT OR UPDATE OR DELETE",
        """
        (SELECT (r.name LIKE 'detail.%' OR r.name LIKE 'caption.%')
           AND verifier_state_of(r.verification_id) = 'requested'
         FROM (SELECT coalesce(NEW.name, OLD.name) AS name,
                      coalesce(NEW.verification_id, OLD.verification_id) AS verification_id) r)
        """,
    ),
    "contact_submissions": (
        "INSERT",
        """
        NEW.source = 'customer' AND NEW.result = 'pending' AND NEW.attempts = 0
          AND NEW.judged_at IS NULL AND NEW.leased_until IS NULL
          AND (NEW.kind = 'opened' AND verifier_state_of(NEW.verification_id) IN ('requested', 'submitted')
               OR NEW.kind IN ('begin', 'guess', 'address', 'look', 'signature')
                 AND verifier_state_of(NEW.verification_id) = 'requested')
        """,
    ),
    "exits": ("UPDATE", "OLD.used_at IS NULL AND NEW.used_at IS NOT NULL"),
    "offers": (
        "INSERT OR UPDATE",
        "verifier_state_of(NEW.verification_id) = 'requested' AND (TG_OP = 'UPDATE' OR NEW.skipped::jsonb = '[]')",
    ),
    "notices": (
        "UPDATE",
        """
        verifier_state_of(OLD.verification_id) = 'withdrawn' AND OLD.sent_at IS NULL AND OLD.failed_at IS NULL
          AND NEW.sealed IS NULL AND NEW.failed_at IS NOT NULL AND NEW.failure = 'dropped' AND NEW.leased_until IS NULL
        """,
    ),
    # A leaf is what is signed, so it is the leaf that must say no more than this tier may.
    "entries": (
        "INSERT",
        """
        (SELECT NEW.kind = leaf->>'kind' AND NEW.verification_id IS NOT NULL
           AND NEW.verification_id = leaf->>'verification'
           AND NEW.document_id IS NOT DISTINCT FROM leaf->>'document' AND NEW.actor IS NOT DISTINCT FROM leaf->>'actor'
           AND coalesce(NEW.actor, 'customer') = 'customer'
           AND verifier_state_of(NEW.verification_id) IS NOT NULL
           AND (NEW.document_id IS NULL OR EXISTS (
                  SELECT FROM documents d WHERE d.id = NEW.document_id AND d.verification_id = NEW.verification_id))
           AND (NEW.kind IN ('link.opened', 'document.sealed', 'details.given', 'exit.used', 'proof.chosen',
                             'hold.placed')
                OR NEW.kind = 'verification.moved' AND leaf->>'to_state' IN ('submitted', 'withdrawn'))
         FROM (SELECT convert_from(NEW.leaf, 'UTF8')::jsonb AS leaf) l)
        """,
    ),
}


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    is_kept = True if is_postgresql else None  # SQLite adds only such as are worked out when they are read
    untold = sa.Computed("digest IS NOT NULL AND sealed IS NULL", persisted=is_kept)
    size = sa.Computed("length(sealed)", persisted=is_kept)
    op.add_column("contact_points", sa.Column("is_untold", sa.Boolean(), untold, nullable=False))
    op.add_column("contact_submissions", sa.Column("sealed_bytes", sa.Integer(), size, nullable=True))
    if is_postgresql:
        _add_guards()


def _add_guards() -> None:
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for function in (_IS_CUSTOMER, _STATE_OF, _KEPT_BY_LAW):
        _run(function.format(schema=schema))
    for table, (events, condition) in _GUARDS.items():
        _run(
            f"CREATE FUNCTION verifier_guard_{table}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = {schema}, pg_temp AS $$ BEGIN "
            f"IF verifier_is_customer() THEN IF ({condition}) IS NOT TRUE THEN {_REFUSE} END IF; END IF; "
            "RETURN coalesce(NEW, OLD); END $$"
        )
        _run(
            f"CREATE TRIGGER verifier_guard BEFORE {events} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION verifier_guard_{table}()"
        )


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
