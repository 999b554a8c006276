"""`python -m workers`: the jobs of the embedded form, until SIGTERM."""

import os
import signal
import sys
from types import FrameType

from verifier import faults
from verifier.errors import VerifierError
from verifier.sanitise.hardening import end_with_parent, harden_process
from verifier.settings import load_settings
from verifier.telemetry import configure_logs, get_log
from verifier.wiring import open_house, open_workshop
from workers.embedded import EmbeddedWorker
from workers.schedule import plan_jobs


def main() -> int:
    configure_logs()
    harden_process()
    end_with_parent()
    try:
        faults.arm_from_environment()
        settings = load_settings()
        house = open_house(settings)
    except VerifierError as error:
        get_log().critical("worker.refused", code=error.code)
        sys.stderr.write(f"{error}\n")
        return 1
    workshop = open_workshop(house)
    worker = EmbeddedWorker(workshop, plan_jobs(settings))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.ask_to_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.start()
    get_log().info("worker.started", pid=os.getpid())
    worker.wait()
    worker.stop()
    workshop.close()
    house.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
