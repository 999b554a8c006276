"""Random orders of events under drawn policies, real services and real servers: nobody is approved unproved."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contact_desk import open_sinks
from tests.property.contact_lives import lives_with
from verifier.demo.sinks import MailSink, SmsSink
from verifier.sanitise.decoder import Decoder

_DEEDS: Final = settings(
    max_examples=8,
    stateful_step_count=30,
    phases=(Phase.generate,),  # making a failing order shorter would take longer than reading it
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def sinks() -> Iterator[tuple[MailSink, SmsSink]]:
    with open_sinks() as opened:
        yield opened


def test_no_order_of_events_approves_without_a_required_proof(
    shared_decoder: Decoder, sinks: tuple[MailSink, SmsSink]
) -> None:
    ways: Counter[str] = Counter()
    run_state_machine_as_test(lives_with(shared_decoder, sinks, ways), settings=_DEEDS)
    assert set(ways) >= {"alone", "by a person", "by a person, as drawn"}, "without these ways P7 was not tried"


@pytest.mark.soak
def test_many_more_orders_approve_nothing_unproved(shared_decoder: Decoder, sinks: tuple[MailSink, SmsSink]) -> None:
    many = settings(_DEEDS, max_examples=300, stateful_step_count=60, derandomize=False)
    run_state_machine_as_test(lives_with(shared_decoder, sinks, Counter()), settings=many)
