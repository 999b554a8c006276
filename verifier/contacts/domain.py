"""Control of a domain: its DNS zone, or its website, shows this check's challenge.

Guarantees: confirmed is only what was seen just now, at the place that only who controls the domain can write, and
equal to the challenge; a challenge names its verification and action, so that an old one, or another's, is none. A
look-up or fetch that failed is never taken for an absent challenge. Leaves to others: the DNS and the fetching, whose
answers are as true as the path to them, and how often one may look.
"""

from typing import Final

from verifier.contacts.challenge import is_same_text
from verifier.contacts.errors import FetchFailedError, LookupFailedError
from verifier.contacts.fetching import Answer, Fetcher
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import Resolver
from verifier.contacts.verdict import Outcome, Verdict

RECORD: Final = "_verifier-challenge"
FILE: Final = "/.well-known/verifier-challenge.txt"
MOST_FILE_BYTES: Final = 4_096

_CONFIRMED: Final = Verdict(Outcome.CONFIRMED)
_NOT_TOLD: Final = Verdict(Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,))
_MISSING: Final = Verdict(Outcome.UNCONFIRMED, (Reason.CHALLENGE_MISSING,))
_DIFFERS: Final = Verdict(Outcome.FAILED, (Reason.CHALLENGE_DIFFERS,))


def record_name(domain: str) -> str:
    """The name of the TXT record; `domain` in the form of `parse_domain`."""
    return f"{RECORD}.{domain}"


def file_url(domain: str) -> str:
    """The address of the file; `domain` in the form of `parse_domain`."""
    return f"https://{domain}{FILE}"


def judge_dns(domain: str, challenge: str, resolver: Resolver) -> Verdict:
    """Whether one of the TXT records at `_verifier-challenge.<domain>` is the challenge."""
    try:
        records = resolver.txt(record_name(domain))
    except LookupFailedError:
        return _NOT_TOLD
    if not records:
        return _MISSING
    # Old records may stand beside the new one: zones are often edited by adding.
    return _CONFIRMED if any(_shows(record, challenge) for record in records) else _DIFFERS


def judge_file(domain: str, challenge: str, fetcher: Fetcher) -> Verdict:
    """Whether `https://<domain>/.well-known/verifier-challenge.txt` holds the challenge and nothing else."""
    try:
        answer = fetcher.fetch(file_url(domain), most_bytes=MOST_FILE_BYTES)
    except FetchFailedError as error:
        return _DIFFERS if error.facts.get("reason") == "too_large" else _NOT_TOLD
    return _judge_answer(answer, challenge)


def _judge_answer(answer: Answer, challenge: str) -> Verdict:
    if answer.status >= 500:
        return _NOT_TOLD
    if answer.status != 200 or not answer.body.strip():
        return _MISSING  # a redirect leads to what others may write: it is no file of this host
    return _CONFIRMED if _shows(answer.body, challenge) else _DIFFERS


def _shows(found: bytes, challenge: str) -> bool:
    """Whether it is the challenge, but for the ends of lines and blanks that editors add."""
    return is_same_text(found.strip(b" \t\r\n").decode("latin-1"), challenge)
