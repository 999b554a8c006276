"""A dead man's switch: an address outside is called while all is well, so that silence is noticed there.

Guarantees: called only after a sweep was seen to have done its work, at most once for each and once every `every`, and
never while something is overdue, the log is behind, or the clock is wrong: what is looked at is the database, not what
a job said of itself. Whatever the other side does ends within `PATIENCE`, once its name was looked up, on a thread that
destroys nothing. No redirect is followed; nothing is sent but the path; of the answer only the status is read.
"""

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from verifier.db.clock import Clock
from verifier.db.engine import Database
from verifier.meters import Call, get_meters
from verifier.metrics.backlog import Backlog, read_backlog
from verifier.notices.sending import Deadline, Patience
from verifier.retention.reading import OVERDUE_AFTER
from verifier.telemetry import get_log

PATIENCE: Final = Patience(step=5.0, whole=10.0)
_SWEEPS_MISSED: Final = 3
_GRACE: Final = timedelta(seconds=30)
_EARLY: Final = 0.9
"""A clock that wakes a little early must not cost a whole turn."""
_OF_THE_SWEEP: Final = ("expire", "end_unfinished")


class DeadMansSwitch:
    """Calls one address; without one, nobody."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        url: str,
        sweep_every: timedelta,
        every: timedelta,
        patience: Patience = PATIENCE,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url`: as `verify_settings` lets it through."""
        self._database: Final = database
        self._clock: Final = clock
        self._url: Final = urlsplit(url)
        self._late_after: Final = _SWEEPS_MISSED * sweep_every + _GRACE
        self._every: Final = every.total_seconds() * _EARLY
        self._patience: Final = patience
        self._steady: Final = steady_clock
        self._lock: Final = threading.Lock()  # a message may wake the job while the clock does
        self._called_at: float | None = None
        self._told: datetime | None = None

    def tell(self) -> bool:
        """Call, where a sweep has done its work since the last call; whether that was answered with 2xx."""
        if not self._url.hostname:
            return False
        with self._lock:
            return self._tell()

    def _tell(self) -> bool:
        begun = self._steady()
        if self._called_at is not None and begun - self._called_at < self._every:
            return False
        with self._database.read() as session:
            now = self._clock.now(session)
            backlog = read_backlog(session, now, intake_closes_after=OVERDUE_AFTER)
        swept_at = now - backlog.swept
        if swept_at == self._told or not self._is_well(backlog):
            return False
        self._called_at = begun
        is_answered = self._call()
        if is_answered:
            self._told = swept_at
        return is_answered

    def _is_well(self, backlog: Backlog) -> bool:
        # 1. The sweep came to its end lately.
        # 2. Nothing that it has to end waits longer than a few sweeps.
        # 3. Nothing is overdue, the log keeps up, and the clock is right.
        if backlog.swept > self._late_after:  # 1
            reason = "sweep_silent"
        elif any(backlog.queues[job] > self._late_after for job in _OF_THE_SWEEP):  # 2
            reason = "sweep_behind"
        elif backlog.overdue_documents or backlog.overdue_keys:  # 3
            reason = "overdue"
        elif backlog.intake_refusal is not None:  # 3
            reason = backlog.intake_refusal
        else:
            return True
        get_log().error("heartbeat.withheld", code=reason)
        return False

    def _call(self) -> bool:
        try:
            with Deadline(self._patience) as deadline:
                status = self._get(deadline)
        except (OSError, http.client.HTTPException) as error:
            get_log().warning("heartbeat.failed", exc_info=error)
            get_meters().count_call(Call.FAILED)
            return False
        is_answered = 200 <= status < 300
        if not is_answered:
            get_log().warning("heartbeat.refused", status=status)
        get_meters().count_call(Call.ANSWERED if is_answered else Call.FAILED)
        return is_answered

    def _get(self, deadline: Deadline) -> int:
        connection = self._connect()
        try:
            connection.connect()
            deadline.watch(connection.sock)
            path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
            connection.request("GET", path, headers={"User-Agent": "verifier", "Connection": "close"})
            return connection.getresponse().status
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        host, port, step = self._url.hostname or "", self._url.port, self._patience.step
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=step)
        return http.client.HTTPSConnection(host, port, timeout=step, context=ssl.create_default_context())
