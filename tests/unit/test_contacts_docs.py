"""The example in the guide for desks is run as it stands, and its attestation is confirmed."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from verifier.contacts.attestation import AttestationVerdict, judge_attestation
from verifier.contacts.challenge import new_challenge
from verifier.contacts.jwks import load_pinned_keys
from verifier.contacts.reasons import Reason
from verifier.contacts.verdict import Outcome
from verifier.ids import new_verification_id

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "how-to" / "attest-from-your-own-area.md"
JUDGE = ROOT / "verifier" / "contacts" / "attestation.py"
ACCOUNT = "customer-4711"
CHALLENGE = new_challenge(new_verification_id(), "payout-question")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which somebody followed the guide."""
    folder = tmp_path_factory.mktemp("desk")
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        (folder / block.partition("\n")[0].removeprefix("# ")).write_text(block, encoding="utf-8")
    run(folder, "import make_key")
    return folder


def run(folder: Path, program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def judge(desk: Path, *, after: timedelta = timedelta(0)) -> AttestationVerdict:
    return judge_attestation(
        run(desk, f"from attest import attest; print(attest({ACCOUNT!r}, {CHALLENGE!r}), end='')"),
        keys=load_pinned_keys(desk / "desk-keys.json"),
        audience="https://verify.example.org",
        issuer="https://desk.example.org",
        nonce=CHALLENGE,
        subject=lambda account: account == ACCOUNT,
        now=datetime.now(UTC) + after,
    )


def test_the_guides_attestation_is_confirmed(desk: Path) -> None:
    assert judge(desk).verdict.outcome is Outcome.CONFIRMED


def test_the_guides_attestation_does_not_live_long(desk: Path) -> None:
    assert judge(desk, after=timedelta(minutes=5)).verdict.reasons == (Reason.TOO_OLD,)


def test_the_guides_private_key_is_readable_by_its_owner_only(desk: Path) -> None:
    assert (desk / "desk-key.pem").stat().st_mode & 0o077 == 0


def test_the_guide_names_every_reason_of_an_attestation() -> None:
    named = set(re.findall(r"`([a-z_]+)`", GUIDE.read_text(encoding="utf-8").partition("## What is checked")[2]))
    given = re.findall(r"Reason\.([A-Z_]+)", JUDGE.read_text(encoding="utf-8"))
    # A look-up that failed is not the desk's fault to mend; what was seen before is refused where the digest is kept.
    assert {Reason[name] for name in given} - {Reason.LOOKUP_FAILED} | {Reason.REPLAYED} <= named
