"""Logs: one JSON object a line, made only of fields on the allow list.

Guarantees: a field that is not listed, or whose value has not the listed form, is dropped and counted; an exception is
logged by its type and the frames of our own files, never by its message or its variables; what libraries, warnings and
threads log goes the same way, without their text. So nothing that a customer sent reaches a log by accident.
Leaves to others: where standard error goes, and how long that is kept.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from verifier.ids import is_id

_ROOT: Final = Path(__file__).resolve().parent.parent
_OURS: Final = tuple(str(_ROOT / package) + "/" for package in ("verifier", "workers", "policies"))
_LONGEST_CHAIN: Final = 6

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,47}(\.[a-z][a-z0-9_]{0,47}){0,3}")
_ROUTE: Final = re.compile(r"[A-Za-z0-9_/.{}:-]{1,120}")
_METHOD: Final = re.compile(r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS")
_COPY: Final = re.compile(r"original|page-[1-9][0-9]{0,3}|cpy_[a-z2-7]{26}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_our_id(value: object) -> bool:
    return isinstance(value, str) and is_id(value)


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


# The allow list: the name of a field → the form that its value must have. A word is a literal of ours, such as
# `document.disposed`; an id is random. A field for free text does not exist, and must not be added.
ALLOWED: Final[Mapping[str, Callable[[object], bool]]] = {
    **dict.fromkeys(("event", "job", "zone", "code", "store", "logger", "part", "line"), _is_word),
    **dict.fromkeys(("verification", "document"), _is_our_id),
    **dict.fromkeys(("status", "duration_ms", "count", "attempts", "port", "pid", "exit_code"), _is_number),
    "method": _matches(_METHOD),
    "copy": _matches(_COPY),
    "route": _matches(_ROUTE),
}


class Dropped:
    """How many fields were dropped since the process began: anything but 0 is a fault in our code."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._count = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._count += count

    @property
    def count(self) -> int:
        return self._count


DROPPED: Final = Dropped()


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def describe_error(error: BaseException) -> dict[str, object]:
    """The types of `error` and its causes, and the frames of our own files, outermost first; no message, no values."""
    types = [f"{type(cause).__module__}.{type(cause).__qualname__}" for cause in _causes(error)]
    frames: list[str] = []
    for cause in _causes(error):
        trace = cause.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename.startswith(_OURS):
                frames.append(f"{Path(code.co_filename).relative_to(_ROOT)}:{trace.tb_lineno} {code.co_qualname}")
            trace = trace.tb_next
    return {"error": types, "frames": frames}


def _error_in(value: object) -> BaseException | None:
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return next((part for part in value if isinstance(part, BaseException)), None)
    return sys.exc_info()[1] if value else None


def filter_fields(_logger: WrappedLogger, level: str, given: EventDict) -> EventDict:
    """Keep what the allow list knows; count the rest. The one way into a line of the log."""
    error = _error_in(given.pop("exc_info", None))
    kept = {name: value for name, value in given.items() if name in ALLOWED and ALLOWED[name](value)}
    line: dict[str, object] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level}
    line |= {"event": "unnamed"} | kept
    if len(kept) < len(given):
        DROPPED.add(len(given) - len(kept))
        line["dropped"] = len(given) - len(kept)
    return line | (describe_error(error) if error else {})


class _Output:
    """Writes lines to the stream that was configured last, or to standard error."""

    stream: TextIO | None = None
    lock: Final = threading.Lock()

    def msg(self, line: str) -> None:
        with self.lock:
            stream = self.stream or sys.stderr
            stream.write(line + "\n")
            stream.flush()

    debug = info = warning = error = critical = exception = msg


_OUTPUT: Final = _Output()


@cache
def get_log() -> FilteringBoundLogger:
    """A logger that is safe even before `configure_logs`: `get_log().info("document.disposed", document=id)`."""
    logger = structlog.wrap_logger(
        _OUTPUT,
        processors=[filter_fields, structlog.processors.JSONRenderer(sort_keys=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    return cast("FilteringBoundLogger", logger)


def redirect_logs(stream: TextIO | None) -> None:
    """Write the lines to `stream`; None is standard error."""
    _OUTPUT.stream = stream


# What a server says of itself and everybody may read, by its exact template: the arguments are never filled in.
_LIBRARY_EVENTS: Final[Mapping[str, str]] = {
    "Started server process [%d]": "server.started",
    "Finished server process [%d]": "server.finished",
    "Waiting for application startup.": "server.starting",
    "Application startup complete.": "server.ready",
    "Uvicorn running on %s://%s:%d (Press CTRL+C to quit)": "server.listening",
    "Invalid HTTP request received.": "server.bad_request",
    "Waiting for application shutdown.": "server.closing",
    "Application shutdown complete.": "server.closed",
    "Shutting down": "server.stopping",
    "Exception in ASGI application\n": "server.error",
}
_SILENT: Final = frozenset({"uvicorn.access"})  # it names URLs; `web.headers.AccessLog` names routes


class _LibraryHandler(logging.Handler):
    """Takes what libraries log by the standard library: level, logger and error type; the text is dropped."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in _SILENT:
            return
        event = _LIBRARY_EVENTS.get(record.msg) if isinstance(record.msg, str) else None
        write = get_log().error if record.levelno >= logging.ERROR else get_log().warning
        if record.levelno < logging.WARNING:
            write = get_log().info
        write(event or "library.message", logger=record.name.lower(), exc_info=record.exc_info)


def _log_uncaught(
    _kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None, *, event: str
) -> None:
    get_log().critical(event, exc_info=error)


def configure_logs(*, stream: TextIO | None = None) -> None:
    """Route everything that this process logs through the allow list. Called once, at start, by the doors."""
    redirect_logs(stream)
    logging.raiseExceptions = False  # else a failing handler prints the arguments of the message
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.handlers = [_LibraryHandler()]
    root.setLevel(logging.WARNING)
    for name in (*logging.root.manager.loggerDict, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    sys.excepthook = lambda *uncaught: _log_uncaught(*uncaught, event="process.uncaught")
    sys.unraisablehook = lambda args: get_log().critical("process.unraisable", exc_info=args.exc_value)
    threading.excepthook = lambda args: get_log().critical("thread.uncaught", exc_info=args.exc_value)
