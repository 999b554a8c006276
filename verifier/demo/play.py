"""`verifier demo`: starts a service of its own, tells a story for each shipped policy, and stays up.

Guarantees: exit code 0 only where every step did what it should; otherwise it says which one failed and why. However
the demo ends, the service has ended before it, and its folder is gone; after a failure the folder stays, for its log.
"""

import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from verifier.demo import hosting, merchant, payout, recovery, tutor
from verifier.demo.case import Case, Cast
from verifier.demo.desk import DeskKey
from verifier.demo.door import Door
from verifier.demo.errors import StepFailedError
from verifier.demo.letters import Letters
from verifier.demo.service import Service
from verifier.demo.stage import let_in, start_letters
from verifier.demo.steps import Steps, say
from verifier.settings import Settings


def play(settings: Settings, *, is_once: bool) -> int:
    """Run the demo in a fresh folder under the home of `settings`; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    steps, service, exit_code = Steps(), Service(settings.home / "demo"), 1
    try:
        with _open_stage(steps, service) as cast:
            receipts = _tell(steps, cast)
            exit_code = 0
            if not is_once:
                steps.current = "staying up"
                _stay(service, cast, receipts)
    except StepFailedError as error:
        say(f"\nFailed at: {steps.current}. {error}.\nThe service's log is {service.log_file}")
        exit_code = 1
    except KeyboardInterrupt:
        say("\nStopping.")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # impatience must not leave a service behind
        service.stop()
    if exit_code == 0:
        service.forget()
    return exit_code


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _open_stage(steps: Steps, service: Service) -> Iterator[Cast]:
    """Servers for what is sent, the service, and whoever uses it."""
    desk_key = DeskKey(service.home / "desk-keys.json")
    letters = Letters(service.home / "letters")
    with ExitStack() as open_:
        steps.take("mail and SMS server started", lambda: start_letters(open_, letters))
        steps.take("service started", lambda: _start(service, {**letters.settings, **desk_key.settings}))
        yield open_.enter_context(let_in(steps, service, letters=letters, desk_key=desk_key))


def _start(service: Service, settings: Mapping[str, str]) -> str:
    service.start(settings)
    return service.address


def _tell(steps: Steps, cast: Cast) -> Path:
    """Every story; the folder of the deletion receipts."""
    receipts = recovery.tell(steps, cast)
    others: tuple[Callable[[Steps, Cast], None], ...] = (payout.tell, hosting.tell, tutor.tell, merchant.tell)
    for tell in others:
        tell(steps, cast)
    steps.begin("the auditor's page", "what was solved, and how little it took")
    steps.take("figures", lambda: _read_figures(cast.auditor))
    return receipts


def _read_figures(auditor: Door) -> str:
    told = auditor.get("/v1/figures")
    solved, undocumented, alone = (told[name].number for name in ("solved", "without_document", "without_person"))
    if (solved, undocumented, alone) != (6, 5, 3):
        raise StepFailedError(f"{solved} were solved, {undocumented} with no document, {alone} without a person")
    return f"{solved} solved, {undocumented} of them with no document, {alone} without a person"


def _stay(service: Service, cast: Cast, receipts: Path) -> None:
    by_code = _request_link(cast, "DEMO-7", hosting.POLICY, contact_points=hosting.CONTACT_POINTS)
    by_document = _request_link(cast, "DEMO-8", recovery.POLICY)
    environment = shlex.quote(str(service.write_environment()))
    verifier = f". {environment} && .venv/bin/verifier"
    receipt = next(receipts.iterdir())
    say(
        f"""
The service stays up at {service.address} until you press Ctrl-C. Then everything of it is removed. Try next:

  Be the customer   {by_code}
                    with a code: it is printed here when you ask for it
                    {by_document}
                    with details, or a statement as a picture or PDF
  Be the agent      {cast.sign_in["agent"]}
                    then {service.address}/new
  Be the reviewer   {cast.sign_in["reviewer"]}
                    then press Next, once you have sent something in as the customer
  Be the auditor    {cast.sign_in["auditor"]}
                    what is stored, what was destroyed, every view
                    (each address works once, within 15 minutes; one browser is one person at a time)
  Be another        {verifier} staff invite "Second reviewer" --role reviewer
  Why is it asked?  {verifier} policy explain {hosting.POLICY}
  Look at it all    {verifier} doctor
  Check a receipt   .venv/bin/verifier receipts verify {receipt} --log-key {service.log_key}
  Read the letters  {cast.letters.folder}
  Read its log      {service.log_file}
"""
    )
    raise StepFailedError(f"the service ended by itself with exit code {service.wait()}")


def _request_link(cast: Cast, reference: str, policy: str, **wanted: object) -> str:
    """A link for whoever watches to be the customer."""
    case = Case(cast, reference=reference, policy=policy)
    case.request(**wanted)
    return case.link
