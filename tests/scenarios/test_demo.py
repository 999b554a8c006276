"""`verifier demo --once` as a newcomer runs it: it ends with 0 after the whole story, or names the step that failed."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_WITHIN: Final = 300
_STEPS: Final = (
    *("service started", "sign-in address, agent", "sign-in address, reviewer", "sign-in address, auditor"),
    *(
        "API keys",
        "link requested",
        "opened",
        "uploaded",
        "checked",
        "viewed page by page",
        "approved",
        "unreadable at",
    ),
    *("bytes gone at", "deletion receipts verified"),
)


def run_demo(home: Path, *, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERIFIER_")}
    return subprocess.run(
        (sys.executable, "-m", "verifier", "demo", "--once"),
        cwd=ROOT,
        env=environment | {"VERIFIER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        preexec_fn=before,
        check=False,
    )


def test_the_demo_tells_the_whole_story_and_leaves_nothing(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.findall(r"^ *\d+\.\d\d s  (.{28}) (.*)$", done.stdout, re.MULTILINE)
    assert tuple(name.strip() for name, _ in told) == _STEPS
    seen = {name.strip(): what for name, what in told}
    for word in ("gps", "serial number", "thumbnail", "pdf metadata"):
        assert word in seen["checked"]
    assert "0 left" in seen["viewed page by page"]
    assert seen["deletion receipts verified"].startswith("2 of 2")
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_demo_that_fails_names_the_step_and_keeps_the_log(tmp_path: Path) -> None:
    limit = 3_000_000  # no file of the service may grow beyond it: the photo does
    done = run_demo(tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Failed at: uploaded. POST was answered 5" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert next((tmp_path / "demo").glob("home-*/service.log")).stat().st_size > 0
