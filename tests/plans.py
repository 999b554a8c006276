"""How SQLite finds what it is asked for: by an index, or by walking a table, which a million rows make slow."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event

from verifier.db.base import Base
from verifier.wiring import House

_PARTIAL: Final = {
    index.name
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}


@contextmanager
def noting_statements(house: House) -> Iterator[list[tuple[str, Any]]]:
    """What SQLAlchemy runs meanwhile, with its parameters."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        statements.append((statement, parameters))

    event.listen(house.database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(house.database.engine, "before_cursor_execute", note)


def plan(house: House, statements: Sequence[tuple[str, Any]]) -> list[str]:
    """Each step of each statement, in the words of SQLite (`EXPLAIN QUERY PLAN`)."""
    with house.database.read() as session:
        return [
            str(step[3])
            for statement, parameters in statements
            for step in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def find_walked(steps: Sequence[str]) -> set[str]:
    """The tables that are walked from their first row to their last, also in the order of an index.

    What stands in an index over some rows only is what is asked for, however much there is beside it.
    """
    scans = [re.fullmatch(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step) for step in steps]
    return {scan[1] for scan in scans if scan is not None and scan[2] not in _PARTIAL}
