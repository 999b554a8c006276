"""`verifier demo --once` as a newcomer runs it: it ends with 0 after every story, or names the step that failed."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from policies.loading import load_builtin
from verifier.demo.service import Service

ROOT: Final = Path(__file__).resolve().parents[2]
_WITHIN: Final = 300
_OPENING: Final = (
    *("mail and SMS server started", "service started"),
    *("sign-in address, agent", "sign-in address, reviewer", "sign-in address, auditor", "keys"),
)
_WITH_DOCUMENTS: Final = (
    *("link requested", "opened", "another proof chosen", "uploaded", "checked", "viewed page by page"),
    *("approved, first line", "viewed by another person", "approved", "unreadable at", "bytes gone at"),
    "deletion receipts verified",
)
_BY_TELEPHONE: Final = (
    *("link requested", "opened", "another address typed", "code sent", "code entered by the agent"),
    *("confirmed", "approved", "unreadable at"),
)
_BY_MAIL: Final = (
    *("link requested", "opened", "the other contact told", "code sent", "another code typed"),
    *("code received and typed", "confirmed", "approved", "unreadable at"),
)
_IN_WORDS: Final = ("link requested", "opened", "details typed", "viewed", "approved", "unreadable at")
_SIGNED_IN: Final = ("link requested", "opened", "attested by the desk", "confirmed", "approved", "unreadable at")
_PAYMENT: Final = ("link requested", "opened", "payment named", "viewed", "approved", "unreadable at")
_STORIES: Final = {
    "wallet-account-recovery": _WITH_DOCUMENTS,
    "payout-question": _BY_TELEPHONE,
    "hosting-account-change": _BY_MAIL,
    "tutor-qualification": _IN_WORDS,
    "merchant-payment-enquiry": _SIGNED_IN + _PAYMENT,
}
_COMMAND: Final = ("-m", "verifier", "demo", "--once")


def run_demo(
    home: Path, *, before: Callable[[], None] | None = None, command: tuple[str, ...] = _COMMAND
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")}
    return subprocess.run(
        (sys.executable, *command),
        cwd=ROOT,
        env=environment | {"VERIFIER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        preexec_fn=before,
        check=False,
    )


def read_steps(printed: str) -> dict[str, list[tuple[str, str]]]:
    """The steps of each chapter, with what was seen; those before the first under no name."""
    chapters: dict[str, list[tuple[str, str]]] = {"": []}
    for line in printed.splitlines():
        step = re.fullmatch(r" *\d+\.\d\d s  (.{28}) (.*)", line)
        if step is not None:
            chapters[list(chapters)[-1]].append((step[1].strip(), step[2]))
        elif re.match(r"[a-z'-]", line):
            chapters[line.partition(":")[0]] = []
    return chapters


def test_the_demo_tells_a_story_for_each_shipped_policy_and_leaves_nothing(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    chapters = read_steps(done.stdout)
    assert tuple(name for name, _ in chapters.pop("")) == _OPENING
    figures = dict(chapters.pop("the auditor's page"))["figures"]
    assert {story: tuple(name for name, _ in told) for story, told in chapters.items()} == _STORIES
    assert set(chapters) == set(load_builtin())
    assert figures == "6 solved, 5 of them with no document, 3 without a person"

    seen = {(story, name): what for story, told in chapters.items() for name, what in told}
    for word in ("gps", "serial number", "thumbnail", "pdf metadata"):
        assert word in seen["wallet-account-recovery", "checked"]
    assert "0 left" in seen["wallet-account-recovery", "viewed page by page"]
    assert seen["wallet-account-recovery", "deletion receipts verified"].startswith("2 of 2")
    assert "Doložiť" in seen["tutor-qualification", "opened"]
    letters = re.findall(r"^ {11}(mail|text) to (\S+):", done.stdout, re.MULTILINE)
    assert letters == [("mail", "erika@example.org"), ("text", "+12025550143"), ("mail", "admin@example.org")]
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_demo_that_fails_names_the_step_and_keeps_the_log(tmp_path: Path) -> None:
    limit = 3_000_000  # no file of the service may grow beyond it: the photo does
    done = run_demo(tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Failed at: wallet-account-recovery, uploaded. POST was answered 5" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert next((tmp_path / "demo").glob("home-*/service.log")).stat().st_size > 0


def test_the_file_that_its_last_lines_name_leads_commands_to_the_demo(tmp_path: Path) -> None:
    service = Service(tmp_path / "demo")
    try:
        service.start({"VERIFIER_DESK_NAME": "Ada's desk & co", "VERIFIER_MESSAGE_RECIPIENTS": '["a@desk.example"]'})
        command = f". {service.write_environment()} && {sys.executable} -m verifier"
        for asked in ("doctor", 'staff invite "Second reviewer" --role reviewer'):
            done = subprocess.run(
                ("sh", "-c", f"{command} {asked}"), cwd=ROOT, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        service.stop()
    assert service.address in done.stdout


def test_a_demo_without_its_mail_server_says_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['aiosmtpd.smtp'] = None; from verifier.cli import main; main()"
    done = run_demo(tmp_path, command=("-c", without, "demo", "--once"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Failed at: mail and SMS server started. The mail sink needs aiosmtpd" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
