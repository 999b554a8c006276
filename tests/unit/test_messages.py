"""What a worker's connection does where its broker goes away in the middle of a message."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu.connection import Connection
from kombu.entity import Queue

from tests.servers.redis import PASSWORD, RedisServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("end", ["ack", "reject", "requeue"])
def test_a_message_whose_end_redis_was_not_told_of_keeps_no_place(server: RedisServer, end: str) -> None:
    received: list[Any] = []
    with Connection(
        f"redis://:{PASSWORD}@127.0.0.1:{server.port}/0",
        transport="workers.messages:Redis",
        transport_options={"socket_timeout": 0.3},
    ) as connection:
        channel = connection.channel()
        queue = Queue("dispose", channel=channel)
        producer = connection.Producer()
        consumer = connection.Consumer(queue, channel=channel, callbacks=[lambda _body, held: received.append(held)])
        consumer.qos(prefetch_count=1)
        with consumer:
            producer.publish({}, routing_key="dispose", serializer="json")
            connection.drain_events(timeout=10)
            server.freeze()
            with pytest.raises(redis.TimeoutError):
                getattr(received[0], end)()
            server.thaw()
            producer.publish({}, routing_key="dispose", serializer="json")
            connection.drain_events(timeout=10)
    assert len(received) == 2
