"""SMS through a real HTTP gateway: what it was surely not given is given again, what it may have sent is not."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from verifier.demo.sinks import Sms, SmsSink
from verifier.ids import new_notice_id
from verifier.notices.kinds import Failure
from verifier.notices.letter import Letter
from verifier.notices.sending import GivenUpError, NotAcceptedError, Patience
from verifier.notices.sms import FormGateway, JsonGateway, SmsSender

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TO = "+420601987123"
BODY = "048213 is your code – č & ž = 100%\n\n@verify.example.org #048213"
GATEWAYS: list[JsonGateway | FormGateway] = [JsonGateway("Acme", "t0ken"), FormGateway("+15005550006", "AC1", "t0ken")]


@pytest.fixture
def sink() -> Iterator[SmsSink]:
    with SmsSink() as opened:
        yield opened


def send(sender: SmsSender) -> str:
    notice = new_notice_id()
    sender.send(notice, Letter(to=TO, subject="", body=BODY, token="x"), at=AT)
    return notice


@pytest.mark.parametrize("gateway", GATEWAYS, ids=["json", "form"])
def test_number_text_and_key_arrive_as_they_were(sink: SmsSink, gateway: JsonGateway | FormGateway) -> None:
    notice = send(SmsSender(sink.url, gateway))

    (sms,) = sink.messages
    assert (sms.to, sms.text) == (TO, BODY)
    assert sms.headers["Idempotency-Key"] == notice


def test_each_adapter_signs_in_its_own_way(sink: SmsSink) -> None:
    for gateway in GATEWAYS:
        send(SmsSender(sink.url, gateway))

    assert [sms.headers["Authorization"] for sms in sink.messages] == ["Bearer t0ken", "Basic QUMxOnQwa2Vu"]


@pytest.mark.parametrize("status", [401, 403, 408, 425, 429, 503, 302, 307])
def test_not_taken_may_be_given_again(sink: SmsSink, status: int) -> None:
    sink.answer = lambda _sms: status
    with pytest.raises(NotAcceptedError):
        send(SmsSender(sink.url, GATEWAYS[0]))


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422])
def test_refused_is_refused_for_good(sink: SmsSink, status: int) -> None:
    sink.answer = lambda _sms: status
    with pytest.raises(GivenUpError) as given_up:
        send(SmsSender(sink.url, GATEWAYS[0]))
    assert given_up.value.failure is Failure.REFUSED


@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_a_failing_gateway_may_have_sent_is_not_given_again(sink: SmsSink, status: int) -> None:
    sink.answer = lambda _sms: status
    with pytest.raises(GivenUpError) as given_up:
        send(SmsSender(sink.url, GATEWAYS[0]))
    assert given_up.value.failure is Failure.UNANSWERED


def test_a_key_that_the_gateway_knows_already_counts_as_accepted(sink: SmsSink) -> None:
    sink.answer = lambda _sms: 409
    send(SmsSender(sink.url, GATEWAYS[0]))


def test_a_gateway_that_takes_it_and_hangs_is_not_given_it_again(sink: SmsSink) -> None:
    taken: list[Sms] = []
    over = threading.Event()

    def take_and_hang(sms: Sms) -> int:
        taken.append(sms)
        over.wait(20)
        return 201

    sink.answer = take_and_hang
    begun = time.monotonic()
    with pytest.raises(GivenUpError) as given_up:
        send(SmsSender(sink.url, GATEWAYS[0], patience=Patience(step=0.3, whole=0.8)))
    over.set()

    assert given_up.value.failure is Failure.UNANSWERED
    assert len(taken) == 1
    assert time.monotonic() - begun < 5


def test_a_gateway_that_takes_it_and_hangs_up_is_not_given_it_again(sink: SmsSink) -> None:
    def hang_up(_sms: Sms) -> int:
        raise ConnectionAbortedError

    sink.answer = hang_up
    with pytest.raises(GivenUpError) as given_up:
        send(SmsSender(sink.url, GATEWAYS[0]))
    assert given_up.value.failure is Failure.UNANSWERED


def test_a_gateway_that_drips_costs_no_more_than_the_whole_patience() -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            line, _ = listener.accept()
            with line:
                try:
                    while not over.wait(0.1):
                        line.send(b"H")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(GivenUpError):
            send(SmsSender(url, GATEWAYS[0], patience=Patience(step=5, whole=0.8)))
        took = time.monotonic() - begun
        over.set()
        thread.join()
    assert 0.5 < took < 4


def test_nobody_there_was_surely_not_given_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(NotAcceptedError):
        send(SmsSender(url, GATEWAYS[0]))
    with pytest.raises(NotAcceptedError):
        SmsSender(url, GATEWAYS[0]).verify_reachable()


def test_a_look_at_the_gateway_sends_nothing(sink: SmsSink) -> None:
    SmsSender(sink.url, GATEWAYS[0]).verify_reachable()
    assert sink.messages == []


def test_no_error_and_no_repr_tells_number_code_or_password(sink: SmsSink) -> None:
    sink.answer = lambda _sms: 400
    sender = SmsSender(sink.url, GATEWAYS[1])
    with pytest.raises(GivenUpError) as given_up:
        send(sender)

    told = "".join(traceback.format_exception(given_up.value)) + repr(sender) + repr(GATEWAYS)
    assert not any(secret in told for secret in (TO, "048213", "t0ken"))
