"""Transaction hashes and addresses of public ledgers, told apart by their formats alone.

Guarantees: a normal form parses to itself; what carries its own check (Base58Check, Bech32) is checked. Whether such a
transaction or address exists is asked nowhere: asking would tell others what a customer typed.
"""

import hashlib
import re
from typing import Final

from verifier.proofs.detail_faults import DetailFault, WrongDetailError

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_TEXT: Final = re.compile(rf"[{_BASE58}]{{25,90}}")
_HASH: Final = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{64})")
_ETHEREUM: Final = re.compile(r"0[xX][0-9A-Fa-f]{40}")
_BECH32: Final = re.compile(r"([a-z]{1,10})1([qpzry9x8gf2tvdw0s3jn54khce6mua7l]{14,90})")
_BECH32_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_ENDS: Final = frozenset({1, 0x2BC830A3})  # BIP 173; BIP 350

_SIGNATURE_BYTES: Final = 64
_PUBLIC_KEY_BYTES: Final = 32
_CHECKED_BYTES: Final = 25  # a version, 20 bytes of a hash, four of a check


def parse_transaction_hash(text: str) -> str:
    """64 hex digits, small, without 0x (Bitcoin, Ethereum, Tron), or a signature in Base58 (Solana).

    Raises:
        WrongDetailError
    """
    found = _HASH.fullmatch(text)
    if found is not None:
        return found[1].lower()
    if len(_decode_base58(text)) == _SIGNATURE_BYTES:
        return text
    raise WrongDetailError(DetailFault.NOT_THE_FORMAT)


def parse_address(text: str) -> str:
    """An address of Ethereum's kind (small), Bitcoin's or Tron's (Base58Check, Bech32), or a public key like Solana's.

    Raises:
        WrongDetailError
    """
    if _ETHEREUM.fullmatch(text) is not None:
        return text.lower()
    small = text if text == text.lower() else text.lower() if text == text.upper() else ""
    bech32 = _BECH32.fullmatch(small)
    if bech32 is not None:
        _verify_bech32(bech32[1], bech32[2])
        return small
    decoded = _decode_base58(text)
    if len(decoded) == _CHECKED_BYTES:
        check = hashlib.sha256(hashlib.sha256(decoded[:-4]).digest()).digest()[:4]
        if check != decoded[-4:]:
            raise WrongDetailError(DetailFault.CHECK_DIGITS)
        return text
    if len(decoded) == _PUBLIC_KEY_BYTES:
        return text
    raise WrongDetailError(DetailFault.NOT_THE_FORMAT)


def _decode_base58(text: str) -> bytes:
    if _BASE58_TEXT.fullmatch(text) is None:
        raise WrongDetailError(DetailFault.NOT_THE_FORMAT)
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _verify_bech32(prefix: str, data: str) -> None:
    """The checksum of BIP 173, section "Checksum", or of BIP 350."""
    high, low = [ord(letter) >> 5 for letter in prefix], [ord(letter) & 31 for letter in prefix]
    values = [*high, 0, *low, *(_BECH32_LETTERS.index(letter) for letter in data)]
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, step in enumerate(_BECH32_STEPS):
            check ^= step if top >> bit & 1 else 0
    if check not in _BECH32_ENDS:
        raise WrongDetailError(DetailFault.CHECK_DIGITS)
