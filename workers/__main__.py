"""`python -m workers`: the jobs, until SIGTERM; all of them by the clock, or with `--zone` those of one zone.

`--zone` is for running each zone apart, with its rights only. Where a broker is set, the zone also listens to it; this
is then the same as `celery -A workers.app worker -Q <zone>`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from verifier import faults
from verifier.address import at_address
from verifier.db.wakeups import Zone
from verifier.errors import VerifierError
from verifier.sanitise.hardening import end_with_parent, harden_process
from verifier.settings import Settings, load_settings
from verifier.telemetry import configure_logs, get_log
from verifier.wiring import open_house, open_workshop, parts_of_zones
from workers.embedded import EmbeddedWorker
from workers.figures import show_figures
from workers.sandbox import verify_own_sandbox
from workers.schedule import plan_jobs


def main() -> int:
    zones = _read_zones()
    configure_logs()
    harden_process()
    try:
        settings = at_address(load_settings())
        if zones and settings.broker_url:
            from workers.app import run_worker

            run_worker(zones)
            return 0
        end_with_parent()
        faults.arm_from_environment()
        return _work(settings, zones or tuple(Zone))
    except VerifierError as error:
        get_log().critical("worker.refused", code=error.code)
        sys.stderr.write(f"{error}\n")
        return 1


def _read_zones() -> Sequence[Zone]:
    parser = argparse.ArgumentParser(prog="python -m workers", description="Run the jobs until SIGTERM.")
    parser.add_argument(
        "--zone", action="append", type=Zone, choices=list(Zone), default=[], help="only this zone's; once for each"
    )
    zones: Sequence[Zone] = parser.parse_args().zone
    return zones


def _work(settings: Settings, zones: Sequence[Zone]) -> int:
    """Work by the clock until somebody asks to stop."""
    verify_own_sandbox(settings, zones)
    house = open_house(settings, parts=parts_of_zones(zones))
    workshop = open_workshop(house)
    worker = EmbeddedWorker(workshop, [job for job in plan_jobs(settings) if job.zone in zones])

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.ask_to_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with show_figures(house):
        worker.start()
        get_log().info("worker.started", pid=os.getpid())
        worker.wait()
        worker.stop()
    workshop.close()
    house.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
