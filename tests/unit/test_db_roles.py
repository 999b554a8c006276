"""`verifier roles` on a real server: it lets in who is named, and nobody else."""

from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.servers.databases import PostgresDatabases, as_part
from verifier.db.opening import open_database
from verifier.db.roles import list_openings, make_roles
from verifier.db.trial import find_allowed
from verifier.errors import ConfigurationError
from verifier.settings import Settings


def settings_of(postgres: PostgresDatabases, url: str) -> Settings:
    return Settings(home=Path("nowhere"), database_url=url, database_password_file=postgres.server.password_file)


def test_a_database_that_is_open_to_all_is_refused_and_is_closed_by_making_the_roles(
    postgres: PostgresDatabases,
) -> None:
    with postgres.database() as url:
        name = url.rsplit("/", 1)[1]
        with postgres.server.connect() as owner:
            owner.execute(SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC").format(Identifier(name)))
        customer = open_database(settings_of(postgres, as_part(url, "customer")))
        allowed = list(find_allowed(customer))
        assert [what.split(" (")[0] for what in allowed] == [
            "make a temporary table", "share its database with every user of the server"
        ]  # fmt: skip
        owned = open_database(settings_of(postgres, url))
        assert make_roles(owned) == []
        assert list(find_allowed(customer)) == [], "and its own user still comes in"
        customer.close()
        owned.close()


def test_a_member_of_another_installation_does_not_come_in(postgres: PostgresDatabases) -> None:
    stranger = f"of_another_{postgres.server.port}"
    with postgres.database() as url, postgres.server.connect() as owner:
        made = SQL("CREATE USER {} PASSWORD {} IN ROLE verifier_staff")
        owner.execute(made.format(Identifier(stranger), postgres.server.password))
        try:
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(url.replace("//postgres@", f"//{stranger}@"), password=postgres.server.password)
        finally:
            owner.execute(SQL("DROP USER {}").format(Identifier(stranger)))


def test_whoever_does_not_own_the_database_is_told_what_to_run(postgres: PostgresDatabases) -> None:
    with postgres.database() as url:
        name = url.rsplit("/", 1)[1]
        with postgres.server.connect() as owner:
            owner.execute(SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(Identifier(name)))
        database = open_database(settings_of(postgres, as_part(url, "staff")))
        with pytest.raises(ConfigurationError, match=f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC"):
            make_roles(database)
        assert f"GRANT CONNECT ON DATABASE {name} TO verifier_log_login;" in " ".join(list_openings(database))
        database.close()
