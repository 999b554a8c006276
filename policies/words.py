"""Lines of proof in plain English, for operators and auditors. Customers read pages (`verifier.web`), not these."""

from typing import Final, assert_never

from policies.ask import Skip, is_contact_only
from policies.model import Policy
from policies.parts import (
    CheckMethod,
    ContactKind,
    ContactRequirement,
    DetailsRequirement,
    DocumentRequirement,
    ProofLine,
    Requirement,
)

CHECKS: Final = {
    (ContactKind.EMAIL, CheckMethod.CODE): "enter a code that goes to the e-mail address registered on the account",
    (ContactKind.EMAIL, CheckMethod.MESSAGE): "write from the registered e-mail address, in a message with a signature",
    (ContactKind.PHONE, CheckMethod.CODE): "enter a code that goes to the registered phone",
    (ContactKind.ACCOUNT, CheckMethod.ATTESTATION): "confirm it while logged in to the account",
    (ContactKind.DOMAIN, CheckMethod.DNS): "put a given record into the domain's DNS",
    (ContactKind.DOMAIN, CheckMethod.FILE): "put a given file on the domain's website",
    (ContactKind.WALLET, CheckMethod.SIGNATURE): "sign a given text with the wallet",
}
SKIPS: Final = {
    Skip.NO_CONTACT_POINT: "the account has no such contact point",
    Skip.NOT_OFFERED: "this installation is not set up for it",
    Skip.CONTACT_CHANGED_RECENTLY: "the contact point changed recently, and is not enough alone",
    Skip.CHECK_FAILED: "the check failed",
    Skip.CHOSE_ANOTHER: "the customer chose another",
}


def tell_line(line: ProofLine, *, policy: Policy, language: str = "en") -> str:
    """What the customer does to take this line."""
    return "; and ".join(tell_requirement(item, policy=policy, language=language) for item in line)


def tell_requirement(item: Requirement, *, policy: Policy, language: str = "en") -> str:
    """One requirement, with the policy's own titles."""
    match item:
        case ContactRequirement():
            return CHECKS[item.contact, item.by]
        case DetailsRequirement():
            return "tell " + ", ".join(policy.details[field].title.in_language(language) for field in item.fields)
        case DocumentRequirement():
            rules = policy.documents[item.document]
            slots = ", ".join(rules.slot_titles[slot].in_language(language) for slot in item.slots)
            may = "if they like, send " if item.is_optional else "send "
            return f"{may}{rules.title.in_language(language)} [{slots}]"
        case _:
            assert_never(item)


def tell_decider(line: ProofLine, *, policy: Policy) -> str:
    """Who decides once this line is whole."""
    if policy.review.contact_checks_decide and is_contact_only(line):
        return "decided at once, without a person"
    return "decided by one reviewer" if policy.review.lines == 1 else "decided by two reviewers, one after the other"
