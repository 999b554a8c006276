"""Ways to pass as somebody else's address (espoofer): none is accepted, whatever the attacker signs and publishes."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final

import dkim
import pytest

from tests.signed_mail import Zone, rsa_key, serve, sign, write_mail
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.verdict import Outcome

VICTIMS: Final = ("admin@legitimate.com", "admin@example.com")
ATTACKERS: Final = ("attack.com", "legitimate.com.attack.com", "any.attack.com", "a.attack.com")
_EXPRESSION: Final = re.compile(r"<expr:(.+?\))>", re.DOTALL)
_ZONE: Final = Zone()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serve(_ZONE, timeout=timedelta(milliseconds=400)) as served:
        yield served


@pytest.fixture(autouse=True)
def zone() -> Iterator[Zone]:
    for domain in ATTACKERS:
        _ZONE.publish(domain, rsa_key())
    yield _ZONE
    _ZONE.clear()


def _compute(match: re.Match[str]) -> str:
    """What espoofer computes when it sends."""
    values = {"get_date()": format_datetime(datetime.now(UTC)), "id_generator()": "A1B2C3"}
    return values[match[1]]


def _cases(cases_dir: Path) -> dict[str, bytes]:
    found: dict[str, Any] = json.loads((cases_dir / "email_spoof" / "cases.json").read_text(encoding="utf-8"))
    parts = ("from_header", "to_header", "subject_header", "other_headers", "body")
    return {
        name: _EXPRESSION.sub(_compute, "".join(case["data"][part] for part in parts)).encode("latin-1")
        for name, case in found.items()
    }


def _signed_by_attackers(raw: bytes) -> Iterator[bytes]:
    for domain in (*ATTACKERS, "legitimate.com'a.attack.com", "legitimate.com(.attack.com"):
        try:
            yield sign(raw, domain=domain, covers=(b"from", b"to", b"subject", b"date"))
        except dkim.DKIMException:
            continue  # not even an attacker's tool reads this one


@pytest.mark.cases
def test_no_spoof_is_accepted_as_the_contact_point(cases_dir: Path, resolver: DnsResolver) -> None:
    tried, accepted = 0, []
    for name, raw in _cases(cases_dir).items():
        for mail in (raw, *_signed_by_attackers(raw)):
            for victim in VICTIMS:
                judged = judge_message(
                    mail, expected=victim, now=datetime.now(UTC), resolver=resolver, rules=MessageRules()
                )
                tried += 1
                if judged.verdict.outcome is Outcome.CONFIRMED or judged.replay_digest is not None:
                    accepted.append((name, victim))
    assert tried >= 11 * len(VICTIMS)
    assert accepted == []


def test_the_same_judge_accepts_what_the_true_domain_signed(resolver: DnsResolver, zone: Zone) -> None:
    zone.publish("legitimate.com", rsa_key())
    mail = sign(write_mail(sender="<admin@legitimate.com>"), domain="legitimate.com")
    judged = judge_message(mail, expected=VICTIMS[0], now=datetime.now(UTC), resolver=resolver, rules=MessageRules())
    assert judged.verdict.outcome is Outcome.CONFIRMED
