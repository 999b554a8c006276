"""How SQLite finds what it is asked for: by an index, or by walking a table, which a million rows make slow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from verifier.wiring import House


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
    """What is walked from its first row to its last."""
    return {step.removeprefix("SCAN ") for step in steps if step.startswith("SCAN ")}
