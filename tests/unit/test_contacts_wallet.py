"""Wallet signatures: the specifications' own vectors, round trips, and everything that only looks like one."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.contacts.challenge import new_challenge
from verifier.contacts.errors import MalformedChallengeError, MalformedSignatureError
from verifier.contacts.reasons import Reason
from verifier.contacts.verdict import Outcome, Verdict
from verifier.contacts.wallet import PersonalSignWallets, judge_wallet, wallet_message
from verifier.errors import ConfigurationError
from verifier.ids import new_verification_id

try:
    WALLETS = PersonalSignWallets()
except ConfigurationError:
    pytest.skip("the extra `wallet` is not installed: no signature was tried", allow_module_level=True)

import eth_account  # after ours, which keeps the import from deepening every recursion in these tests
from eth_account.messages import encode_defunct

CHECKSUMMED = (  # EIP-55, "Test Cases"
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)
# web3.js, documentation of `web3.eth.accounts.sign`.
KNOWN_KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
KNOWN_ADDRESS = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
KNOWN_SIGNATURE = (
    "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
    "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

DESK = "Example support"
CHALLENGE = new_challenge(new_verification_id(), "wallet-recovery")


def sign(message: str, *, key: str = KNOWN_KEY) -> str:
    signed = eth_account.Account.sign_message(encode_defunct(text=message), private_key=key)
    return f"0x{signed.signature.hex().removeprefix('0x')}"


def judge(signature: str, *, address: str = KNOWN_ADDRESS, challenge: str = CHALLENGE) -> Verdict:
    return judge_wallet(signature, address=address, challenge=challenge, desk=DESK, verifier=WALLETS)


@pytest.mark.parametrize("address", CHECKSUMMED)
def test_the_addresses_of_eip_55_are_spelled_as_it_spells_them(address: str) -> None:
    assert WALLETS.parse_address(address).lower() == address.lower()
    assert WALLETS.parse_address(address.lower()) == WALLETS.parse_address("0x" + address[2:].upper())
    assert WALLETS.parse_address(WALLETS.parse_address(address)) == WALLETS.parse_address(address)


@pytest.mark.parametrize("address", CHECKSUMMED[4:])
def test_one_letter_in_the_wrong_case_is_mistyped(address: str) -> None:
    assert WALLETS.parse_address(address) == address
    for at in range(2, len(address)):
        changed = address[:at] + address[at].swapcase() + address[at + 1 :]
        if changed != address:
            with pytest.raises(MalformedSignatureError):
                WALLETS.parse_address(changed)


@given(st.text() | st.from_regex(r"0x[0-9a-fA-F]{38,42}", fullmatch=True))
def test_no_text_makes_an_address_raise_anything_but_its_error(text: str) -> None:
    try:
        assert WALLETS.parse_address(text).lower() == text.lower()
    except MalformedSignatureError:
        return


def test_the_known_signature_is_by_the_known_address() -> None:
    assert WALLETS.find_signer("Some data", KNOWN_SIGNATURE) == KNOWN_ADDRESS
    assert (
        WALLETS.find_signer("Some data", KNOWN_SIGNATURE[:-2] + "01") == KNOWN_ADDRESS
    )  # as hardware wallets write it
    assert WALLETS.find_signer("Some dat4", KNOWN_SIGNATURE) != KNOWN_ADDRESS


def test_the_message_names_who_asks_what_for__and_case() -> None:
    verification = new_verification_id()
    challenge = new_challenge(verification, "wallet-recovery")
    message = wallet_message(challenge, desk=DESK)
    lines = message.split("\n")
    assert lines[0].startswith(DESK)
    assert lines[-3:] == [
        "Action: wallet-recovery",
        f"Case: {verification}",
        f"Challenge: {challenge}",
    ]
    assert message.isascii()


def test_a_message_without_a_challenge_of_ours_is_never_asked_for() -> None:
    with pytest.raises(MalformedChallengeError):
        wallet_message("send all my coins", desk=DESK)


@pytest.mark.parametrize("spelled", [KNOWN_ADDRESS, KNOWN_ADDRESS.lower()])
def test_the_registered_wallet_confirms(spelled: str) -> None:
    signature = sign(wallet_message(CHALLENGE, desk=DESK))
    assert judge(signature, address=spelled) == Verdict(Outcome.CONFIRMED)


@given(st.binary(min_size=32, max_size=32).filter(lambda raw: 0 < int.from_bytes(raw, "big") < ORDER))
def test_every_wallet_confirms_itself_and_no_other(secret: bytes) -> None:
    wallet = eth_account.Account.from_key(secret)
    message = wallet_message(CHALLENGE, desk=DESK)
    signature = sign(message, key=secret.hex())
    assert judge(signature, address=wallet.address).outcome is Outcome.CONFIRMED
    assert judge(signature).outcome is Outcome.FAILED or wallet.address == KNOWN_ADDRESS


def test_an_answer_to_another_challenge_proves_nothing() -> None:
    other = new_challenge(new_verification_id(), "wallet-recovery")
    signature = sign(wallet_message(other, desk=DESK))
    assert judge(signature) == Verdict(Outcome.FAILED, (Reason.BAD_SIGNATURE,))
    assert judge(KNOWN_SIGNATURE) == Verdict(Outcome.FAILED, (Reason.BAD_SIGNATURE,))


def test_a_signature_has_one_form_only() -> None:
    good = sign(wallet_message(CHALLENGE, desk=DESK))
    r, s, v = good[2:66], int(good[66:130], 16), good[130:]
    # The other root of the same signature: it verifies too, unless the high half is refused (EIP-2).
    twin = f"0x{r}{ORDER - s:064x}{'1b' if v == '1c' else '1c'}"
    assert WALLETS.find_signer("x", good) is not None
    malformed = [twin, good[2:], good + "00", good[:-2], good[:-2] + "02", good[:-2] + "25", good + "\n", "", "0x"]
    for text in (*malformed, f"0x{r}{0:064x}{v}"):
        assert judge(text) == Verdict(Outcome.FAILED, (Reason.MALFORMED,)), text


@given(st.text() | st.from_regex(r"0x[0-9a-f]{128}(1b|1c|00|01)", fullmatch=True))
def test_no_signature_makes_the_judge_raise_or_believe(signature: str) -> None:
    assert judge(signature).outcome is Outcome.FAILED


def test_a_registered_address_that_is_none_is_the_callers_fault() -> None:
    with pytest.raises(MalformedSignatureError):
        judge(KNOWN_SIGNATURE, address="0x1234")


def test_without_the_extra_the_start_says_what_to_install() -> None:
    # A process of its own, in which the import finds nothing: as on a machine without the extra.
    program = (
        "import sys; sys.modules['eth_account'] = None\n"
        "from verifier.contacts.wallet import PersonalSignWallets\n"
        "from verifier.errors import ConfigurationError\n"
        "try: PersonalSignWallets()\n"
        "except ConfigurationError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "verifier[wallet]"' in said.stdout


def test_the_module_is_imported_without_the_extra() -> None:
    program = "import sys, verifier.contacts.wallet; print([n for n in sys.modules if n.startswith('eth')])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_the_extra_does_not_let_the_whole_process_recurse_deeper() -> None:
    # Or nested JSON at any door would end the process: the limit is all that stops Python's reader.
    program = (
        "import json, sys\n"
        "from verifier.contacts.wallet import PersonalSignWallets\n"
        "before = sys.getrecursionlimit()\n"
        "wallets = PersonalSignWallets()\n"
        f"wallets.find_signer('Some data', {KNOWN_SIGNATURE!r}), wallets.parse_address({KNOWN_ADDRESS!r})\n"
        "print(sys.getrecursionlimit() == before)\n"
        "try: json.loads('[' * 100_000)\n"
        "except RecursionError: print('refused')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "refused"]
