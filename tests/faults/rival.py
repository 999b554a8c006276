"""One of several processes that want the same, as web and workers do on many machines.

Each opens the house that it is asked to, says that it is ready, waits until it is let go, and says what it got.
`Rivals` are some of them, let go together.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.case_policies import FOLDER
from verifier.audit.catalogue import EntryKind
from verifier.audit.publish import FolderPublisher
from verifier.audit.sequencer import Sequencer
from verifier.audit.service import record
from verifier.errors import VerifierError
from verifier.evidence.documents import Announced, begin
from verifier.ids import VerificationId, new_staff_id
from verifier.retention import service as retention
from verifier.sanitise.formats import MediaType
from verifier.settings import Settings, load_settings
from verifier.verifications.moves import get_policy, lock_verification
from verifier.verifications.once import EVERY_TIME
from verifier.verifications.service import NewVerification
from verifier.wiring import House, open_house

_ROOT: Final = Path(__file__).parents[2]
_ROUNDS: Final = 10
SMALL: Final = 1_000_000
"""What each rival announces for one document, in bytes."""


def lease(house: House, _: str) -> list[str]:
    """Lease what is due until nothing is free."""
    taken: list[str] = []
    while True:
        with house.database.write() as session:
            found = retention.lease_due(session, house.clock.now(session), limit=7)
        if not found:
            return taken
        taken += found


def sequence(house: House, _: str) -> int:
    """Write entries, and sequence what waits."""
    sequencer = Sequencer(house.database, house.clock, house.signer, FolderPublisher(house.settings.published_folder))
    sequenced = 0
    for _round in range(_ROUNDS):
        with house.database.write() as session:
            now = house.clock.now(session)
            for _entry in range(7):
                record(session, now, EntryKind.STAFF_SIGNED_IN, {"staff": new_staff_id()})
        sequenced += sequencer.run_once()
    return sequenced


def announce(house: House, verifications: str) -> list[str]:
    """Announce a document for each of these verifications; what became of it."""
    return [_announce(house, VerificationId(each)) for each in verifications.split(",")]


def _announce(house: House, verification: VerificationId) -> str:
    what = Announced("diploma", "all_pages", replaces=None, media_type=MediaType.JPEG, declared_bytes=SMALL)
    try:
        with house.database.write() as session:
            row = lock_verification(session, verification)
            policy, total = get_policy(session, row), house.settings.stored_bytes_in_total
            begin(session, house.clock.now(session), row, what, policy=policy, actor="customer", bytes_in_total=total)
    except VerifierError as error:
        return error.code
    return "begun"


def create(house: House, reference: str) -> list[str]:
    """Ask for the same verifications as everybody else."""
    wanted = (NewVerification(f"{reference}-{number}", "qualification-check") for number in range(_ROUNDS))
    return [house.requests.create(asked, actor="operator", once=EVERY_TIME).id for asked in wanted]


def hold(house: House, verification: str) -> None:
    """Lock a verification, and stay."""
    with house.database.write() as session:
        lock_verification(session, VerificationId(verification))
        _say("locked")
        sys.stdin.readline()


def start(house: House, _: str) -> str:
    """Nothing more than to have started: which installation it is."""
    return house.vault.installation


CONTESTS: Final[Mapping[str, Callable[[House, str], Any]]] = {
    contest.__name__: contest for contest in (lease, sequence, announce, create, hold, start)
}


def _say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def main() -> int:
    """Contest after contest, each in the house that it names, until there are no more."""
    for line in sys.stdin:
        asked = json.loads(line)
        for name in ("VERIFIER_DATABASE_URL", "VERIFIER_DATABASE_PASSWORD_FILE"):
            os.environ.pop(name, None)
        os.environ.update(asked["environment"])
        house = open_house(load_settings())
        _say("ready")
        sys.stdin.readline()
        _say(CONTESTS[asked["contest"]](house, asked["argument"]))
        house.close()
    return 0


class Rival:
    """One process."""

    def __init__(self) -> None:
        self.process: Final = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.rival"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, settings: Settings, contest: str, argument: str) -> None:
        environment = {
            "VERIFIER_HOME": str(settings.home),
            "VERIFIER_POLICIES_FOLDER": str(FOLDER),
            "VERIFIER_STORED_BYTES_IN_TOTAL": str(settings.stored_bytes_in_total),
        }
        if settings.database_url:
            environment["VERIFIER_DATABASE_URL"] = settings.database_url
            environment["VERIFIER_DATABASE_PASSWORD_FILE"] = str(settings.database_password_file)
        self._write(json.dumps({"environment": environment, "contest": contest, "argument": argument}))

    def let_go(self) -> None:
        self._write("")

    def read(self) -> Any:
        """What it says next; nothing, where it died of an error, which is on standard error."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline() or "null")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


class Rivals:
    """Several of them, started once: that takes longer than what they are asked for."""

    def __init__(self, count: int) -> None:
        self._rivals: Final = [Rival() for _ in range(count)]

    def compete(self, settings: Settings, contest: str, *arguments: str) -> list[Any]:
        """One rival for each argument, all let go at once; what each of them got."""
        taking_part = list(zip(self._rivals, arguments, strict=True))
        for rival, argument in taking_part:
            rival.ask(settings, contest, argument)
        for rival, _ in taking_part:
            assert rival.read() == "ready"
        for rival, _ in taking_part:
            rival.let_go()
        return [rival.read() for rival, _ in taking_part]

    def close(self) -> None:
        for rival in self._rivals:
            rival.kill()


if __name__ == "__main__":
    raise SystemExit(main())
