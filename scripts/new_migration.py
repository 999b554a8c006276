"""Write the next migration: what the tables say and the newest schema does not.

Run it as `python scripts/new_migration.py WORDS`, then read what it wrote.
"""

import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config

import verifier
from verifier.db.base import Base, Instant
from verifier.db.engine import open_sqlite
from verifier.db.schema import MIGRATIONS, upgrade_schema


def import_tables() -> None:
    """Import every room's `tables.py`, so that the one metadata knows them all."""
    for room in pkgutil.iter_modules(verifier.__path__, "verifier."):
        if room.ispkg and any(module.name == "tables" for module in _modules_of(room.name)):
            importlib.import_module(f"{room.name}.tables")


def _modules_of(room: str) -> list[pkgutil.ModuleInfo]:
    return list(pkgutil.iter_modules(importlib.import_module(room).__path__))


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Migrations stand alone: our column type is written as what it is stored as."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def main() -> int:
    import_tables()
    with tempfile.TemporaryDirectory() as folder:
        database = open_sqlite(Path(folder) / "schema.sqlite")
        upgrade_schema(database)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with database.write() as session:
            config.attributes.update(connection=session.connection(), metadata=Base.metadata, render_item=render_item)
            count = len(list((MIGRATIONS / "versions").glob("[0-9]*.py"))) + 1
            command.revision(config, " ".join(sys.argv[1:]), autogenerate=True, rev_id=f"{count:04d}")
        database.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
