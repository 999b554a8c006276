"""Details in words: what a right one looks like, by kind, and what is wrong, by fault. Marked for translation.

A test walks both lists: each kind and each fault stands here.
"""

from collections.abc import Callable, Mapping
from typing import Final

from policies.parts import DetailKind
from verifier.proofs.detail_faults import DetailFault
from verifier.web.answers.answer import N_

EXAMPLES: Final[Mapping[DetailKind, str]] = {
    DetailKind.TRANSACTION_HASH: N_(
        "The hash that your wallet shows for the transfer: 64 digits and letters from a to f, perhaps with 0x in front,"
        " or a Solana signature of about 88 digits and letters. Not the address of a page."
    ),
    DetailKind.ADDRESS: N_(
        "The whole address as your wallet shows it, such as 0x52908400098527886E0F7030069857D2E4169EE7 or one that"
        " begins with bc1, 1, 3 or T. Copy it rather than type it."
    ),
    DetailKind.AMOUNT: N_("The number and the currency, such as 1234.56\u00a0EUR or 1\u00a0234,56\u00a0CZK."),
    DetailKind.PAYMENT_REFERENCE: N_(
        "The variable symbol of your payment, up to 10 digits, such as 2026001234, or a reference that begins with RF,"
        " such as RF18 5390 0754 7034."
    ),
    DetailKind.EMAIL_HEADER: N_(
        "The lines From, To and Date of the message, such as From: shop@example.org, To: you@example.org, Date: Sun, 22"
        " Nov 2026 14:05:11 +0100. You can paste the whole header; we keep only these."
    ),
    DetailKind.DATE: N_("Day, month and year, such as 22. 11. 2026."),
    DetailKind.TEXT: N_("One line of up to 200 characters."),
}

FAULTS: Final[Mapping[DetailFault, str]] = {
    DetailFault.EMPTY: N_("%(title)s: this is still missing."),
    DetailFault.TOO_LONG: N_("%(title)s: this is too long. Compare it with the example."),
    DetailFault.CONTROL_CHARACTER: N_(
        "%(title)s: this has a line break or a character that cannot be seen. Type it again, or copy only the line."
    ),
    DetailFault.NOT_THE_FORMAT: N_("%(title)s: we cannot read this. Compare it with the example."),
    DetailFault.CHECK_DIGITS: N_("%(title)s: a character in it is wrong. Compare it with where you have it from."),
    DetailFault.NO_CURRENCY: N_("%(title)s: the currency is missing."),
    DetailFault.UNKNOWN_CURRENCY: N_("%(title)s: write the currency as its three letters, such as EUR, USD or CZK."),
    DetailFault.UNCLEAR_NUMBER: N_(
        "%(title)s: it is not clear whether the three digits at the end are decimals. If they are, add a 0; if not,"
        " leave the separator out."
    ),
    DetailFault.TOO_MANY_DECIMALS: N_("%(title)s: this has more decimals than the currency."),
    DetailFault.NO_SUCH_DATE: N_("%(title)s: there is no such day."),
    DetailFault.NO_SENDER: N_("%(title)s: the sender is missing."),
    DetailFault.NO_RECIPIENT: N_("%(title)s: the recipient is missing."),
    DetailFault.NO_TIME: N_("%(title)s: the date and time are missing, or we cannot read them."),
}


def say_fault(fault: DetailFault, *, title: str, translate: Callable[[str], str]) -> str:
    """What is wrong, where the example stands beside it."""
    return translate(FAULTS[fault]) % {"title": title}


def say_fault_and_example(kind: DetailKind, fault: DetailFault, *, title: str, translate: Callable[[str], str]) -> str:
    """What is wrong, then what a right one looks like."""
    return f"{say_fault(fault, title=title, translate=translate)} {translate(EXAMPLES[kind])}"
