"""Opens the house for one command, and closes it again.

Guarantees: a process that may come near a key is hardened before anything is opened, and the house is closed however
the command ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from verifier.settings import load_settings

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from verifier.settings import Settings
    from verifier.wiring import House


@contextmanager
def opened_house() -> "Iterator[House]":
    """The house of this installation, as its settings say."""
    from verifier.wiring import open_house, parts_of_tier

    settings = _prepare()
    house = open_house(settings, parts=parts_of_tier(settings))
    try:
        yield house
    finally:
        house.close()


@contextmanager
def opened_house_alone() -> "Iterator[House]":
    """The same, with everybody else kept out. Raises `ConfigurationError` while somebody has the database open."""
    from verifier.db.opening import alone_with_database, open_database_alone
    from verifier.wiring import open_house, parts_of_tier

    settings = _prepare()
    with alone_with_database(settings):
        house = open_house(settings, parts=parts_of_tier(settings), open_database=open_database_alone)
        try:
            yield house
        finally:
            house.close()


def _prepare() -> "Settings":
    from verifier.address import at_address
    from verifier.sanitise.hardening import harden_process
    from verifier.telemetry import configure_logs

    configure_logs()
    harden_process()
    return at_address(load_settings())


@contextmanager
def reading_house() -> "Iterator[tuple[House, Session, datetime]]":
    """The house, one reading transaction, and its time."""
    with opened_house() as house, house.database.read() as session:
        yield house, session, house.clock.now(session)
