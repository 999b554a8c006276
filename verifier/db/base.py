"""What every room's `tables.py` builds on: the declarative base and the column type for time.

Times are stored as whole microseconds since 1970 in UTC, so that they compare as numbers in every database, and come
back as aware datetimes.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, cast

from sqlalchemy import BigInteger, BindParameter, Enum, MetaData, Table, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds since 1970.

    What lies beyond the years 1 to 9999 is read as their first or last moment: nobody of ours writes it, and a row that
    somebody else wrote must not keep anybody from reading the others.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        try:
            return EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return _LAST if value > 0 else _FIRST


def words(choices: type[StrEnum], *, length: int = 16) -> Enum:
    """A column that holds one word of a closed list, and comes back as its member."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=False,
        length=length,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """One metadata for all rooms; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Instant}


def literal_of(value: object) -> BindParameter[Any]:
    """A value, or a list for `in_`, that stands in the statement itself: SQLite takes an index over some rows only
    where it sees that the query is about those, and into a list of parameters it does not look.
    """
    return bindparam(None, value, literal_execute=True, expanding=isinstance(value, list))


def table_of(rows: type[Base]) -> Table:
    """The table behind a class of rows, for statements that go past the unit of work.

    Such a statement, built once for a module and run on the session's connection, costs a quarter of what building it
    and loading rows through the session does; where every request pays it, that is most of its time.
    """
    return cast("Table", rows.__table__)
