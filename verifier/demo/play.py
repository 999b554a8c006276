"""`verifier demo`: starts a service of its own, tells the story of one verification, and stays up.

Guarantees: exit code 0 only where every step did what it should; otherwise it says which one failed and why. However
the demo ends, the service has ended before it, and its folder is gone; after a failure the folder stays, for its log.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from verifier.demo.door import Door
from verifier.demo.errors import StepFailedError
from verifier.demo.service import Service
from verifier.demo.story import Story
from verifier.settings import Settings

_SCOPES: Final = {
    "agent": ("verifications:write", "verifications:read"),
    "reviewer": ("reviews",),
    "auditor": ("audit:read",),
}


def play(settings: Settings, *, is_once: bool) -> int:
    """Run the demo in a fresh folder under the home of `settings`; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    steps, service = _Steps(), Service(settings.home / "demo")
    try:
        _tell(steps, service)
        if not is_once:
            _stay(service)
    except StepFailedError as error:
        _say(f"\nFailed at: {steps.current}. {error}.\nThe service's log is {service.log_file}")
        service.stop()
        return 1
    except KeyboardInterrupt:
        _say("\nStopping.")
    service.stop()
    service.forget()
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Steps:
    """Prints one line a step: how long it took, its name, what was seen."""

    def __init__(self) -> None:
        self.current = "starting"

    def take(self, name: str, act: Callable[[], str]) -> str:
        self.current, begun = name, time.perf_counter()
        seen = act()
        _say(f"{time.perf_counter() - begun:7.2f} s  {name:<28} {seen}")
        return seen


def _tell(steps: _Steps, service: Service) -> None:
    steps.take("service started", lambda: _start(service))
    _invite_people(steps, service)
    with _cast(service) as story:
        for name, act in (
            ("link requested", story.request_link),
            ("opened", story.open_link),
            ("uploaded", story.upload),
            ("checked", story.check),
            ("viewed page by page", story.view),
            ("approved", story.approve),
            ("unreadable at", story.await_unreadable),
            ("bytes gone at", story.await_gone),
            ("deletion receipts verified", story.verify_receipts),
        ):
            steps.take(name, act)


def _start(service: Service) -> str:
    service.await_ready()
    return service.address


def _invite_people(steps: _Steps, service: Service) -> None:
    for role in _SCOPES:
        steps.take(f"sign-in address, {role}", lambda role=role: _invite(service, role))  # type: ignore[misc]


def _invite(service: Service, role: str) -> str:
    return service.run("staff", "invite", f"Demo {role}", "--role", role)


@contextmanager
def _cast(service: Service) -> Iterator[Story]:
    """The story with a door for each who takes part in it: three programs and a browser."""
    agent, reviewer, auditor = (Door(service.address, api_key=_create_key(service, role)) for role in _SCOPES)
    customer = Door(service.address)
    try:
        yield Story(service, agent=agent, reviewer=reviewer, auditor=auditor, customer=customer, reference="DEMO-1")
    finally:
        for door in (agent, reviewer, auditor, customer):
            door.close()


def _create_key(service: Service, role: str) -> str:
    scopes = [part for scope in _SCOPES[role] for part in ("--scope", scope)]
    return service.run("api-keys", "create", f"Demo {role}", "--role", role, *scopes, "--expires-in", "P1D")


def _stay(service: Service) -> None:
    agent = Door(service.address, api_key=_create_key(service, "agent"))
    body = {"reference": "DEMO-2", "policy": "account-recovery", "expected": {"full_name": "Your Name"}}
    link = agent.post_json("/v1/verifications", body, status=201)["link"]["url"].text
    agent.close()
    setting = " ".join(f"{name}={value}" for name, value in service.environment.items())
    _say(
        f"""
The service stays up at {service.address} until you press Ctrl-C. Then everything of it is removed. Try next:

  Be the customer      open {link}
  Be the reviewer      open the reviewer's sign-in address above (each works once, within 15 minutes), then Next
  Be the agent         open the agent's, then {service.address}/new
  Be the auditor       open the auditor's: what is stored, what was destroyed, every view
  Sign in again        {setting} .venv/bin/verifier staff invite "Demo reviewer" --role reviewer
  Look at the machine  {setting} .venv/bin/verifier doctor
  Check a receipt      the files in {service.home / "receipts"}, with `verifier receipts verify`
"""
    )
    raise StepFailedError(f"the service ended by itself with {service.wait()}")


def _say(text: str) -> None:
    print(text, flush=True)
