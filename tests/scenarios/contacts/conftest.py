"""A house that sends to sinks of its own, and a desk that may set contact points."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contact_desk import ContactDesk, open_sinks, sending_settings
from tests.journey import Desk
from tests.workers_by_hand import Work
from verifier.demo.sinks import MailSink, SmsSink
from verifier.settings import Settings


@pytest.fixture
def sinks() -> Iterator[tuple[MailSink, SmsSink]]:
    """A mail server and an SMS gateway."""
    with open_sinks() as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, sinks: tuple[MailSink, SmsSink]) -> Settings:
    return sending_settings(tmp_path / "home", *sinks)


@pytest.fixture
def contacts(desk: Desk, work: Work, sinks: tuple[MailSink, SmsSink]) -> ContactDesk:
    """An agent's program that may set contact points."""
    return ContactDesk(desk, work, *sinks)
