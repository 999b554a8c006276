"""Settings that lead to the wrong place: refused at start with a sentence, and nothing is deleted anywhere."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sqlalchemy import make_url

from tests.faults.harness.load import Load
from tests.faults.harness.scenario import Run
from tests.faults.harness.stage import Stage
from tests.faults.harness.under_load import UnderLoad
from tests.faults.looks import list_objects
from tests.faults.running import ROOT, find_port
from tests.faults.stories import Story

Mistake: TypeAlias = Literal["wrong_dsn", "empty_database", "second_installation"]

_ENDS_WITHIN: Final = 120.0


@dataclass(frozen=True)
class WrongSetup(UnderLoad):
    """Another web process is started with a mistake, beside the installation that runs."""

    mistake: Mistake = "wrong_dsn"

    def act(self, stage: Stage, load: Load, run: Run, *, turn: int) -> None:
        story = Story(stage.cast)
        load.stories.append(story)
        story.send_diploma()
        before = _names(stage, story.verification)
        mistakes: Mapping[Mistake, Callable[[Stage], dict[str, str]]] = {
            "wrong_dsn": _lead_nowhere,
            "empty_database": _lead_to_empty,
            "second_installation": _begin_second,
        }
        changed = mistakes[self.mistake](stage)
        for command in (("verifier", "serve"), ("workers",)):
            run.failures += _try_start(stage, command, changed)
            run.faults += 1
        if not before or _names(stage, story.verification) != before:
            run.failures.append("objects of the installation that runs were touched")
        story.agent.cancel(story.verification)
        story.close()


def _names(stage: Stage, verification: str) -> Sequence[str]:
    found = [item.key for item in list_objects(stage.house)]
    keys = [each for each in stage.house.vault.keys.list() if each == verification]
    return sorted([*keys, *(key.to_text() for key in found if key.verification == verification)])


def _try_start(stage: Stage, command: Sequence[str], changed: Mapping[str, str]) -> list[str]:
    """What is wrong: it started, or it ended without a sentence."""
    environment = {**stage.service.environment, **changed, "VERIFIER_PORT": str(find_port())}
    what = " ".join(command)
    if command == ("workers",):
        environment["VERIFIER_BROKER_URL"] = ""
        environment["VERIFIER_BROKER_PASSWORD_FILE"] = ""
        for name in ("VERIFIER_BROKER_URL", "VERIFIER_BROKER_PASSWORD_FILE"):
            del environment[name]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", *command], env=environment, cwd=ROOT, check=False, capture_output=True, text=True,
            timeout=_ENDS_WITHIN,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [f"{what} started, and ran"]
    sentences = [line for line in ended.stderr.splitlines() if line and not line.startswith("{")]
    if ended.returncode == 0 or not sentences or any("Traceback" in line for line in sentences):
        return [f"{what} ended with {ended.returncode}, and said {sentences[-3:]}"]
    return []


def _lead_nowhere(stage: Stage) -> dict[str, str]:
    url = make_url(stage.service.environment["VERIFIER_DATABASE_URL"])
    return {"VERIFIER_DATABASE_URL": url.set(database="nobody_has_it").render_as_string(hide_password=False)}


def _lead_to_empty(stage: Stage) -> dict[str, str]:
    """A database that is there, and has nothing in it; the buckets and the home are those that are used."""
    server = stage.parts.servers.databases.server
    return {"VERIFIER_DATABASE_URL": server.create(f"{stage.parts.database}_empty")}


def _begin_second(stage: Stage) -> dict[str, str]:
    """A home and a database of its own, and the buckets of the first."""
    home: Path = stage.folder / "second" / "home"
    home.parent.mkdir()
    return {**_lead_to_empty(stage), "VERIFIER_HOME": str(home)}
