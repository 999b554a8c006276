"""The worked example in the guide for desks is run as it stands, and comes to what the worker compares with."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from policies.parts import ContactKind
from verifier.contacts.points import parse_contact
from verifier.contacts.registered import digest_contact

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "ask-for-contact-checks.md"
KEY = bytes(range(32))
SENT = {ContactKind.EMAIL: "Jo@Example.ORG", ContactKind.PHONE: "+1 202 555 0143"}


@pytest.fixture(scope="module")
def guide() -> str:
    return GUIDE.read_text(encoding="utf-8")


def test_the_guides_program_prints_what_the_guide_says_and_what_the_worker_computes(guide: str) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert KEY.hex() in program
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert printed == re.findall(r"^ {4}([0-9a-f]{64})$", guide, re.MULTILINE)
    ours = {kind: parse_contact(kind, text, forbid_disposable=False) for kind, text in SENT.items()}
    assert printed == [digest_contact(KEY, kind, normal) for kind, normal in ours.items()]


def test_the_guide_shows_every_kind_and_its_normal_form(guide: str) -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", guide.partition("## Say when")[0], re.MULTILINE))
    assert named == set(ContactKind) - {ContactKind.ACCOUNT}
    for shown in ("+12025550143", "shop.example"):
        kind = ContactKind.PHONE if shown.startswith("+") else ContactKind.DOMAIN
        assert parse_contact(kind, shown, forbid_disposable=False) == shown
