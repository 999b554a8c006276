"""P2, attacked: with the customers' tier's whole environment and credentials, everything that it must not do is tried.

Tables, columns and functions are taken from the database itself, so that a new one is tried by default. What a guard
lets through for a row of this tier's own is rolled back; at the end everything stands as it stood. The same of rows
that it may write (`test_customer_rows`), of the log (`test_customer_entries`) and of the bucket
(`test_customer_bucket`).
"""

from typing import Final

import pytest
from psycopg.sql import SQL, Identifier

from tests.security.prey import LOGIN, NOW, Attempt, Prey, done, each_column, each_table, is_done, is_given, read_given
from verifier.db.migrations.grants import GRANTS

pytestmark = pytest.mark.usefixtures("unchanged")

NEVER_READ: Final = {
    *("sealed_values.sealed", "contact_points.sealed", "contact_points.digest", "contact_submissions.sealed"),
    *("notices.sealed", "exits.sealed", "contact_checks.code_digest", "contact_checks.code_sealed"),
    *("api_keys.secret_digest", "staff_sessions.token_digest", "staff_invites.token_digest"),
}


def test_no_column_is_read_that_is_not_given(prey: Prey) -> None:
    given = read_given("SELECT")
    read = done(prey, each_column(prey, "SELECT {c} FROM {t}"))
    assert [name for name in read if not is_given(name, given)] == []
    assert NEVER_READ & set(read) == set()
    assert len(read) > 50, "what it needs it reads"


def test_no_row_of_anybody_is_changed(prey: Prey) -> None:
    """Every column of every table, in all rows at once: some of them are no business of this tier's."""
    assert done(prey, each_column(prey, "UPDATE {t} SET {c} = {c}")) == []
    assert done(prey, each_column(prey, "UPDATE {t} SET {c} = NULL")) == []


def test_nothing_is_deleted_emptied_locked_or_altered(prey: Prey) -> None:
    for statement in (
        "DELETE FROM {t}",
        "TRUNCATE {t} CASCADE",
        "DROP TABLE {t} CASCADE",
        "ALTER TABLE {t} DISABLE TRIGGER ALL",
        "ALTER TABLE {t} OWNER TO CURRENT_USER",
        "GRANT ALL ON {t} TO CURRENT_USER",
        "CREATE RULE spy AS ON INSERT TO {t} DO NOTHING",
        "CREATE INDEX ON {t} ((1))",
        "COMMENT ON TABLE {t} IS 'x'",
    ):
        changed = each_table(prey, statement)
        assert [name for name in done(prey, changed) if not _is_granted(prey, name, statement)] == []


def _is_granted(prey: Prey, table: str, statement: str) -> bool:
    """`GRANT` of what one has not only warns: it counts as done where a right came of it."""
    if not statement.startswith("GRANT"):
        return False
    prey.attacker.execute(SQL("GRANT ALL ON {} TO CURRENT_USER").format(Identifier(table)))
    found = prey.attacker.execute("SELECT has_table_privilege(%s, 'DELETE, TRUNCATE')", (table,)).fetchone()
    prey.attacker.rollback()
    return found == (table == "sealed_values",)


def test_no_row_is_added_to_a_table_that_is_not_given(prey: Prey) -> None:
    given = {name.partition(".")[0] for name in read_given("INSERT")}
    copies = done(prey, each_table(prey, "INSERT INTO {t} SELECT * FROM {t}"))
    blanks = done(prey, each_table(prey, "INSERT INTO {t} DEFAULT VALUES"))
    assert (copies, blanks) == ([], [])
    assert not given & {"links", "staff_sessions", "api_keys", "decisions", "notices", "contact_checks", "log_head"}


def test_no_way_leads_around_the_rights(prey: Prey) -> None:
    attempts: dict[str, Attempt] = {
        f"role {part}": f"SET ROLE verifier_{part}" for part in GRANTS if part != "customer"
    }
    attempts |= {
        "owner": "SET ROLE postgres",
        "session": "SET SESSION AUTHORIZATION postgres",
        "replica": "SET session_replication_role = replica",
        "file": "SELECT pg_read_file('/etc/passwd')",
        "program": "COPY (SELECT 1) TO PROGRAM 'true'",
        "copy file": "COPY (SELECT 1) TO '/tmp/x'",
        "lo file": "SELECT lo_import('/etc/passwd')",
        "passwords": "SELECT rolpassword FROM pg_authid",
        "function": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "table": "CREATE TABLE t (i int)",
        "view": "CREATE VIEW v AS SELECT 1",
        "schema": "CREATE SCHEMA s",
        "role": "CREATE ROLE x",
        "member": f"GRANT verifier_staff TO {LOGIN}",
        "guard": "DROP FUNCTION verifier_is_customer() CASCADE",
        "other guard": "CREATE OR REPLACE FUNCTION verifier_is_customer() RETURNS bool LANGUAGE sql AS 'SELECT false'",
        "sequence": "SELECT setval('entries_id_seq', 1)",
        "extension": "CREATE EXTENSION dblink",
        "others": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND pid IS NULL",
        "wal": "SELECT pg_switch_wal()",
        "settings": "ALTER SYSTEM SET fsync = off",
    }
    assert [name for name in done(prey, attempts) if name != "others"] == []


@pytest.mark.parametrize(
    "deceive",
    [
        "CREATE TEMP TABLE verifications AS SELECT id, 'requested' AS state FROM public.verifications",
        "CREATE TEMP TABLE pg_roles AS SELECT 'nobody' AS rolname, 1::oid AS oid",
        (
            "CREATE TEMP TABLE pg_class AS SELECT 'public.verifications'::regclass::oid AS oid, r.oid AS relowner "
            "FROM pg_roles r WHERE rolname = current_user"
        ),
    ],
)
def test_a_table_of_ones_own_deceives_no_guard(prey: Prey, deceive: str) -> None:
    insert = (
        "INSERT INTO public.sealed_values (verification_id, name, sealed, created_at) "
        f"VALUES ('{prey.in_review}', 'detail.x', '\\x01', {NOW})"
    )
    database = prey.url.rsplit("/", 1)[1]
    assert not is_done(prey, deceive), "nobody makes temporary tables here"
    with prey.databases.server.connect(database) as owner:
        owner.execute(SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(Identifier(database)))
        try:
            assert is_done(prey, deceive)
            assert not is_done(prey, f"{deceive}; {insert}")
        finally:
            owner.execute(SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
    assert is_done(prey, insert.replace(prey.in_review, prey.asked)), "the guard lets its own through"
