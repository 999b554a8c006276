"""An installation for the customers' tier to attack: with its user in the database, whatever is asked is tried.

Guarantees: nothing that an attempt does stays; what is refused is refused for want of a right, or the attempt was none.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from fastapi.testclient import TestClient
from psycopg.sql import SQL, Composed, Identifier

from policies.access import Role
from tests.case_policies import FOLDER
from tests.journey import Desk, make_jpeg, open_desk
from tests.servers.databases import PostgresDatabases
from tests.workers_by_hand import Work
from verifier.app import create_app
from verifier.db.base import Base
from verifier.db.clock import MovedClock
from verifier.db.migrations.grants import GRANTS
from verifier.sanitise.decoder import Decoder
from verifier.settings import Settings
from verifier.staff import service as staff
from verifier.wiring import House, open_house, open_workshop

LOGIN: Final = "verifier_customer_login"
NO_RIGHT: Final = "42501"
ELSE_REFUSED: Final = {"428C9", "25001"}
"""A column that the database works out itself; what is never done inside a transaction."""

NOW: Final = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
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


@contextmanager
def open_prey(postgres: PostgresDatabases, home: Path, decoder: Decoder) -> Iterator[Prey]:
    with postgres.database() as url:
        settings = Settings(
            home=home,
            policies_folder=FOLDER,
            database_url=url,
            database_password_file=postgres.server.password_file,
        )
        house = open_house(settings)
        work = Work(open_workshop(house, decoder=decoder), MovedClock())
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
