"""On PostgreSQL: bounds for what a user of the role `verifier_customer` writes where the guards of 0008 let it write.

Times that are told are those of the database's clock, give or take a minute; times that are planned keep to the policy
of their verification; an entry of the log is, letter for letter, one that the catalogue has (`verifier.audit.leaf`).
Also an index, for finding an end that was left half done.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FUNCTIONS: Final = (
    """
    verifier_now() RETURNS bigint LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$
    """,
    """
    verifier_is_now(moment bigint) RETURNS boolean LANGUAGE sql VOLATILE SET search_path = {schema}, pg_temp
    AS $$ SELECT moment BETWEEN verifier_now() - 60000000 AND verifier_now() + 60000000 $$
    """,
    """
    verifier_time_text(moment bigint) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
      SELECT to_char(timestamp '1970-01-01' + (moment::text || ' microseconds')::interval,
                     'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$
    """,
    """
    verifier_policy_of(verification text) RETURNS text LANGUAGE sql STABLE SET search_path = {schema}, pg_temp AS $$
      SELECT p.canonical FROM verifications v JOIN policy_versions p ON p.version = v.policy_version
      WHERE v.id = verification $$
    """,
    # In microseconds, and a day more: months differ in length.
    """
    verifier_period_of(verification text, name text) RETURNS bigint LANGUAGE sql STABLE
    SET search_path = {schema}, pg_temp AS $$
      SELECT ((extract(epoch FROM (verifier_policy_of(verification)::jsonb #>> ARRAY['retention', name])::interval)
               + 86400) * 1000000)::bigint $$
    """,
)

_ENVELOPE: Final = r'"v":1,"verification":"ver_[a-z2-7]{26}"\}$'
_AT: Final = r'"at":"[0-9T:.-]{26}Z"'
_CUSTOMER: Final = r'^\{"actor":"customer",' + _AT
_STATE: Final = "(requested|submitted|second_review|approved|rejected|cancelled|withdrawn|expired)"
_CODE: Final = '"[a-z][a-z0-9_-]{0,63}"'
_SLOT: Final = r'"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}"'
_LINE: Final = "([0-9]|[1-9][0-9])"
_WHY: Final = "(no_contact_point|not_offered|contact_changed_recently|check_failed|chose_another)"
_SKIPPED: Final = r'\{"line":' + _LINE + ',"why":"' + _WHY + r'"\}'


def _list(item: str) -> str:
    return rf"\[({item}(,{item})*)?\]"


# The canonical form of each kind that this tier writes: its fields in their order, and nothing between them.
_LEAVES: Final = {
    "link.opened": rf'^\{{{_AT},"generation":([1-9][0-9]{{0,5}}|1000000),"kind":"link\.opened",',
    "verification.moved": _CUSTOMER
    + rf',"from_state":"{_STATE}","kind":"verification\.moved",'
    + r'"reasons":\[("rather_not"|"not_me")?\],"to_state":"(submitted|withdrawn)",',
    "document.sealed": _CUSTOMER
    + r',"ciphertext_bytes":(0|[1-9][0-9]{0,14}),"ciphertext_digest":"[0-9a-f]{64}","copy":"cpy_[a-z2-7]{26}",'
    + r'"document":"doc_[a-z2-7]{26}","kind":"document\.sealed",',
    "details.given": rf'^\{{{_AT},"captions":{_list(_SLOT)},"details":{_list(_CODE)},"kind":"details\.given",',
    "exit.used": rf'^\{{{_AT},"kind":"exit\.used","state":"{_STATE}",',
    "proof.chosen": rf'^\{{{_AT},"kind":"proof\.chosen","line":{_LINE},"skipped":{_list(_SKIPPED)},',
    "hold.placed": rf'^\{{{_AT},"class":"(documents|details|contact_points)","ends_at":"[0-9T:.-]{{26}}Z",'
    rf'"kind":"hold\.placed","reason":{_CODE},',
}
_FORMS: Final = " ".join(f"WHEN '{kind}' THEN '{form}{_ENVELOPE}'" for kind, form in _LEAVES.items())

# What must hold beside the guard of 0008. `verifier_is_now` knows nothing of NULL: then neither holds, and it is
# refused.
_BOUNDS: Final = {
    "verifications": (
        "UPDATE",
        """
        (NEW.opened_at IS NOT DISTINCT FROM OLD.opened_at OR verifier_is_now(NEW.opened_at))
        AND (NEW.submitted_at IS NOT DISTINCT FROM OLD.submitted_at OR verifier_is_now(NEW.submitted_at))
        AND (NEW.answer_by IS NOT DISTINCT FROM OLD.answer_by OR NEW.answer_by >= NEW.submitted_at)
        AND (NEW.ended_at IS NULL OR verifier_is_now(NEW.ended_at)
             AND NEW.forget_by <= NEW.ended_at + verifier_period_of(NEW.id, 'forget_rows_after'))
        """,
    ),
    "verification_keys": (
        "UPDATE",
        "NEW.forget_unheld_by IS NOT DISTINCT FROM CASE WHEN NEW.shred_by = 0 THEN NULL ELSE 0 END",
    ),
    "holds": (
        "INSERT",
        """
        NEW.ends_at > NEW.placed_at AND verifier_is_now(NEW.placed_at)
        AND verifier_kept_by_law(NEW.verification_id, NEW.data) > 0
        """,
    ),
    "customer_sessions": ("INSERT", "verifier_is_now(NEW.created_at)"),
    "documents": (
        "INSERT OR UPDATE",
        """
        CASE TG_OP WHEN 'INSERT' THEN verifier_is_now(NEW.created_at) AND verifier_is_now(NEW.writer_until)
        ELSE (NEW.writer_until = OLD.writer_until OR verifier_is_now(NEW.writer_until))
          AND (NEW.sealed_at IS NOT DISTINCT FROM OLD.sealed_at OR verifier_is_now(NEW.sealed_at)) END
        """,
    ),
    "copies": ("INSERT OR UPDATE", "NEW.stored_at IS NULL OR verifier_is_now(NEW.stored_at)"),
    "obligations": (
        "INSERT OR UPDATE",
        """
        CASE WHEN TG_OP = 'INSERT' THEN
          NEW.due_since = NEW.destroy_by
          AND NEW.destroy_by <= (SELECT d.created_at FROM documents d WHERE d.id = NEW.document_id)
                                + verifier_period_of(NEW.verification_id, 'unfinished_upload_for')
        WHEN OLD.destroy_by = 0 THEN NEW.due_since = OLD.due_since
        WHEN NEW.destroy_by = 0 THEN verifier_is_now(NEW.due_since)
        ELSE NEW.rule = 'withdrawn' OR OLD.destroy_by > verifier_now() - 60000000 END
        """,
    ),
    "sealed_values": ("INSERT OR UPDATE", "verifier_is_now(NEW.created_at)"),
    "contact_submissions": ("INSERT", "verifier_is_now(NEW.created_at)"),
    "exits": (
        "UPDATE",
        """
        verifier_is_now(NEW.used_at)
        AND verifier_state_of(NEW.verification_id) IN ('approved', 'rejected', 'cancelled', 'withdrawn', 'expired')
        """,
    ),
    "offers": ("INSERT OR UPDATE", "TG_OP = 'UPDATE' OR verifier_is_now(NEW.planned_at)"),
    "notices": ("UPDATE", "verifier_is_now(NEW.failed_at)"),
    # Whatever names something is a word of the policy: so nothing of anybody fits in.
    "entries": (
        "INSERT",
        """
        CASE WHEN verifier_is_now(NEW.recorded_at) AND octet_length(NEW.leaf) <= 16384
                  AND encode(NEW.leaf, 'escape') ~ CASE NEW.kind {forms} END THEN
          (SELECT leaf->>'at' = verifier_time_text(NEW.recorded_at)
             AND (NEW.kind != 'verification.moved' OR leaf->>'to_state' = verifier_state_of(NEW.verification_id))
             AND (NEW.kind != 'hold.placed' OR EXISTS (
                    SELECT FROM holds h WHERE h.verification_id = NEW.verification_id AND h.data = leaf->>'class'
                      AND h.reason = leaf->>'reason' AND verifier_time_text(h.ends_at) = leaf->>'ends_at'))
             AND jsonb_array_length(coalesce(leaf->'details', '[]')) <= 1000
             AND jsonb_array_length(coalesce(leaf->'captions', '[]')) <= 1000
             AND NOT EXISTS (
                   SELECT FROM jsonb_array_elements_text(
                     coalesce(leaf->'details', '[]') || coalesce(leaf->'captions', '[]')) AS name,
                     regexp_split_to_table(name, '[.]') AS word
                   WHERE position('"' || word || '"' IN verifier_policy_of(NEW.verification_id)) = 0)
           FROM (SELECT convert_from(NEW.leaf, 'UTF8')::jsonb AS leaf) l)
        END
        """.replace("{forms}", _FORMS),
    ),
}


def upgrade() -> None:
    unended = sa.text("shred_by IS NULL")
    op.create_index(
        "ix_verification_keys_unended",
        "verification_keys",
        ["verification_id"],
        sqlite_where=unended,
        postgresql_where=unended,
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    schema = str(op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())")))
    for function in _FUNCTIONS:
        _run(f"CREATE FUNCTION {function.replace('{schema}', schema)}")
    for table, (events, condition) in _BOUNDS.items():
        _run(
            f"CREATE FUNCTION verifier_bound_{table}() RETURNS trigger LANGUAGE plpgsql "
            f"SET search_path = {schema}, pg_temp AS $$ BEGIN IF verifier_is_customer() THEN "
            f"IF ({condition}) IS NOT TRUE THEN RAISE insufficient_privilege USING MESSAGE = "
            "'the customers'' tier may not write this'; END IF; END IF; RETURN coalesce(NEW, OLD); END $$"
        )
        _run(
            f"CREATE TRIGGER verifier_bound BEFORE {events} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION verifier_bound_{table}()"
        )


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
