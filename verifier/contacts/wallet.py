"""Wallets: a signature over a message that a person can read, by the key whose address is registered on the account.

A seam: `WalletVerifier` knows one kind of wallet. The one that is here knows Ethereum's `personal_sign` (EIP-191,
version 0x45) over eth-account, which comes with the optional extra `wallet`.

Guarantees: the message names the desk, the action and the case, ends in the challenge, and has one spelling only; an
address in mixed case must carry its checksum (EIP-55); a signature has one form only (65 bytes, low `s`).
Leaves to others: contract wallets, which have no key of their own (EIP-1271), and the page that asks the wallet.
"""

import re
import sys
from importlib import import_module
from typing import Final, Protocol

from verifier.contacts.challenge import parse_challenge
from verifier.contacts.errors import MalformedSignatureError
from verifier.contacts.reasons import Reason
from verifier.contacts.verdict import Outcome, Verdict
from verifier.errors import ConfigurationError

_ADDRESS: Final = re.compile(r"0x[0-9A-Fa-f]{40}")
_SIGNATURE: Final = re.compile(r"0x([0-9A-Fa-f]{64})([0-9A-Fa-f]{64})(00|01|1[bB]|1[cC])")
_HALF_OF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # secp256k1; EIP-2


class WalletVerifier(Protocol):
    """Knows the addresses and signatures of one kind of wallet."""

    def parse_address(self, text: str) -> str:
        """The address in the spelling that people compare. Raises `MalformedSignatureError`."""
        ...

    def find_signer(self, message: str, signature: str) -> str | None:
        """The address that signed `message`; `None` where none did. Raises `MalformedSignatureError`."""
        ...


def wallet_message(challenge: str, *, desk: str) -> str:
    """What the customer's wallet shows and signs; the page and the judge build it alike, from the same two texts.

    The address is not in it: the page belongs to the tier that cannot open it, and who signed is known from the
    signature itself. In English whatever the reader speaks: the judge rebuilds it byte for byte, and does not know in
    which language the page stood when it was signed; to try all of them would make five texts stand for one. And
    small screens of hardware wallets show ASCII only, and anything else as numbers that nobody reads. What it says
    stands around it on the page, in the reader's language. Raises `MalformedChallengeError`.
    """
    named = parse_challenge(challenge)
    return (
        f"{desk} asks whether this wallet is yours.\n"
        "\n"
        "Signing this moves no money and allows nobody to move any.\n"
        "If you did not ask for this, do not sign.\n"
        "\n"
        f"Action: {named.action}\n"
        f"Case: {named.verification}\n"
        f"Challenge: {challenge}"
    )


def judge_wallet(signature: str, *, address: str, challenge: str, desk: str, verifier: WalletVerifier) -> Verdict:
    """Whether the key of the registered `address` signed this check's message. No signature makes it raise.

    Raises:
        MalformedSignatureError: where the registered address itself is none.
    """
    spelled = verifier.parse_address(address)
    try:
        signer = verifier.find_signer(wallet_message(challenge, desk=desk), signature)
    except MalformedSignatureError:
        return Verdict(Outcome.FAILED, (Reason.MALFORMED,))
    if signer != spelled:
        # Any signature answers to some address, of another message too: so this never shows that it is another's.
        return Verdict(Outcome.FAILED, (Reason.BAD_SIGNATURE,))
    return Verdict(Outcome.CONFIRMED)


class PersonalSignWallets:
    """Ethereum's `personal_sign` (EIP-191) and addresses (EIP-55)."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` where the extra `wallet` is not installed."""
        try:
            _import_library()
        except ImportError:
            raise ConfigurationError(
                "Wallet signatures need eth-account, which is not installed. "
                'Install it with the extra: pip install "verifier[wallet]".'
            ) from None

    def parse_address(self, text: str) -> str:
        from eth_utils.address import to_checksum_address

        if _ADDRESS.fullmatch(text) is None:
            raise MalformedSignatureError
        spelled = str(to_checksum_address(text.lower()))
        digits = text[2:]
        if digits not in {spelled[2:], digits.lower(), digits.upper()}:
            raise MalformedSignatureError  # mixed case that is not its checksum: mistyped
        return spelled

    def find_signer(self, message: str, signature: str) -> str | None:
        from eth_account import Account
        from eth_account.messages import encode_defunct
        from eth_keys.exceptions import BadSignature

        found = _SIGNATURE.fullmatch(signature)
        if found is None or not 0 < int(found[2], 16) <= _HALF_OF_ORDER:
            raise MalformedSignatureError
        try:
            return str(Account.recover_message(encode_defunct(text=message), signature=signature))
        except BadSignature:  # no point of the curve answers to it
            return None


def _import_library() -> None:
    """Import all that is used here, at start rather than at the first signature.

    One of its parts (py_ecc) lets the whole process recurse 100,000 deep when it is imported. Then a few kilobytes of
    nested JSON, at any door, would end the process with a segmentation fault instead of a refusal: so that is undone.
    """
    limit = sys.getrecursionlimit()
    try:
        for name in ("eth_account.messages", "eth_keys.exceptions", "eth_utils.address"):
            import_module(name)
    finally:
        sys.setrecursionlimit(limit)
