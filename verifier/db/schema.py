"""The schema: brought to the newest version at start, forward only."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config

from verifier.db.engine import Database

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade_schema(database: Database) -> None:
    """Bring the database to the newest version; does nothing when it is there already. Safe twice at once."""
    with database.write() as session:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
