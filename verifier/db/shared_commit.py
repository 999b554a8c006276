"""Group commit: writers that queue for one database file share a transaction, and so its costly end.

SQLite lets one writer in at a time, and a durable commit costs more than what most of ours write. So writers take
turns: who comes while another's block runs goes on in the same transaction, behind a savepoint, and the last in line
commits for all of them.

Guarantees: blocks run one after another, as if each had a transaction of its own; a block that raises takes back what
it wrote and nothing else; nobody returns or is refused before the commit of what they wrote or read, and all of them
raise where it fails.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from sqlite3 import Connection as SqliteConnection
from typing import Final, cast

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from verifier.db.late_session import open_late
from verifier.db.line import Line

_MOST: Final = 16
"""How many share a commit: the first of them waits for the last."""


class SharedCommitError(SQLAlchemyError):
    """The commit that this writer shared with others failed: nothing of it was written."""


class _Batch:
    """One transaction, and who writes in it."""

    def __init__(self, engine: Engine, line: Line) -> None:
        self._line: Final = line
        with ExitStack() as undo:
            undo.callback(line.leave)
            line.wait()
            self._connection: Final[Connection] = undo.enter_context(engine.connect())
            self._transaction: Final = self._connection.begin()
            undo.pop_all()
        self._driver: Final = cast("SqliteConnection", self._connection.connection.dbapi_connection)
        self._ended: Final = threading.Event()
        self._error: BaseException | None = None
        self.writers = 0

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Run one block; where it fails, only its part is taken back."""
        self._driver.execute("SAVEPOINT writer")
        try:
            with open_late(self._connection, _open_session, commit=True) as session:
                yield session
        except BaseException:
            if self.is_standing:
                self._driver.execute("ROLLBACK TO writer")
            raise
        self._driver.execute("RELEASE writer")
        self.writers += 1

    @property
    def is_standing(self) -> bool:
        """Whether the transaction still stands: a full or broken disk makes SQLite take back all of it."""
        return self._driver.in_transaction

    def _verify_standing(self) -> None:
        if not self.is_standing:
            raise SharedCommitError("the transaction was taken back")

    def end(self) -> None:
        """Commit for all, or tell all why not."""
        try:
            if self.writers:
                self._verify_standing()
                self._transaction.commit()
        except BaseException as error:
            self._error = error
            # SQLite may keep a transaction open whose commit failed: nobody is to go on in it.
            self._connection.invalidate()
            raise
        finally:
            with ExitStack() as last:
                last.callback(self._ended.set)
                last.callback(self._line.leave)
                last.callback(self._connection.close)

    def wait(self) -> None:
        """Return once what was written is durable."""
        self._ended.wait()
        if self._error is not None:
            raise SharedCommitError("the shared commit failed") from self._error


class SharedCommits:
    """The one line of writers of this process, which stands in the line of the file's processes."""

    def __init__(self, engine: Engine, line: Line) -> None:
        self._engine: Final = engine
        self._line: Final = line
        self._turn: Final = threading.Lock()
        self._counting: Final = threading.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction of one's own, as far as its block can tell."""
        batch = self._join()
        try:
            with batch.write() as session:
                yield session
        except BaseException:
            self._pass_on(batch)
            batch.wait()  # a refusal may rest on what another has written, and not yet committed
            raise
        self._pass_on(batch)
        batch.wait()

    def _join(self) -> _Batch:
        """Take the turn, in the batch that stands or in a new one."""
        self._take_turn()
        try:
            self._batch = self._batch or _Batch(self._engine, self._line)
        except BaseException:
            self._turn.release()
            raise
        return self._batch

    def _pass_on(self, batch: _Batch) -> None:
        """Give the turn away; the last one ends the batch."""
        try:
            if self._is_last(batch):
                self._batch = None
                batch.end()
        finally:
            self._turn.release()

    def _take_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._counting:
                self._waiting -= 1

    def _is_last(self, batch: _Batch) -> bool:
        with self._counting:
            return self._waiting == 0 or batch.writers == 0 or batch.writers >= _MOST or not batch.is_standing


def _open_session(connection: Connection) -> Session:
    return Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
