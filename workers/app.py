"""The Celery form: one task a job, one queue a zone, and a beat for what no wake-up told of.

    celery -A workers.app worker -Q dispose      one zone; `python -m workers --zone dispose` is the same
    celery -A workers.app beat                   one is enough, two do no harm, none costs only time

A message is a wake-up: it names a job, and `workers.messages` believes nothing else of it. The job runs in a pool child
(`workers.pool`), beside that child's own clock.

Guarantees: no work at import; `app` is made when it is first asked for, and a refusal is one sentence and exit code 1.
No run for a message may take longer than the broker waits for its acknowledgement. Beat keeps no file: after a restart
it begins anew, and what it would have missed the workers' clocks do not.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final

from celery import Celery

from verifier import faults
from verifier.address import at_address
from verifier.broker.address import is_redis
from verifier.broker.client import make_client, task_name
from verifier.db.wakeups import Zone
from verifier.errors import ConfigurationError, VerifierError
from verifier.safety import verify_safe
from verifier.sanitise.hardening import harden_process
from verifier.settings import Settings, load_settings
from verifier.telemetry import configure_logs, get_log
from workers import pool
from workers.schedule import Job, plan_jobs

_SPARE: Final = timedelta(minutes=1)
_SOFT_SHARE: Final = 0.9
_CHILD_STARTS_WITHIN: Final = 120.0


def make_app(settings: Settings) -> Celery:
    """The app of a worker or a beat.

    Raises:
        ConfigurationError: with the setting's name and what to write.
    """
    verify_safe(settings)  # here and not only in the pool's child: whatever is refused ends the parent
    jobs = plan_jobs(settings)
    verify_time_limits(settings, jobs)
    app = make_client(settings)
    app.conf.update(
        broker_transport=f"workers.messages:{'Redis' if is_redis(settings) else 'RabbitMQ'}",
        worker_consumer="workers.messages:Consumer",
        worker_pool="workers.pool:Pool",
        worker_concurrency=1,
        worker_proc_alive_timeout=_CHILD_STARTS_WITHIN,
        # Beat's connection heals only where it tries again; our own wake-ups have their own patience.
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0.5, "interval_max": 1},
        beat_scheduler="celery.beat:Scheduler",  # the default one keeps a file in whatever folder it is started in
        beat_schedule={job.name: _beat_line(job, settings) for job in jobs},
    )
    for job in jobs:
        _add_task(app, job)
    pool.attach(app, settings)
    return app


def verify_time_limits(settings: Settings, jobs: Sequence[Job]) -> None:
    """Raise `ConfigurationError` where the broker would hand a message on while its job may still run."""
    if not settings.broker_url:
        raise ConfigurationError(
            "VERIFIER_BROKER_URL is not set, so there is no Celery to run. Set it, or start python -m workers."
        )
    longest = max(jobs, key=lambda job: job.limit)
    if settings.broker_visibility_timeout < longest.limit + _SPARE:
        raise ConfigurationError(
            f"VERIFIER_BROKER_VISIBILITY_TIMEOUT is shorter than the job {longest.name} may take, so that would be "
            f"handed to a second worker while it runs. Write PT{(longest.limit + _SPARE) // timedelta(minutes=1)}M "
            "or more."
        )


def _add_task(app: Celery, job: Job) -> None:
    def run(*_given: object, **_named: object) -> None:
        pool.run_for_message(job.name)

    hard = job.limit.total_seconds()
    limits = {"time_limit": hard, "soft_time_limit": hard * _SOFT_SHARE}
    app.task(run, name=task_name(job.name), shared=False, typing=False, **limits)


def _beat_line(job: Job, settings: Settings) -> dict[str, Any]:
    every = max(job.every, settings.sweep_every)
    return {
        "task": task_name(job.name),
        "schedule": every,
        "options": {"queue": job.zone.value, "expires": every.total_seconds(), "ignore_result": True},
    }


def run_worker(zones: Sequence[Zone]) -> None:
    """Be the worker of these zones until SIGTERM."""
    names = ",".join(zones)
    _open().worker_main(
        ["--quiet", "worker", "--queues", names, "--hostname", f"{'-'.join(zones)}@%h", "--loglevel", "WARNING"]
    )


@cache
def _open() -> Celery:
    configure_logs()
    harden_process()
    try:
        faults.arm_from_environment()
        return make_app(at_address(load_settings()))
    except VerifierError as error:
        get_log().critical("worker.refused", code=error.code)
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


def __getattr__(name: str) -> Celery:
    if name == "app":  # what `celery -A workers.app` asks for
        return _open()
    raise AttributeError(name)
