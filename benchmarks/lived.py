"""One verification that was really lived, as the rows that it left, and those rows under new ids.

Guarantees: every row of any table is found in which one of its ids stands; what is made of it differs from it in ids,
digests, reference, times and place in the log, and in nothing else. Leaves to others: writing it (`history`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    func,
    literal,
    or_,
    select,
)  # fmt: skip
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from verifier.audit.tables import EntryRow
from verifier.db.base import EPOCH, Base, Instant, table_of
from verifier.ids import is_id
from verifier.verifications.tables import PolicyVersionRow, VerificationRow
from verifier.wiring import House

TAG_LENGTH: Final = 25
COPIES: Final = Table(
    "bench_copies", MetaData(), Column("n", Integer, primary_key=True), Column("tag", String(TAG_LENGTH))
)
"""What is to be made: its number, and the middle of its ids."""

_MICROSECOND: Final = timedelta(microseconds=1)
_APART: Final = timedelta(seconds=5) // _MICROSECOND
"""Between two verifications: a million of them fit into 58 days, before their references are forgotten."""
_ENDS: Final = "abcdefghijklmnopqrstuvwxyz"
_KEPT: Final = ("stf_", "key_", "ins_")
"""Ids of those who took part: they are the same in all."""
_n: Final = sql_cast(COPIES.c.n, BigInteger)
_tag: Final[ColumnElement[str]] = COPIES.c.tag

Row = Mapping[str, Any]


class _Bytes(FunctionElement[bytes]):
    """A text as its bytes."""

    type = LargeBinary()
    inherit_cache = True


@compiles(_Bytes, "sqlite")
def _compile_for_sqlite(element: _Bytes, compiler: SQLCompiler, **given: object) -> str:
    return f"CAST({compiler.process(element.clauses, **given)} AS BLOB)"


@compiles(_Bytes, "postgresql")
def _compile_for_postgresql(element: _Bytes, compiler: SQLCompiler, **given: object) -> str:
    return f"convert_to({compiler.process(element.clauses, **given)}, 'UTF8')"


@dataclass(frozen=True)
class Lived:
    """What one verification left: its rows by table, and the ids in them that every copy gets anew."""

    rows: Mapping[Table, Sequence[Row]]
    ids: Sequence[str]

    @property
    def ends(self) -> Mapping[str, str]:
        """By which letter each id's successors end: two of one copy differ in it alone."""
        return dict(zip(self.ids, _ENDS, strict=False))

    @property
    def leaves(self) -> Sequence[bytes]:
        """In the order in which they stand in the log."""
        entries = sorted(self.rows[table_of(EntryRow)], key=lambda row: int(row["id"]))
        return [entry["leaf"] for entry in entries]

    @property
    def policies(self) -> Sequence[Row]:
        return self.rows[table_of(PolicyVersionRow)]


def read_lived(house: House) -> Lived:
    """The verification that was begun last, wherever it left a row."""
    with house.database.read() as session:
        connection = session.connection()
        newest = select(VerificationRow.id).order_by(VerificationRow.created_at.desc()).limit(1)
        ids: set[str] = {str(connection.scalar(newest))}
        while True:
            rows = {table: _find_rows(connection, table, ids) for table in Base.metadata.sorted_tables}
            found = {each for many in rows.values() for row in many for each in row.values() if _is_own(each)}
            if found <= ids:
                break
            ids |= found
        rows[table_of(PolicyVersionRow)] = _read_all(connection, select(table_of(PolicyVersionRow)))
    return Lived({table: many for table, many in rows.items() if many}, sorted(ids))


def _is_own(value: object) -> bool:
    return isinstance(value, str) and is_id(value) and not value.startswith(_KEPT)


def _find_rows(connection: Connection, table: Table, ids: set[str]) -> Sequence[Row]:
    columns = [column for column in table.columns if isinstance(column.type, String)]
    if not columns:
        return []
    return _read_all(connection, select(table).where(or_(*(column.in_(ids) for column in columns))))


def _read_all(connection: Connection, query: Select[Any]) -> Sequence[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def say(column: Column[Any], row: Row, lived: Lived, *, is_alone: bool) -> ColumnElement[Any]:
    """What a copy of a row has in one column, which is the whole of its key or not."""
    value = row[column.name]
    if value is None:
        return sql_cast(None, column.type)
    if value in lived.ids:
        return _new_id(value, lived)
    if column.name in _MADE_ANEW:
        return _MADE_ANEW[column.name](row, lived)
    if isinstance(column.type, Instant):
        return literal((value - EPOCH) // _MICROSECOND, BigInteger) - _n * _APART
    if is_alone:  # a digest: any other that nobody else has
        return cast("ColumnElement[str]", func.substr(_tag + _tag + _tag, 1, len(value)))
    return literal(value, column.type)


def _new_id(old: str, lived: Lived) -> ColumnElement[str]:
    return literal(old[:4]) + _tag + literal(lived.ends[old])


def _new_leaf(row: Row, lived: Lived) -> ColumnElement[Any]:
    said: ColumnElement[Any] = literal(row["leaf"].decode(), Text)
    for old in lived.ids:
        if old.encode() in row["leaf"]:
            said = func.replace(said, old, _new_id(old, lived))
    return _Bytes(said)


def _new_index(row: Row, lived: Lived) -> ColumnElement[int]:
    return _n * len(lived.leaves) + lived.leaves.index(row["leaf"])


def _new_reference(_row: Row, _lived: Lived) -> ColumnElement[str]:
    return literal("OLD-") + sql_cast(_n, String)


_MADE_ANEW: Final[Mapping[str, Callable[[Row, Lived], ColumnElement[Any]]]] = {
    "leaf": _new_leaf,
    "log_index": _new_index,
    "reference": _new_reference,
}
