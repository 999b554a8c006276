"""Every scenario on one screen."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tests.faults.harness.brokers import Broker
from tests.faults.harness.clocks import Clock, ClocksApart, SteppedBack
from tests.faults.harness.databases import Database
from tests.faults.harness.disks import RESERVE, Disk
from tests.faults.harness.intake import LIMIT, BrokenDisposal
from tests.faults.harness.processes import AtAnyMoment, AtFaultPoints
from tests.faults.harness.restarts import Rolling
from tests.faults.harness.scenario import Scenario
from tests.faults.harness.setups import WrongSetup
from tests.faults.harness.stores import Store

_DAY: Final = timedelta(hours=24)
_SMALL: Final = {"reserve_bytes": str(RESERVE)}
_POINTS: Final = "SIGKILL at every named fault point, each once a run"

SCENARIOS: Final[Sequence[Scenario]] = (
    AtFaultPoints("points-embedded", _POINTS, "embedded"),
    AtFaultPoints("points-stack", _POINTS, "stack"),
    AtAnyMoment("kill-web-embedded", "SIGKILL of the web process", "embedded", victim="web"),
    AtAnyMoment("kill-worker-embedded", "SIGKILL of the worker", "embedded", victim="worker"),
    AtAnyMoment("kill-web", "SIGKILL of the web process", "stack", victim="web"),
    AtAnyMoment("kill-worker", "SIGKILL of a worker", "stack", victim="worker"),
    AtAnyMoment("kill-pool-child", "SIGKILL of a worker's pool child", "stack", victim="pool child"),
    AtAnyMoment("kill-sequencer", "SIGKILL of the sequencer", "stack", victim="sequencer"),
    AtAnyMoment("kill-beat", "SIGKILL of the beat", "stack", victim="beat"),
    Rolling("restart-embedded", "SIGTERM and restart under load", "embedded"),
    Rolling("restart", "SIGTERM and restart of web and workers in turn", "stack"),
    Broker("broker-flushed", "broker: everything forgotten, again and again", "stack", mood="flushed"),
    Broker("broker-stopped", "broker: stopped for 10 s", "stack", mood="stopped"),
    Broker("broker-frozen", "broker: frozen for 10 s (SIGSTOP)", "stack", mood="frozen"),
    Broker(
        "broker-absent",
        "broker: gone and not back; gone within two sweeps (40 s)",
        "stack",
        settings={"sweep_every": "PT20S"},
        mood="absent",
    ),
    Broker("broker-doubled", "broker: messages doubled ten times and reordered", "stack", mood="doubled"),
    Broker("broker-delayed", "broker: messages held back for 4 s", "stack", mood="delayed"),
    Store("documents-failing", "documents' bucket: 30 % of calls fail or stay unanswered", "stack"),
    Store("documents-unanswered", "documents' bucket: done, and no answer", "stack", trouble="unanswered"),
    Store("documents-reset", "documents' bucket: connections reset in mid-upload", "stack", trouble="reset"),
    Store("documents-slow-down", "documents' bucket: 503 SlowDown for 12 s", "stack", trouble="slow_down"),
    Store("documents-lying", "documents' bucket: says deleted, and keeps", "stack", trouble="lying"),
    Store("keys-failing", "key store: 30 % of calls fail or stay unanswered", "stack", which="keys"),
    Store("keys-unanswered", "key store: done, and no answer", "stack", which="keys", trouble="unanswered"),
    Store("keys-slow-down", "key store: 503 SlowDown for 12 s", "stack", which="keys", trouble="slow_down"),
    Store("keys-lying", "key store: says deleted, and keeps", "stack", which="keys", trouble="lying"),
    Database("database-terminated", "database: every connection ended, again and again for 10 s", "stack"),
    Database("database-crashed", "database: server crashes and recovers, twice", "stack", trouble="crashed"),
    Database("database-unreachable", "database: unreachable for 10 s", "stack", trouble="unreachable"),
    Database("database-silent", "database: silent for 10 s, then reset", "stack", trouble="silent"),
    Disk(
        "disk-full-data",
        "disk full where the data lies: uploads get 507, disposal goes on",
        "embedded",
        settings=_SMALL,
    ),
    Disk(
        "disk-exhausted",
        "not one byte left where the data lies, for 8 s",
        "embedded",
        settings=_SMALL,
        trouble="exhausted",
    ),
    Disk("disk-full-temp", "disk full where temporary files go", "embedded", place="temp", settings=_SMALL),
    Disk("disk-full-log", "disk full where the service's log goes", "embedded", place="log", settings=_SMALL),
    Disk(
        "disk-full-published",
        "disk full where the audit log is published",
        "embedded",
        place="published",
        settings=_SMALL,
    ),
    Disk(
        "read-only-documents",
        "documents' folder read-only for 8 s",
        "embedded",
        place="documents",
        settings=_SMALL,
        trouble="read_only",
    ),
    Disk(
        "read-only-keys", "key folder read-only for 8 s", "embedded", place="keys", settings=_SMALL, trouble="read_only"
    ),
    Clock("clock-ahead", "clock 24 h ahead", "embedded", first=_DAY, then=_DAY),
    Clock("clock-behind", "clock 24 h behind", "embedded", first=-_DAY, then=-_DAY),
    Clock("clock-jumps", "clock jumps 24 h ahead in the middle", "embedded", then=_DAY),
    Clock("clock-back-30s", "clock stepped back 30 s in the middle", "embedded", then=-timedelta(seconds=30)),
    SteppedBack(
        "clock-stepped-back", "clock stepped back 24 h, and right again: no intake meanwhile", "embedded", then=-_DAY
    ),
    ClocksApart("clocks-apart", "a worker's clock 5 minutes ahead of the others'", "stack"),
    WrongSetup("wrong-dsn", "start with a wrong database address: refused, nothing deleted", "stack"),
    WrongSetup(
        "empty-database", "start with an empty database: refused, nothing deleted", "stack", mistake="empty_database"
    ),
    WrongSetup(
        "second-installation",
        "a second installation on the same buckets: refused, nothing deleted",
        "stack",
        mistake="second_installation",
    ),
    BrokenDisposal(
        "disposal-broken",
        "disposal broken beyond its limit: intake answers 503 and says when to come back",
        "stack",
        settings={"intake_closes_after": LIMIT},
    ),
)


def find(name: str) -> Scenario:
    """Raises `KeyError` with what there is."""
    for scenario in SCENARIOS:
        if scenario.name == name:
            return scenario
    raise KeyError(f"{name} is not among {', '.join(scenario.name for scenario in SCENARIOS)}")
