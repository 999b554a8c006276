"""Publishes wake-ups behind everybody's back, so that a broker that is down, frozen or slow delays and fails nothing.

Guarantees: telling costs a request no more than adding a name to a set. What waits to be told is at most one wake-up a
job, however long the broker is away. Leaves to others: the work itself, which every worker also finds by its own clock.
"""

import secrets
import threading
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

from verifier.broker.client import PATIENCE_SECONDS, make_client, task_name
from verifier.db.wakeups import ZONE_OF, Work
from verifier.settings import Settings
from verifier.telemetry import get_log

if TYPE_CHECKING:
    from kombu.connection import Connection

_REST_SECONDS: Final = 1.0
_GAP_SECONDS: Final = 0.01
_ENDS_WITHIN_SECONDS: Final = 4 * PATIENCE_SECONDS
_BODY: Final[tuple[list[Any], dict[str, Any], dict[str, Any]]] = ([], {}, {})


class BrokerWakeups:
    """Tells the workers of one broker what there is to do; one thread, begun with the first wake-up."""

    def __init__(self, settings: Settings) -> None:
        """Connects to nothing yet. Raises `ConfigurationError` with what to change."""
        self._client: Final = make_client(settings)
        self._lock: Final = threading.Lock()
        self._waiting: set[Work] = set()
        self._is_due: Final = threading.Event()
        self._closing: Final = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_reached = True

    def tell(self, works: Collection[Work]) -> None:
        """Tell the workers soon; returns at once, never raises."""
        with self._lock:
            self._waiting.update(works)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wakeups", daemon=True)
                self._thread.start()
        self._is_due.set()

    def close(self) -> None:
        """Tell what is left, if the broker takes it at once, and end."""
        self._closing.set()
        self._is_due.set()
        if self._thread is not None:
            self._thread.join(_ENDS_WITHIN_SECONDS)

    def _run(self) -> None:
        connection: Connection | None = None
        while True:
            self._is_due.wait()
            self._is_due.clear()
            works = self._take()
            try:
                connection = connection or self._client.connection_for_write(heartbeat=0)
                self._publish(connection, works)
                self._note(is_reached=True)
                pause = _GAP_SECONDS
            except Exception:  # noqa: BLE001 -- whatever its client raises: a wake-up is worth nothing but time
                self._note(is_reached=False)
                self._put_back(works)
                _drop(connection)
                connection = None
                pause = _REST_SECONDS
            # What came while the last was told is told too, unless the broker is not reached.
            if self._closing.wait(pause) and (connection is None or not self._waiting):
                _drop(connection)
                return

    def _publish(self, connection: "Connection", works: Collection[Work]) -> None:
        from kombu.messaging import Producer

        producer = Producer(connection.default_channel, serializer="json")
        for work in sorted(works, key=list(Work).index):
            producer.publish(
                _BODY,
                exchange="",
                routing_key=ZONE_OF[work].value,
                headers={"task": task_name(work), "id": secrets.token_hex(16)},
                timeout=PATIENCE_SECONDS,
                confirm_timeout=PATIENCE_SECONDS,
                retry=False,
            )

    def _take(self) -> set[Work]:
        with self._lock:
            works, self._waiting = self._waiting, set()
        return works

    def _put_back(self, works: Collection[Work]) -> None:
        with self._lock:
            self._waiting.update(works)
        self._is_due.set()

    def _note(self, *, is_reached: bool) -> None:
        if is_reached != self._is_reached:
            self._is_reached = is_reached
            get_log().warning("broker.reached" if is_reached else "broker.unreachable")


def _drop(connection: "Connection | None") -> None:
    """Leave the connection, without a farewell that a frozen broker would not hear."""
    if connection is not None:
        connection.collect(socket_timeout=PATIENCE_SECONDS)


def is_answering(settings: Settings) -> bool:
    """Whether the broker lets us in. Raises `ConfigurationError` where the settings cannot be used."""
    client = make_client(settings)
    try:
        with client.connection_for_write(heartbeat=0) as connection:
            connection.default_channel.close()
    except Exception:  # noqa: BLE001 -- whatever its client raises, it did not let us in
        return False
    return True
