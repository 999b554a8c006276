"""P2, attacked: with the customers' tier's whole environment and credentials, everything that it must not do is tried.

Tables, columns and functions are taken from the database itself, so that a new one is tried by default. What a guard
lets through for a row of this tier's own is rolled back; at the end everything stands as it stood.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient
from psycopg.sql import SQL, Composed, Identifier

from policies.access import Role
from tests.case_policies import FOLDER
from tests.journey import Desk, make_jpeg, open_desk
from tests.servers.databases import PostgresDatabases
from tests.servers.radosgw import add_user
from tests.servers.store import Store
from tests.unit.test_audit_catalogue import EXAMPLES
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.audit.catalogue import EntryKind
from verifier.audit.leaf import Statement
from verifier.db.base import EPOCH, Base
from verifier.db.clock import MovedClock
from verifier.db.migrations.grants import GRANTS
from verifier.evidence.life import DocumentState
from verifier.ids import InstallationId, new_copy_id, new_document_id, new_installation_id, new_verification_id
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.staff import service as staff
from verifier.vault.aws import Access, open_s3
from verifier.vault.errors import ObjectExistsError, StoreUnavailableError
from verifier.vault.objects import ObjectKey
from verifier.vault.s3_bucket import Bucket
from verifier.vault.s3_objects import S3Objects
from verifier.vault.s3_spool import SpoolRoom
from verifier.vault.s3_trial import find_allowed
from verifier.verifications.life import VerificationState
from verifier.wiring import House, open_house, open_workshop

POLICIES: Final = Path(__file__).parents[2] / "deploy" / "s3"
LOGIN: Final = "verifier_customer_login"
NEVER_READ: Final = {
    *("sealed_values.sealed", "contact_points.sealed", "contact_points.digest", "contact_submissions.sealed"),
    *("notices.sealed", "exits.sealed", "contact_checks.code_digest", "contact_checks.code_sealed"),
    *("api_keys.secret_digest", "staff_sessions.token_digest", "staff_invites.token_digest"),
}
NO_RIGHT: Final = "42501"
ELSE_REFUSED: Final = {"428C9", "25001"}
"""A column that the database works out itself; what is never done inside a transaction."""

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_YEAR: Final = int(timedelta(days=365).total_seconds() * 1_000_000)
_FILL: Final = (
    "INSERT INTO exits (token_digest, verification_id, sealed, told) VALUES ('x', %(v)s, '\\x01', '{}')",
    "INSERT INTO contact_points (verification_id, contact, sealed, tries) VALUES (%(v)s, 'email', '\\x01', 0)",
    (
        "INSERT INTO contact_checks (id, verification_id, contact, method, state, reasons, tries, sends, created_at) "
        "VALUES ('chk', %(v)s, 'email', 'code', 'open', '[]', 0, 1, 1)"
    ),
    (
        "INSERT INTO contact_submissions (id, verification_id, check_id, contact, method, kind, source, result, "
        "created_at, attempts) VALUES ('sub', %(v)s, 'chk', 'email', 'code', 'guess', 'customer', 'pending', 1, 0)"
    ),
    (
        "INSERT INTO notices (id, verification_id, channel, kind, sealed, created_at, not_before, send_by, attempts) "
        "VALUES ('ntc', %(v)s, 'email', 'code', '\\x01', 1, 1, 2, 0)"
    ),
    (
        "INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) "
        "VALUES ('hld', %(v)s, 'documents', 'law', 1, 2)"
    ),
    "INSERT INTO offers (verification_id, lines, skipped, planned_at) VALUES (%(v)s, '[0]', '[]', 1)",
    "INSERT INTO sealed_values (verification_id, name, sealed, created_at) VALUES (%(v)s, 'note.1', '\\x01', 1)",
    "INSERT INTO staff_invites (token_digest, staff_id, expires_at) SELECT '\\x02', id, 1 FROM staff",
    "INSERT INTO seen_once VALUES ('message', 'x', 1, 2)",
    "INSERT INTO send_counts VALUES ('x', 1, 1, 1, 2)",
    "INSERT INTO orphans VALUES ('objects', 'x', 1)",
)

Attempt = str | Composed
Attempts = Mapping[str, Attempt]


@dataclass(frozen=True)
class Prey:
    """An installation with something in every table: one verification decided, one in review, one just asked for."""

    house: House
    desk: Desk
    work: Work
    databases: PostgresDatabases
    url: str
    attacker: psycopg.Connection
    """Nothing is committed on it."""
    decided: str
    in_review: str
    asked: str

    def dump(self) -> dict[str, list[Any]]:
        """Everything that stands in the database, by table."""
        with self.databases.server.connect(self.url.rsplit("/", 1)[1]) as owner:
            tables = sorted(Base.metadata.tables)
            return {
                table: sorted(map(repr, owner.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()))
                for table in tables
            }


@pytest.fixture(scope="module")
def prey(
    postgres: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory, shared_decoder: Decoder
) -> Iterator[Prey]:
    with postgres.database() as url:
        settings = Settings(
            home=tmp_path_factory.mktemp("home") / "home",
            policies_folder=FOLDER,
            database_url=url,
            database_password_file=postgres.server.password_file,
        )
        house = open_house(settings)
        work = Work(open_workshop(house, decoder=shared_decoder), MovedClock())
        with TestClient(create_app(house), base_url=settings.public_url) as client:
            desk = open_desk(house, client)
            address = url.replace("://postgres@", f"://{LOGIN}@")
            with psycopg.connect(address, password=postgres.server.password) as attacker:
                yield _lay_out(house, desk, work, postgres, url, attacker)
        house.close()


def _lay_out(
    house: House, desk: Desk, work: Work, databases: PostgresDatabases, url: str, attacker: psycopg.Connection
) -> Prey:
    with house.database.write() as session:
        now = house.clock.now(session)
        staff.redeem_invite(
            session, now, staff.invite(session, now, name="Rae", roles=[Role.REVIEWER], actor="operator")
        )
    decided, _ = desk.submitted(work, reference="CASE-D")
    assert desk.reviewer().review(decided["id"]) == "approved"
    work()
    in_review, _ = desk.submitted(work, reference="CASE-R", expected={"full_name": "Jo Doe"})
    desk.reviewer().claim(in_review["id"])
    asked = desk.request(reference="CASE-A")
    desk.customer(asked).upload("diploma.all_pages", make_jpeg(width=320, height=240))
    work()
    with databases.server.connect(url.rsplit("/", 1)[1]) as owner:
        for statement in _FILL:
            owner.execute(statement, {"v": in_review["id"]})
    return Prey(house, desk, work, databases, url, attacker, decided["id"], in_review["id"], asked["id"])


@pytest.fixture(scope="module", autouse=True)
def unchanged(prey: Prey) -> Iterator[None]:
    before = prey.dump()
    assert [table for table, rows in before.items() if not rows] == ["idempotency_keys"]
    yield
    assert prey.dump() == before, "after all attacks everything stands as it stood"


def try_it(prey: Prey, attempt: Attempt, values: Sequence[object] | None = None) -> str:
    """The database's code for refusing what was asked; "" where it did it. Taken back in any case."""
    try:
        prey.attacker.execute(attempt, values)
        prey.attacker.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        return error.sqlstate or "?"
    finally:
        prey.attacker.rollback()
    return ""


def is_done(prey: Prey, attempt: Attempt, values: Sequence[object] | None = None) -> bool:
    """Whether the database did it. Whatever it did not do it must have refused for want of a right."""
    code = try_it(prey, attempt, values)
    assert code in {"", NO_RIGHT, *ELSE_REFUSED}, f"an attempt that nobody could make: {code} {attempt!r}"
    return code == ""


def done(prey: Prey, attempts: Attempts) -> list[str]:
    return [name for name, attempt in attempts.items() if is_done(prey, attempt)]


def list_columns(prey: Prey) -> list[tuple[str, str]]:
    with prey.databases.server.connect(prey.url.rsplit("/", 1)[1]) as owner:
        found = owner.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
    return [(str(table), str(column)) for table, column in found]


def read_given(right: str) -> set[str]:
    """The columns for which the table of grants gives the customers' role a right; "*" for all of a table."""
    given = set()
    for grant in GRANTS["customer"]:
        for table in grant.tables.split() if right in grant.rights else ():
            given |= {f"{table}.{column.strip()}" for column in (grant.columns or "*").split(",")}
    return given


def is_given(name: str, given: set[str]) -> bool:
    return name in given or f"{name.partition('.')[0]}.*" in given


def each_column(prey: Prey, statement: str) -> dict[str, Attempt]:
    return {
        f"{table}.{column}": SQL(statement).format(t=Identifier(table), c=Identifier(column))
        for table, column in list_columns(prey)
    }


def each_table(prey: Prey, statement: str) -> dict[str, Attempt]:
    tables = sorted({table for table, _ in list_columns(prey)})
    return {table: SQL(statement).format(t=Identifier(table)) for table in tables}


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


@pytest.mark.parametrize("to", VerificationState)
def test_a_verification_goes_nowhere_but_on_or_away(prey: Prey, to: VerificationState) -> None:
    ended = f", ended_at = {NOW}, forget_by = {NOW}"
    submitted = f", submitted_at = {NOW}, answer_by = undecided_by"
    moved = []
    for verification, state in ((prey.decided, "approved"), (prey.in_review, "submitted"), (prey.asked, "requested")):
        for beside in ("", ended, submitted, ended + submitted):
            statement = f"UPDATE verifications SET state = '{to}', reasons = '[]'{beside} WHERE id = '{verification}'"
            if state != to and is_done(prey, statement):
                moved.append((state, beside))
    allowed = {
        VerificationState.SUBMITTED: [("requested", submitted)],
        VerificationState.WITHDRAWN: [("submitted", ended), ("requested", ended)],
    }
    assert moved == allowed.get(to, [])


def test_a_verification_that_stays_where_it_is_does_not_change(prey: Prey) -> None:
    attempts = {
        column: f"UPDATE verifications SET {column} = 1 WHERE id = '{prey.asked}'"
        for column in ("submitted_at", "answer_by", "ended_at", "forget_by", "opened_at", "generation", "undecided_by")
    }
    assert done(prey, attempts | {"reasons": "UPDATE verifications SET reasons = '[\"key_lost\"]'"}) == []


@pytest.mark.parametrize("to", DocumentState)
def test_a_document_that_is_there_stays_as_it_is(prey: Prey, to: DocumentState) -> None:
    for verification in (prey.decided, prey.in_review):
        assert not is_done(prey, f"UPDATE documents SET state = '{to}' WHERE verification_id = '{verification}'")
    is_taken_back = is_done(prey, f"UPDATE documents SET state = '{to}' WHERE verification_id = '{prey.asked}'")
    assert is_taken_back == (to is DocumentState.DISPOSING)


def test_no_copy_is_put_in_the_place_of_another_or_beside_it(prey: Prey) -> None:
    """So that nobody else opens, for this tier, what it wrote under another's name."""
    found = prey.attacker.execute(
        "SELECT id, state FROM documents WHERE verification_id = ANY(%s)", ([prey.asked, prey.in_review],)
    ).fetchall()
    prey.attacker.rollback()
    attempts = {
        "digest": "UPDATE copies SET ciphertext_digest = repeat('0', 64), ciphertext_bytes = 9",
        "page": "UPDATE copies SET page = 1",
    }
    for document, _ in found:
        for name, page in (("original", "NULL"), ("page-1", "1"), ("page-2", "2")):
            attempts[f"{document} {name}"] = (
                "INSERT INTO copies (id, document_id, verification_id, name, page) SELECT "
                f"'{new_copy_id()}', id, verification_id, '{name}', {page} FROM documents WHERE id = '{document}'"
            )
    assert len(attempts) >= 8
    assert done(prey, attempts) == []


def test_nothing_is_put_off_kept_or_called_destroyed(prey: Prey) -> None:
    attempts: dict[str, Attempt] = {}
    for name, verification in (("decided", prey.decided), ("review", prey.in_review), ("asked", prey.asked)):
        where = f"WHERE verification_id = '{verification}'"
        attempts |= {
            f"{name}: put off": f"UPDATE obligations SET destroy_by = destroy_by + {_YEAR}, "
            f"due_since = destroy_by + {_YEAR} {where}",
            f"{name}: never again": f"UPDATE obligations SET leased_until = 9000000000000000, attempts = 9 {where}",
            f"{name}: as if withdrawn": f"UPDATE obligations SET rule = 'withdrawn', destroy_by = {_YEAR * 90}, "
            f"due_since = {_YEAR * 90} {where}",
            f"{name}: at once": f"UPDATE obligations SET destroy_by = 0 {where}",
            f"{name}: key": f"UPDATE verification_keys SET shred_by = 0, leased_until = NULL, attempts = 0 {where}",
            f"{name}: key kept": f"UPDATE verification_keys SET shred_by = {_YEAR * 90}, attempts = 0 {where}",
            f"{name}: key leased": f"UPDATE verification_keys SET leased_until = 9000000000000000 {where}",
            f"{name}: hold": "INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) "
            f"VALUES ('h', '{verification}', 'documents', 'x', 1, 2)",
        }
    assert done(prey, attempts) == []


def test_a_withdrawal_keeps_nothing(prey: Prey) -> None:
    """Not even one of its own: what it ends goes at once, unless a law of the policy says otherwise."""
    of = f"WHERE verification_id = '{prey.asked}'"
    for attempt in (
        (
            f"INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) SELECT 'h', id, 'documents', "
            f"'x', ended_at, ended_at + 1 FROM verifications WHERE id = '{prey.asked}'"
        ),
        (
            f"INSERT INTO holds (id, verification_id, data, reason, placed_at, ends_at) SELECT 'h', id, 'documents', "
            f"'x', ended_at, ended_at FROM verifications WHERE id = '{prey.asked}'"
        ),
        f"UPDATE verification_keys SET shred_by = {_YEAR * 90}, attempts = 0 {of}",
        f"UPDATE verification_keys SET shred_by = 0, forget_unheld_by = {_YEAR * 90}, attempts = 0 {of}",
        f"UPDATE obligations SET rule = 'withdrawn', destroy_by = {_YEAR * 90}, due_since = {_YEAR * 90} {of}",
        f"UPDATE verifications SET state = 'requested', ended_at = NULL, forget_by = NULL WHERE id = '{prey.asked}'",
    ):
        withdrawn = f"UPDATE verifications SET state = 'withdrawn', ended_at = {NOW}, forget_by = {NOW}"
        assert not is_done(prey, f"{withdrawn} WHERE id = '{prey.asked}'; {attempt}")


def say(kind: EntryKind, at: datetime, fields: Mapping[str, Any]) -> bytes:
    return Statement(kind, at, fields).encode()


def write_entry(of: str, kind: str, leaf: bytes, *, at: datetime | int, document: str = "", actor: str = "") -> str:
    """The statement that writes an entry, whatever it says."""
    recorded = at if isinstance(at, int) else (at - EPOCH) // timedelta(microseconds=1)
    named = [f"'{value}'" if value else "NULL" for value in (kind, of, document, actor)]
    return (
        "INSERT INTO entries (kind, verification_id, document_id, actor, recorded_at, leaf) "
        f"VALUES ({', '.join(named)}, {recorded}, '\\x{leaf.hex()}')"
    )


def find_own_document(prey: Prey) -> str:
    found = prey.attacker.execute("SELECT id FROM documents WHERE verification_id = %s", (prey.asked,)).fetchone()
    prey.attacker.rollback()
    assert found is not None
    return str(found[0])


@pytest.mark.parametrize("kind", EntryKind)
def test_no_entry_of_the_log_is_forged(prey: Prey, kind: EntryKind) -> None:
    """What is logged is the leaf: neither its row nor its leaf may say what only others say."""
    allowed = {"link.opened", "document.sealed", "details.given", "exit.used", "proof.chosen"}
    document, example = find_own_document(prey), EXAMPLES[kind]
    own = {"verification": prey.asked, "document": document, "actor": "customer", "details": [],
           "captions": ["diploma.all_pages"], "copy": new_copy_id()}  # fmt: skip
    fields = example | {name: value for name, value in own.items() if name in example}

    def write(said: str, **changed: str) -> bool:
        at = datetime.now(UTC)
        says = fields | changed
        leaf = say(kind, at, says)
        named = {name: str(says[name]) for name in ("document", "actor") if name in says}
        return is_done(prey, write_entry(prey.asked, said, leaf, at=at, **named))

    assert write(kind) == (kind in allowed)
    assert not write("link.opened") or kind == "link.opened"
    if "verification" in fields:
        assert not write(kind, verification=prey.decided)
    if "actor" in fields:
        assert not write(kind, actor="stf_" + "a" * 26)
    if "document" in fields:
        assert not write(kind, document=new_document_id())
    for to in VerificationState if "to_state" in fields else ():
        assert not write(kind, to_state=to), "it did not move there"


def test_a_leaf_is_to_the_letter_what_the_catalogue_has(prey: Prey) -> None:
    at = datetime.now(UTC)
    opened = say(EntryKind.LINK_OPENED, at, {"verification": prey.asked, "generation": 1})

    def tell(leaf: bytes, *, kind: str = "link.opened", recorded: datetime | int = at) -> bool:
        return is_done(prey, write_entry(prey.asked, kind, leaf, at=recorded))

    assert tell(opened)
    for forged in (
        opened.replace(b'"kind"', b'"jan_novak":1,"kind"'),
        opened.replace(b":1,", b": 1,"),
        opened + b" ",
        opened.replace(b'"generation":1', b'"generation":0'),
        opened.replace(b'"generation":1', b'"generation":"1"'),
        json.dumps(dict(reversed(json.loads(opened).items())), separators=(",", ":")).encode(),
        opened[:-1] + b"," * 70_000 + b"}",
    ):
        assert forged != opened
        assert not tell(forged)
    for other in (at - timedelta(minutes=2), at + timedelta(minutes=2), at + timedelta(seconds=1), 4 * 10**18, 0):
        assert not tell(opened, recorded=other), other
    given = say(EntryKind.DETAILS_GIVEN, at, {"verification": prey.asked, "details": ["jan_novak"], "captions": []})
    assert not tell(given, kind="details.given"), "no word of the policy"


WITHDRAWN: Final = "UPDATE verifications SET state = 'withdrawn', reasons = '[]', ended_at = {}, forget_by = {}"


def test_no_time_is_written_but_the_one_that_it_is(prey: Prey) -> None:
    """A time that nobody can read, or that never comes, would stop the log, the sweep or a disposal."""
    asked, review = f"'{prey.asked}'", f"'{prey.in_review}'"
    ended = f"{WITHDRAWN.format(NOW, NOW)} WHERE id IN ({asked}, {review}); "
    told = {
        "ended": f"{WITHDRAWN.format('{t}', '{t}')} WHERE id = {asked}",
        "submitted": f"UPDATE verifications SET state = 'submitted', reasons = '[]', submitted_at = {{t}}, "
        f"answer_by = undecided_by WHERE id = {asked}",
        "session": "INSERT INTO customer_sessions (token_digest, verification_id, generation, created_at) "
        f"SELECT 'x', id, generation, {{t}} FROM verifications WHERE id = {asked}",
        "detail": "INSERT INTO sealed_values (verification_id, name, sealed, created_at) "
        f"VALUES ({asked}, 'detail.x', '\\x01', {{t}})",
        "guess": "INSERT INTO contact_submissions (id, verification_id, contact, method, kind, source, result, "
        f"created_at, attempts) VALUES ('s', {asked}, 'email', 'code', 'guess', 'customer', 'pending', {{t}}, 0)",
        "offer": "INSERT INTO offers (verification_id, lines, skipped, planned_at) "
        f"VALUES ({asked}, '[0]', '[]', {{t}})",
        "exit": f"{ended}UPDATE exits SET used_at = {{t}} WHERE verification_id = {review}",
        "notice": f"{ended}UPDATE notices SET sealed = NULL, failed_at = {{t}}, failure = 'dropped' "
        f"WHERE verification_id = {review}",
        "due": f"{ended}UPDATE obligations SET rule = 'withdrawn', destroy_by = 0, due_since = {{t}}, "
        f"leased_until = NULL, attempts = 0 WHERE verification_id = {asked} AND closed_at IS NULL",
    }
    document = (
        "INSERT INTO documents (id, verification_id, document, slot, state, actor, media_type, reserved_bytes, "
        "created_at, writer_until, decodes, findings, attempts) VALUES "
        f"('{new_document_id()}', {asked}, 'diploma', 'all_pages', 'receiving', 'customer', 'image/jpeg', 1, "
    )
    told |= {"begun": f"{document}{{t}}, {NOW}, 0, '[]', 0)", "fence": f"{document}{NOW}, {{t}}, 0, '[]', 0)"}
    minutes = 60_000_000
    for name, statement in told.items():
        assert is_done(prey, statement.replace("{t}", NOW)), f"{name}: the attempt is real"
        for time in ("0", str(4 * 10**18), f"({NOW} - {2 * minutes})", f"({NOW} + {2 * minutes})"):
            assert not is_done(prey, statement.replace("{t}", time)), f"{name}: {time}"
    assert not is_done(prey, f"{WITHDRAWN.format(NOW, f'({NOW} + {_YEAR * 20})')} WHERE id = {asked}")
    assert not is_done(prey, f"UPDATE exits SET used_at = {NOW} WHERE verification_id = {review}"), "nobody left"


def test_nobody_is_written_to_and_nothing_is_judged_for_it(prey: Prey) -> None:
    columns = "id, verification_id, contact, method, kind, source, result, created_at, attempts"
    attempts: dict[str, Attempt] = {
        f"{source} {kind} {result}": f"INSERT INTO contact_submissions ({columns}) VALUES "
        f"('s', '{prey.asked}', 'email', 'code', '{kind}', '{source}', '{result}', {NOW}, 0)"
        for source, kind, result in (
            ("worker", "message", "pending"),
            ("customer", "message", "pending"),
            ("customer", "attestation", "pending"),
            ("key_agent", "guess", "pending"),
            ("customer", "guess", "noted"),
        )
    }
    attempts["notice"] = (
        "INSERT INTO notices (id, verification_id, channel, kind, sealed, created_at, not_before, send_by, attempts) "
        f"VALUES ('n', '{prey.asked}', 'email', 'code', '\\x01', 1, 1, 2, 0)"
    )
    attempts["dropped"] = "UPDATE notices SET sealed = NULL, failed_at = 1, failure = 'dropped'"
    attempts["swapped"] = "UPDATE notices SET sealed = '\\x02'"
    attempts["late"] = attempts["customer guess noted"].replace(prey.asked, prey.in_review)  # type: ignore[union-attr]
    assert done(prey, attempts) == []


def test_what_staff_wrote_is_neither_replaced_nor_deleted(prey: Prey) -> None:
    columns = "verification_id, name, sealed, created_at"
    insert = f"INSERT INTO sealed_values ({columns}) VALUES ('{{}}', '{{}}', '\\x01', {NOW})"
    attempts: dict[str, Attempt] = {
        f"{verification} {name}": insert.format(verification, name)
        for verification in (prey.asked, prey.in_review)
        for name in ("note.1", "note.2", "expected.full_name", "expected.x")
    }
    attempts["detail"] = insert.format(prey.in_review, "detail.paid_on")
    attempts["delete"] = f"DELETE FROM sealed_values WHERE verification_id = '{prey.in_review}'"
    attempts["replace"] = "UPDATE sealed_values SET sealed = '\\x02'"
    assert done(prey, attempts) == []


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


@pytest.fixture(scope="module")
def bucket(real_s3: Store) -> str:
    """A bucket whose policy is the one that we hand out."""
    name = real_s3.make_bucket()
    text = (POLICIES / "documents.json").read_text().replace("BUCKET", name).replace("ACCOUNT", "")
    real_s3.open_client().put_bucket_policy(Bucket=name, Policy=text)
    return name


@dataclass(frozen=True)
class Clients:
    """Who comes into the store, each with credentials of their own."""

    owner: Any
    customer: Any
    staff: Any


@pytest.fixture(scope="module")
def clients(real_s3: Store) -> Clients:
    files = [add_user(real_s3, f"verifier-{part}") for part in ("customer", "staff")]
    opened = [open_s3(Access("VERIFIER_DOCUMENTS", endpoint=real_s3.url, credentials_file=file)) for file in files]
    return Clients(real_s3.open_client(), *opened)


@pytest.fixture
def installation(bucket: str, clients: Clients) -> InstallationId:
    """Whose bucket it is now."""
    marked = new_installation_id()
    clients.owner.put_object(Bucket=bucket, Key="installation", Body=f"{marked}\n".encode())
    return marked


def test_in_the_bucket_nothing_but_putting_is_allowed(
    bucket: str, clients: Clients, installation: InstallationId
) -> None:
    assert list(find_allowed(clients.customer, bucket, installation)) == []
    assert {"read a document", "look at a document"} <= set(find_allowed(clients.staff, bucket, installation))
    by_owner = set(find_allowed(clients.owner, bucket, installation))
    assert {"list documents", "list versions", "delete a document"} <= by_owner, "the attempts were real"


def test_what_was_put_is_neither_read_nor_replaced(
    bucket: str, clients: Clients, installation: InstallationId, tmp_path: Path
) -> None:
    client, store = clients.customer, S3Objects(Bucket(clients.customer, bucket), SpoolRoom(tmp_path))
    key = ObjectKey(installation, new_verification_id(), new_document_id(), "original")
    put(store, key, b"first")
    with pytest.raises((ObjectExistsError, StoreUnavailableError)):
        put(store, key, b"second")
    for forbidden in (store.read, store.is_absent, store.delete):
        with pytest.raises(StoreUnavailableError):
            forbidden(key)
    signed = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key.to_text()})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(signed)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.put_object_acl(Bucket=bucket, Key=key.to_text(), ACL="public-read")
    assert clients.staff.get_object(Bucket=bucket, Key=key.to_text())["Body"].read() == b"first"


def put(store: S3Objects, key: ObjectKey, data: bytes) -> None:
    writer = store.create(key)
    writer.write(data)
    writer.commit()
