"""What a worker believes of a message: the name of a job, and nothing else.

A broker is no part of what is trusted (DESIGN 3). So whatever arrives is replaced by a wake-up of ours before Celery
reads it: its arguments, its content type, its compression, its due time, its time limits, its callbacks, its ids and
its age are dropped unread. What names no job is thrown away. Nobody commands a worker from afar, and workers do not
listen to each other.

Guarantees: no message, however it is made, is unpickled, unpacked, kept for later, or ends the worker.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final, Protocol

from celery.worker import consumer as celery_consumer
from kombu.transport import pyamqp, redis

from verifier.telemetry import get_log

_LONGEST_NAME: Final = 60
_BODY: Final = json.dumps(([], {}, {}))
_JSON: Final = "application/json"
_UTF8: Final = "utf-8"


def believe(headers: object) -> dict[str, Any]:
    """The headers of a wake-up for the job that is named in `headers`, whatever else stands there."""
    name = headers.get("task") if isinstance(headers, Mapping) else None
    is_name = isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isascii()
    return {"task": name if is_name else "", "id": secrets.token_hex(16)}


class Consumer(celery_consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    """A consumer of tasks, deaf to everything else: no remote control, no events, no gossip, no delayed messages."""

    class Blueprint(celery_consumer.Consumer.Blueprint):  # type: ignore[misc]
        default_steps = (
            "celery.worker.consumer.connection:Connection",
            "celery.worker.consumer.events:Events",
            "celery.worker.consumer.mingle:Mingle",
            "celery.worker.consumer.heart:Heart",
            "celery.worker.consumer.tasks:Tasks",
            "celery.worker.consumer.consumer:Evloop",
        )

    def __init__(self, *args: object, **options: object) -> None:
        # The steps above that Celery's own need are there, and switched off.
        deaf = {"without_mingle": True, "without_gossip": True, "without_heartbeat": True}
        super().__init__(*args, **{**options, **deaf})


class _RedisPlaces(redis.QoS):
    """How many messages a worker may hold. One that Redis could not be told the end of takes no place any more.

    Else a worker that may hold one would never be handed another. The message comes again after its time, and changes
    nothing.
    """

    def ack(self, delivery_tag: str) -> None:
        self._quick_ack(delivery_tag)
        super().ack(delivery_tag)  # type: ignore[no-untyped-call]

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        self._quick_ack(delivery_tag)
        super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]


class _RedisChannel(redis.Channel):
    QoS = _RedisPlaces

    def _brpop_read(self, **options: object) -> object:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except (ValueError, RecursionError):
            get_log().warning("message.unreadable")  # it was taken from its queue already, and is gone
            return True


class Redis(redis.Transport):
    """Redis, where whoever may write to a list writes whatever they like."""

    Channel = _RedisChannel

    def _deliver(self, message: object, queue: str) -> None:
        headers = message.get("headers") if isinstance(message, Mapping) else None
        super()._deliver(_virtual_message(believe(headers), queue), queue)  # type: ignore[no-untyped-call]


def _virtual_message(headers: dict[str, Any], queue: str) -> dict[str, Any]:
    """As Kombu lays a message into a list."""
    return {
        "body": _BODY,
        "content-type": _JSON,
        "content-encoding": _UTF8,
        "headers": headers,
        "properties": {
            "delivery_tag": headers["id"],
            "delivery_info": {"exchange": "", "routing_key": queue},
            "delivery_mode": 2,
            "priority": 0,
        },
    }


class _Frame(Protocol):
    """A message as it came over the wire."""

    body: bytes
    properties: dict[str, Any]


class _RabbitMQMessage(pyamqp.Message):
    def __init__(self, msg: _Frame, channel: object = None, **options: object) -> None:
        given = msg.properties.get("application_headers")
        msg.body = _BODY.encode()
        msg.properties = {
            "application_headers": believe(given),
            "content_type": _JSON,
            "content_encoding": _UTF8,
        }
        super().__init__(msg, channel=channel, **options)  # type: ignore[no-untyped-call]


class _RabbitMQChannel(pyamqp.Channel):
    Message = _RabbitMQMessage


class _RabbitMQConnection(pyamqp.Connection):
    Channel = _RabbitMQChannel


class RabbitMQ(pyamqp.Transport):
    """RabbitMQ: what is published reaches us as it was published."""

    Connection = _RabbitMQConnection
