"""`verifier demo`: starts a service of its own, tells the story of one verification, and stays up.

Guarantees: exit code 0 only where every step did what it should; otherwise it says which one failed and why. However
the demo ends, the service has ended before it, and its folder is gone; after a failure the folder stays, for its log.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
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

_COMMANDS_AT_ONCE: Final = 2


def play(settings: Settings, *, is_once: bool) -> int:
    """Run the demo in a fresh folder under the home of `settings`; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    steps, service, exit_code = _Steps(), Service(settings.home / "demo"), 1
    try:
        with _cast(service, _prepare(steps, service)) as story:
            _tell(steps, story)
            exit_code = 0
            if not is_once:
                _stay(service, story)
    except StepFailedError as error:
        _say(f"\nFailed at: {steps.current}. {error}.\nThe service's log is {service.log_file}")
        exit_code = 1
    except KeyboardInterrupt:
        _say("\nStopping.")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # impatience must not leave a service behind
        service.stop()
    if exit_code == 0:
        service.forget()
    return exit_code


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


def _prepare(steps: _Steps, service: Service) -> Mapping[str, str]:
    """Start the service, invite three people, and make an API key for each role."""
    steps.take("service started", lambda: _start(service))
    with ThreadPoolExecutor(_COMMANDS_AT_ONCE) as pool:
        invitations = {role: pool.submit(_invite, service, role) for role in _SCOPES}
        keys = {role: pool.submit(_create_key, service, role) for role in _SCOPES}
        for role, invitation in invitations.items():
            steps.take(f"sign-in address, {role}", invitation.result)
        steps.take("API keys", lambda: ", ".join(role for role, key in keys.items() if key.result()))
    return {role: key.result() for role, key in keys.items()}


def _tell(steps: _Steps, story: Story) -> None:
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


def _invite(service: Service, role: str) -> str:
    return service.run("staff", "invite", f"Demo {role}", "--role", role)


def _create_key(service: Service, role: str) -> str:
    scopes = [part for scope in _SCOPES[role] for part in ("--scope", scope)]
    return service.run("api-keys", "create", f"Demo {role}", "--role", role, *scopes, "--expires-in", "P1D")


@contextmanager
def _cast(service: Service, keys: Mapping[str, str]) -> Iterator[Story]:
    """The story with a door for each who takes part in it: three programs and a browser."""
    agent, reviewer, auditor = (Door(service.address, api_key=keys[role]) for role in _SCOPES)
    customer = Door(service.address)
    try:
        yield Story(service, agent=agent, reviewer=reviewer, auditor=auditor, customer=customer)
    finally:
        for door in (agent, reviewer, auditor, customer):
            door.close()


def _stay(service: Service, story: Story) -> None:
    link = story.request_another()
    verifier = " ".join(f"{name}={value}" for name, value in service.environment.items()) + " .venv/bin/verifier"
    receipt = next(story.receipts.iterdir())
    _say(
        f"""
The service stays up at {service.address} until you press Ctrl-C. Then everything of it is removed. Try next:

  Be the customer   {link}
  Be the reviewer   open the reviewer's sign-in address above, then press Next
  Be the agent      open the agent's, then {service.address}/new
  Be the auditor    open the auditor's: what is stored, what was destroyed, every view
                    (each address works once, within 15 minutes; one browser is one person at a time)
  Sign in again     {verifier} staff invite "Demo reviewer" --role reviewer
  See what it does  {verifier} policy explain payout-question
  Look at it all    {verifier} doctor
  Check a receipt   .venv/bin/verifier receipts verify {receipt} --log-key {story.log_key}
  Read its log      {service.log_file}
"""
    )
    raise StepFailedError(f"the service ended by itself with exit code {service.wait()}")


def _say(text: str) -> None:
    print(text, flush=True)
