"""What an attestation may and may not be: each fault of its own is refused by its own reason."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.attesting_desk import AttestingDesk, new_ec_key, segment
from verifier.contacts.attestation import (
    MOST_LIFE,
    MOST_TOKEN_BYTES,
    SKEW,
    AttestationVerdict,
    judge_attestation,
    subject_of_digest,
)
from verifier.contacts.challenge import new_challenge
from verifier.contacts.reasons import Reason
from verifier.contacts.verdict import Outcome
from verifier.ids import new_verification_id

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DESK = AttestingDesk(NOW)


def judge(token: str, *, desk: AttestingDesk = DESK, now: datetime = NOW, account: str = "") -> AttestationVerdict:
    return judge_attestation(
        token,
        keys=desk.keys,
        audience=desk.audience,
        issuer=desk.issuer,
        nonce=desk.nonce,
        subject=subject_of_digest(digest, expected=digest(account or desk.account)),
        now=now,
    )


def digest(account: str) -> str:
    return hmac.new(b"a key of the installation", account.encode(), hashlib.sha256).hexdigest()


def reasons(token: str, *, now: datetime = NOW) -> tuple[Reason, ...]:
    found = judge(token, now=now)
    assert found.verdict.outcome is Outcome.FAILED
    assert found.replay_digest is None
    return found.verdict.reasons


@pytest.mark.parametrize("token", [DESK.sign(), DESK.sign_es256(), DESK.sign(aud=[DESK.audience], nbf=1, more="x")])
def test_what_the_desk_signed_for_this_check_is_confirmed(token: str) -> None:
    found = judge(token)
    assert (found.verdict.outcome, found.verdict.reasons) == (Outcome.CONFIRMED, ())
    assert found.replay_digest is not None


def test_the_replay_digest_is_the_tokens_id_at_its_issuer_whatever_else_it_says() -> None:
    first, again = judge(DESK.sign()), judge(DESK.sign_es256(exp=int(NOW.timestamp()) + 60))
    other = judge(DESK.sign(jti="fedcba9876543210"))
    assert first.replay_digest == again.replay_digest != other.replay_digest
    assert other.replay_digest is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "https://verify.example.com"}, Reason.WRONG_AUDIENCE),
        ({"aud": [DESK.audience, "https://other.example"]}, Reason.WRONG_AUDIENCE),
        ({"aud": []}, Reason.WRONG_AUDIENCE),
        ({"aud": ...}, Reason.WRONG_AUDIENCE),
        ({"aud": DESK.audience + "/"}, Reason.WRONG_AUDIENCE),
        ({"iss": "https://other.example"}, Reason.WRONG_ISSUER),
        ({"nonce": new_challenge(DESK.verification, "account-recovery")}, Reason.WRONG_NONCE),
        ({"nonce": "ü"}, Reason.WRONG_NONCE),
        ({"verification": new_verification_id()}, Reason.WRONG_CASE),
        ({"action": "payout-question"}, Reason.WRONG_CASE),
    ],
)
def test_a_claim_about_something_else_is_refused_by_its_own_reason(
    changes: Mapping[str, object], reason: Reason
) -> None:
    assert reasons(DESK.sign(**changes)) == (reason,)


def test_another_customers_attestation_is_a_mismatch() -> None:
    found = judge(DESK.sign(), account="customer-4712")
    assert (found.verdict.outcome, found.verdict.reasons) == (Outcome.MISMATCH, (Reason.WRONG_SUBJECT,))
    assert found.replay_digest is None


def test_every_claim_that_does_not_hold_is_named_for_whoever_wires_the_desk() -> None:
    token = DESK.sign(aud="x", iss="x", sub="somebody else")
    assert reasons(token) == (Reason.WRONG_AUDIENCE, Reason.WRONG_ISSUER, Reason.WRONG_SUBJECT)


def test_a_token_lives_from_its_beginning_to_its_end_and_half_a_minute_of_skew() -> None:
    life, second = timedelta(minutes=5), timedelta(seconds=1)
    token = DESK.sign()
    assert reasons(token, now=NOW - SKEW - second) == (Reason.NOT_YET_VALID,)
    assert judge(token, now=NOW - SKEW).verdict.outcome is Outcome.CONFIRMED
    assert judge(token, now=NOW + life + SKEW - second).verdict.outcome is Outcome.CONFIRMED
    assert reasons(token, now=NOW + life + SKEW) == (Reason.TOO_OLD,)


def test_a_token_is_made_for_ten_minutes_at_most() -> None:
    issued, most = int(NOW.timestamp()), int(MOST_LIFE.total_seconds())
    assert judge(DESK.sign(exp=issued + most)).verdict.outcome is Outcome.CONFIRMED
    assert reasons(DESK.sign(exp=issued + most + 1)) == (Reason.LIVES_TOO_LONG,)
    assert reasons(DESK.sign(exp=10**300)) == (Reason.LIVES_TOO_LONG,)
    assert reasons(DESK.sign(nbf=issued + 31)) == (Reason.NOT_YET_VALID,)
    assert Reason.LIVES_TOO_LONG in reasons(DESK.sign(exp=issued))  # it ends where it begins


@pytest.mark.parametrize("name", ["iss", "sub", "nonce", "verification", "action", "iat", "exp", "jti"])
@pytest.mark.parametrize("value", [..., None, "", True, 1.5, {}, ["x"]])
def test_a_claim_that_is_absent_or_of_another_kind_is_malformed(name: str, value: object) -> None:
    assert reasons(DESK.sign(**{name: value})) == (Reason.MALFORMED,)


@pytest.mark.parametrize("token_id", ["short", "x" * 129, "customer@example.org", "0123456789abcde/"])
def test_the_id_of_a_token_is_long_and_no_address(token_id: str) -> None:
    assert reasons(DESK.sign(jti=token_id)) == (Reason.MALFORMED,)


def test_an_unsigned_token_is_refused() -> None:
    token = f"{segment(DESK.header(alg='none'))}.{segment(DESK.claims())}."
    assert reasons(token) == (Reason.MALFORMED,)
    assert reasons(token + "AAAA") == (Reason.WRONG_ALGORITHM,)


def test_the_public_key_as_a_shared_secret_is_refused() -> None:
    # Key confusion: the attacker signs with what everybody knows, and says that it is HMAC.
    encoding, form = serialization.Encoding, serialization.PublicFormat
    known = [
        DESK.ed.public_key().public_bytes(encoding.Raw, form.Raw),
        DESK.ec.public_key().public_bytes(encoding.PEM, form.SubjectPublicKeyInfo),
    ]
    for key in known:
        content = f"{segment(DESK.header(alg='HS256'))}.{segment(DESK.claims())}"
        signature = hmac.new(key, content.encode(), hashlib.sha256).digest()
        assert reasons(f"{content}.{segment(signature)}") == (Reason.WRONG_ALGORITHM,)


@pytest.mark.parametrize(
    "algorithm", [..., "", "NONE", "HS256", "RS256", "ES384", "ES256K", "eddsa", 1, None, ["EdDSA"]]
)
def test_an_algorithm_that_is_not_listed_is_refused(algorithm: object) -> None:
    assert reasons(DESK.sign_raw(DESK.header(alg=algorithm), DESK.claims())) == (Reason.WRONG_ALGORITHM,)


def test_a_key_verifies_its_own_algorithm_only() -> None:
    assert reasons(DESK.sign_raw(DESK.header(kid="ec"), DESK.claims())) == (Reason.WRONG_KEY,)
    assert reasons(DESK.sign_raw(DESK.header(alg="ES256"), DESK.claims())) == (Reason.WRONG_KEY,)


def test_a_key_that_the_desk_does_not_have_is_refused() -> None:
    assert reasons(DESK.sign_raw(DESK.header(kid="other"), DESK.claims())) == (Reason.WRONG_KEY,)


def test_a_signature_by_another_key_under_the_desks_id_is_refused() -> None:
    stranger = Ed25519PrivateKey.generate()
    assert reasons(DESK.sign_raw(DESK.header(), DESK.claims(), key=stranger)) == (Reason.BAD_SIGNATURE,)
    headers = {"kid": "ec", "typ": "attestation+jwt"}
    forged = jwt.encode(DESK.claims(), new_ec_key(), algorithm="ES256", headers=headers)
    assert reasons(forged) == (Reason.BAD_SIGNATURE,)


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "JWT"},
        {"typ": ...},
        {"typ": "at+jwt"},
        {"crit": []},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"jku": "https://attacker.example/keys"},
        {"jwk": {"kty": "OKP"}},
        {"x5c": ["AAAA"]},
        {"zip": "DEF"},
        {"kid": ...},
        {"kid": 1},
    ],
)
def test_a_header_with_anything_but_algorithm_key_and_type_is_refused(changes: Mapping[str, object]) -> None:
    assert reasons(DESK.sign_raw(DESK.header(**changes), DESK.claims())) == (Reason.MALFORMED,)


def test_a_name_that_stands_twice_is_refused_even_under_a_good_signature() -> None:
    header = b'{"alg":"EdDSA","alg":"EdDSA","kid":"ed","typ":"attestation+jwt"}'
    assert reasons(DESK.sign_raw(header, DESK.claims())) == (Reason.MALFORMED,)
    assert reasons(DESK.sign_raw(DESK.header(), b'{"sub":"a","sub":"b"}')) == (Reason.MALFORMED,)


def test_a_token_that_is_too_large_is_refused_unread() -> None:
    assert reasons(DESK.sign(more="x" * MOST_TOKEN_BYTES)) == (Reason.TOO_LARGE,)


@pytest.mark.parametrize("change", ["{}=", " {}", "{}\n", "{}.", ".{}", "{}.AAAA"])
def test_a_token_has_one_spelling(change: str) -> None:
    assert reasons(change.format(DESK.sign())) == (Reason.MALFORMED,)


def test_bits_that_base64_would_drop_are_refused() -> None:
    # 64 bytes of signature fill 86 characters with 4 bits to spare: the last one has 16 spellings.
    token = DESK.sign()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(token[-1]) ^ 1]
    assert reasons(token[:-1] + other) == (Reason.MALFORMED,)


@given(st.data())
def test_any_changed_character_spoils_a_token(data: st.DataObject) -> None:
    token = DESK.sign()
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + data.draw(st.characters().filter(lambda letter: letter != token[at])) + token[at + 1 :]
    assert judge(changed).verdict.outcome is Outcome.FAILED


@given(st.text() | st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(lambda p: ".".join(map(segment, p))))
def test_no_text_makes_the_judge_raise_or_believe(token: str) -> None:
    assert judge(token).verdict.outcome is Outcome.FAILED


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(DESK.claims())), _JSON)
def test_no_claim_makes_the_judge_raise_even_under_a_good_signature(name: str, value: object) -> None:
    found = judge(DESK.sign(**{name: value}))
    assert (found.verdict.outcome is Outcome.CONFIRMED) == (found.replay_digest is not None)


@given(st.binary(max_size=200))
def test_no_payload_makes_the_judge_raise_even_under_a_good_signature(payload: bytes) -> None:
    assert reasons(DESK.sign_raw(DESK.header(), payload)) == (Reason.MALFORMED,)


def test_two_desks_do_not_speak_for_each_other() -> None:
    other = AttestingDesk(NOW)
    assert judge(other.sign(nonce=DESK.nonce, verification=DESK.verification)).verdict.reasons == (
        Reason.BAD_SIGNATURE,
    )
