"""One round: a running service, a story for each fault point, and a death at each of them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from policies.access import Role, Scope
from tests.case_policies import FOLDER
from tests.contact_desk import open_sinks, write_policies
from tests.detail_policies import DETAILS_ALONE
from tests.faults.looks import find_unrest, look_at_everything
from tests.faults.running import Service, wait_until
from tests.faults.stories import DETAILS, Cast, Post, Story, choose
from tests.signed_mail import DESK, Zone, rsa_key, serve_at
from verifier.demo.sinks import MailSink, SmsSink
from verifier.staff.api_keys import create_api_key
from verifier.wiring import House, open_house

_REACHED_WITHIN: Final = 90.0
_STORY_WITHIN: Final = 300.0
_QUIET_WITHIN: Final = 90.0
_SWEEP: Final = "PT2S"

_AGENT: Final = (
    Scope.VERIFICATIONS_WRITE,
    Scope.VERIFICATIONS_READ,
    Scope.DOCUMENTS_WRITE,
    Scope.CONTACTS_WRITE,
)


@dataclass
class Round:
    """What came of it."""

    deaths: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    cut_short: list[str] = field(default_factory=list)
    """Stories that did not come to the end that they should have."""
    stories: list[Story] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@contextmanager
def running(home: Path, **settings: str) -> Iterator[tuple[Service, House]]:
    """A service, and the same installation opened beside it, to look."""
    often = dict.fromkeys(("link", "key", "network"), "1000000")
    limits = {f"requests_a_minute_per_{name}": count for name, count in often.items()}
    with Service(home, sweep_every=_SWEEP, **limits, **settings) as service:
        house = open_house(service.settings)
        try:
            yield service, house
        finally:
            house.close()


def cast_for(service: Service, house: House, *, post: Post | None = None) -> Cast:
    """The keys of an agent and two reviewers, and what was sent to customers."""

    def make(role: Role, *scopes: Scope) -> dict[str, str]:
        with house.database.write() as session:
            now, ends = house.clock.now(session), timedelta(days=9)
            text = create_api_key(
                session, now, label=role.value, role=role, scopes=scopes, valid_for=ends, actor="operator"
            )
        return {"authorization": f"Bearer {text}"}

    agent, one, two = make(Role.AGENT, *_AGENT), make(Role.REVIEWER, Scope.REVIEWS), make(Role.REVIEWER, Scope.REVIEWS)
    return Cast(service.url, agent, one, two, post)


def play(home: Path, points: Sequence[str], *, turn: int) -> Round:
    """Let a process die at each point in turn, under the load of the stories; then look at everything."""
    outcome = Round()
    with open_post(home) as (post, settings), running(home, **settings) as (service, house):
        cast = cast_for(service, house, post=post)
        threads = [die_once(point, service, house, cast, outcome, turn=turn) for point in points]
        for thread in threads:
            thread.join(_STORY_WITHIN)
            if thread.is_alive():
                outcome.failures.append(f"the story of {thread.name} did not end")
        _await_quiet(house, outcome)
        acknowledged = [document for story in outcome.stories for document in story.acknowledged]
        outcome.failures += look_at_everything(
            house, acknowledged=acknowledged, kept=outcome.kept, starts=service.find_worker_starts()
        )
        outcome.failures += look_at_service(service)
    return outcome


@contextmanager
def open_post(home: Path) -> Iterator[tuple[Post, dict[str, str]]]:
    """Where mail goes and where it is from: the settings of a service that sends to sinks and judges messages."""
    zone = Zone()
    zone.publish("example.org", rsa_key())
    with open_sinks() as (mails, messages), serve_at(zone) as port:
        judging = {"dns_servers": f'["127.0.0.1:{port}"]', "message_recipients": f'["{DESK}"]'}
        yield Post(mails, messages), sending(home, mails, messages) | judging


def sending(home: Path, mails: MailSink, messages: SmsSink) -> dict[str, str]:
    """The settings of a service that sends to the sinks, under policies of the cases, of contacts and of details."""
    policies = write_policies(home.parent / "policies")
    for file in FOLDER.glob("*.yaml"):
        (policies / file.name).write_bytes(file.read_bytes())
    (policies / f"{DETAILS}.yaml").write_text(DETAILS_ALONE, encoding="utf-8")
    return {
        "policies_folder": str(policies),
        "smtp_host": "127.0.0.1",
        "smtp_port": str(mails.port),
        "smtp_from": "verify@desk.example",
        "sms_url": messages.url,
        "sms_from": "Desk",
    }


def die_once(point: str, service: Service, house: House, cast: Cast, outcome: Round, *, turn: int) -> threading.Thread:
    """Arm a point and begin a story that passes it; returns when the point was passed, with the story under way."""
    outcome.kept += _keep_checkpoint(house)
    service.arm(point)
    begun = time.monotonic()
    story = Story(cast)
    outcome.stories.append(story)
    thread = threading.Thread(target=_tell, args=(point, choose(point, turn), story, outcome), name=point, daemon=True)
    thread.start()
    try:
        wait_until(lambda: not service.is_armed, within=_REACHED_WITHIN, what=f"nobody came past {point}")
        outcome.deaths[point] = outcome.deaths.get(point, 0) + 1
    except TimeoutError as error:
        service.disarm()
        outcome.failures.append(f"{error} (after {time.monotonic() - begun:.0f} s)")
    return thread


def _tell(point: str, ending: Callable[[Story], None], story: Story, outcome: Round) -> None:
    try:
        ending(story)
    except Exception as error:  # noqa: BLE001 -- whatever ends a story early fails the test, by name
        outcome.cut_short.append(f"{point}, {ending.__name__}, {story.verification}: {type(error).__name__} {error}")
    finally:
        story.close()


def _keep_checkpoint(house: House) -> list[str]:
    """What an outsider may have kept before the process dies."""
    path = house.settings.published_folder / "checkpoint"
    return [path.read_text()] if path.exists() else []


def _await_quiet(house: House, outcome: Round) -> None:
    try:
        wait_until(lambda: not find_unrest(house), within=_QUIET_WITHIN, what="it is not quiet", every=0.2)
    except TimeoutError as error:
        outcome.failures.append(f"{error}: {find_unrest(house)}")


def look_at_service(service: Service) -> Iterator[str]:
    """Nothing in clear in the folder for temporary files, and no process without its parent."""
    yield from (f"{path.name} lies in the temporary folder" for path in service.scratch.rglob("*") if path.is_file())
    service.stop()
    wait_until(lambda: not service.find_processes(), within=30, what=f"{service.find_processes()} live on")
