"""Statements that every request pays for: SQLAlchemy writes their SQL once, and the driver runs it.

What surrounds a small statement otherwise (building, events, contexts, rows) costs ten times what the database does for
it, and where many requests share one interpreter that is most of their time (docs/decisions/0015).

Guarantees: the SQL, the types, the transaction and the errors of `session.connection().execute`. Leaves to others: the
unit of work; nothing is flushed before, and no object is refreshed after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVarTuple, cast

from sqlalchemy import Column, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExecutionContext

Ts = TypeVarTuple("Ts")
_NOWHERE: Final = cast("ExecutionContext", None)  # ours take no context
_KEY: Final = "driver"
_Convert = Callable[[object], object]
_Row = tuple[object, ...]


class _Cursor(Protocol):
    """What both drivers return."""

    rowcount: int

    def fetchall(self) -> list[_Row]: ...


class _Driver(Protocol):
    """What both drivers' connections have beside PEP 249."""

    def execute(self, sql: str, values: Sequence[object] | Mapping[str, object]) -> _Cursor: ...


def lend_driver(driver: object) -> dict[str, object]:
    """The `info` of a session whose transaction the driver has begun already, and which joins it when it must."""
    return {_KEY: driver}


def find_driver(session: Session) -> _Driver | None:
    """What was lent to it."""
    return cast("_Driver | None", session.info.get(_KEY))


class Change:
    """An insert or an update by `bindparam`s; the columns that it is run with are always the same."""

    def __init__(self, statement: Insert | Update) -> None:
        self._statement: Final = statement
        self._plans: Final[dict[str, _Plan]] = {}

    def run(self, session: Session, values: Mapping[str, object]) -> int:
        """How many rows it hit. Raises: DBAPIError"""
        dialect = session.get_bind().dialect
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan_change(self._statement, dialect, tuple(values))
        return plan.run(session, values).rowcount


class Question(Generic[*Ts]):
    """A select of columns by `bindparam`s."""

    def __init__(self, statement: Select[*Ts]) -> None:
        self._statement: Final = statement
        self._plans: Final[dict[str, _Plan]] = {}

    def ask(self, session: Session, values: Mapping[str, object]) -> list[tuple[*Ts]]:
        """The rows. Raises: DBAPIError"""
        dialect = session.get_bind().dialect
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan_question(self._statement, dialect)
        return cast("list[tuple[*Ts]]", [plan.read(row) for row in plan.run(session, values).fetchall()])


@dataclass(frozen=True)
class _Plan:
    """One statement as one dialect writes it."""

    dialect: Dialect
    sql: str
    names: Sequence[str] | None  # in the order of the marks; `None` where the driver takes names
    fixed: Mapping[str, object]
    to_driver: Mapping[str, _Convert]
    from_driver: Sequence[tuple[int, _Convert]]

    def run(self, session: Session, given: Mapping[str, object]) -> _Cursor:
        values = {**self.fixed, **given}
        for name, convert in self.to_driver.items():
            values[name] = convert(values[name])
        driver = find_driver(session) or cast("_Driver", session.connection().connection.dbapi_connection)
        try:
            return driver.execute(self.sql, values if self.names is None else [values[name] for name in self.names])
        except self.dialect.loaded_dbapi.Error as error:
            base = self.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(
                self.sql, None, error, base, hide_parameters=True, dialect=self.dialect
            ) from error

    def read(self, row: _Row) -> _Row:
        values = list(row)
        for place, convert in self.from_driver:
            values[place] = convert(values[place])
        return tuple(values)


def _plan_question(statement: Select[*tuple[Any, ...]], dialect: Dialect) -> _Plan:
    types = [column.type.dialect_impl(dialect) for column in statement.selected_columns]
    reads = [column_type.result_processor(dialect, None) for column_type in types]
    compiled = statement.compile(dialect=dialect)
    return _plan(compiled, from_driver=[(place, read) for place, read in enumerate(reads) if read is not None])


def _plan_change(statement: Insert | Update, dialect: Dialect, columns: Sequence[str]) -> _Plan:
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    return _plan(compiled, defaults={column.key: _get_default(column) for column in compiled.insert_prefetch})


def _plan(
    compiled: SQLCompiler,
    *,
    defaults: Mapping[str, object] | None = None,
    from_driver: Sequence[tuple[int, _Convert]] = (),
) -> _Plan:
    assert "POSTCOMPILE" not in compiled.string, "a condition with a list has no fixed SQL"
    constants = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
    constants |= defaults or {}
    binds = {name: _to_driver(bind.type, compiled.dialect) for bind, name in compiled.bind_names.items()}
    return _Plan(
        dialect=compiled.dialect,
        sql=compiled.string,
        names=compiled.positiontup,
        fixed={name: binds[name](value) for name, value in constants.items()},
        to_driver={name: convert for name, convert in binds.items() if name not in constants and convert is not _as_is},
        from_driver=from_driver,
    )


def _to_driver(column_type: TypeEngine[Any], dialect: Dialect) -> _Convert:
    return column_type.dialect_impl(dialect).bind_processor(dialect) or _as_is


def _as_is(value: object) -> object:
    return value


def _get_default(column: Column[Any]) -> object:
    default = column.default
    assert isinstance(default, ScalarElementColumnDefault | CallableColumnDefault)
    return default.arg(_NOWHERE) if isinstance(default, CallableColumnDefault) else default.arg
