"""A session that is opened once it is used as one: most of ours ask a few prepared questions, and need no unit of work.

Opening and ending one of SQLAlchemy's costs more than those questions do (docs/decisions/0015).

Guarantees: whoever holds it cannot tell the difference but by the time; what it was opened for is one transaction of
its connection, which the caller has begun and will end. Leaves to others: that transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, cast

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from verifier.db.prepared import lend_driver

Open = Callable[[Connection], Session]


@contextmanager
def open_late(connection: Connection, open_session: Open, *, commit: bool) -> Iterator[Session]:
    """Hand out the session; one that was opened is closed at the block's end, before it what is pending is committed.

    Without `commit`, what was written is taken back.
    """
    late = _LateSession(connection, open_session)
    try:
        yield cast("Session", late)
        if commit and late.opened is not None:
            late.opened.commit()
    finally:
        if late.opened is not None:
            late.opened.close()


class _LateSession:
    def __init__(self, connection: Connection, open_session: Open) -> None:
        self._connection: Final = connection
        self._open: Final = open_session
        self.opened: Session | None = None
        self.info: Final = lend_driver(connection.connection.dbapi_connection)

    def get_bind(self) -> Connection:
        return self._connection

    def __getattr__(self, name: str) -> object:
        # Asked only for what is not here: all that a session does beside this.
        if self.opened is None:
            self.opened = self._open(self._connection)
        return getattr(self.opened, name)
