"""The Celery app that publishers and workers share: queues, safety and patience; no tasks.

Four queues, one for each zone of trust, set up here for both sides. On RabbitMQ they are quorum queues; everywhere a
message is acknowledged after its job, a lost worker's goes back, one at a time is held, only JSON is read, no result is
kept, and nobody commands a worker from afar.

Guarantees: no connection is made here, and Celery, which is heavy, is imported only where a broker is. Every wait for
the broker ends: a frozen one is left within seconds.
"""

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from verifier.broker.address import full_address, has_tls, is_redis
from verifier.db.wakeups import Zone
from verifier.settings import Settings

if TYPE_CHECKING:
    from celery import Celery
    from kombu.entity import Queue

PATIENCE_SECONDS: Final = 3.0
"""How long one answer of the broker is waited for."""

_MOST_DELIVERIES: Final = 5
_MOST_WAITING: Final = 100_000
_RESTORES_EVERY_SECONDS: Final = 10


def task_name(job: str) -> str:
    """What a job is called in a message: all that a message says."""
    return f"verifier.{job}"


def make_client(settings: Settings) -> "Celery":
    """A Celery app for this broker.

    Raises:
        ConfigurationError: with the setting's name and what to write.
    """
    from celery import Celery

    client = Celery("verifier", set_as_current=False)
    client.conf.update(
        broker_url=full_address(settings),
        broker_transport_options=_redis_options(settings) if is_redis(settings) else _rabbitmq_options(),
        broker_use_ssl=_find_tls(settings),
        task_queues=tuple(_queue(zone, settings) for zone in Zone),
        task_default_queue=Zone.DISPOSE.value,
        task_default_delivery_mode="persistent",
        task_create_missing_queues=False,
        **_SAFETY,
        **_PATIENCE,
    )
    return client


_SAFETY: Final[Mapping[str, Any]] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "result_accept_content": ["json"],
    "result_backend": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_send_sent_event": False,
    "worker_send_task_events": False,
    "worker_prefetch_multiplier": 1,
    "worker_enable_remote_control": False,
    "worker_detect_quorum_queues": True,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "enable_utc": True,
}
_PATIENCE: Final[Mapping[str, Any]] = {
    "broker_connection_timeout": PATIENCE_SECONDS,
    "broker_connection_retry": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_heartbeat": 10,
    "worker_soft_shutdown_timeout": 5.0,
}


def _queue(zone: Zone, settings: Settings) -> "Queue":
    from kombu.entity import Exchange, Queue

    # The nameless exchange leads to a queue by its name: nothing has to be bound, so nothing is lost by a flush.
    arguments = None
    if not is_redis(settings):
        arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": _MOST_DELIVERIES,
            "x-max-length": _MOST_WAITING,
            "x-overflow": "drop-head",
        }
    return Queue(zone.value, Exchange(""), routing_key=zone.value, durable=True, queue_arguments=arguments)


def _redis_options(settings: Settings) -> dict[str, Any]:
    return {
        "visibility_timeout": int(settings.broker_visibility_timeout.total_seconds()),
        "unacked_restore_interval": _RESTORES_EVERY_SECONDS,
        "unacked_restore_throttle": 1,  # Kombu's own 10 would make it a hundred seconds
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 5,
    }


def _rabbitmq_options() -> dict[str, Any]:
    return {"confirm_publish": True}


def _find_tls(settings: Settings) -> dict[str, Any] | None:
    if not has_tls(settings):
        return None
    prefix = "ssl_" if is_redis(settings) else ""
    options: dict[str, Any] = {f"{prefix}cert_reqs": ssl.CERT_REQUIRED}
    if settings.broker_ca_file is not None:
        options[f"{prefix}ca_certs"] = str(settings.broker_ca_file)
    return options
