"""The desk's keys: which JWKs count, how long fetched ones do, and how often strangers make us fetch."""

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.attesting_desk import AttestingDesk, new_ec_key
from tests.https_site import Authority, Site, answer, open_site
from verifier.contacts.attestation import judge_attestation
from verifier.contacts.errors import KeysUnavailableError, UnusableKeyError
from verifier.contacts.fetching import HttpsFetcher
from verifier.contacts.jwks import FETCH_EVERY, KEEP_FOR, Algorithm, FetchedKeys, load_pinned_keys, parse_key
from verifier.contacts.reasons import Reason
from verifier.contacts.routes import LoopbackDouble
from verifier.contacts.verdict import Outcome
from verifier.errors import ConfigurationError
from verifier.settings import Settings

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DESK = AttestingDesk(NOW)
ED, EC = DESK.jwks()
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(authority: Authority) -> Iterator[Site]:
    with open_site(authority.issue("desk.example")) as opened:
        opened.script = answer(key_set(ED, EC))
        yield opened


@pytest.fixture
def keys(site: Site, authority: Authority) -> FetchedKeys:
    fetcher = HttpsFetcher(LoopbackDouble(Settings(), port=site.port), trusted=authority.file)
    return FetchedKeys("https://desk.example/keys", fetcher)


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_a_key_is_bound_to_the_algorithm_of_its_kind() -> None:
    assert (parse_key(ED).key_id, parse_key(ED).algorithm) == ("ed", Algorithm.EDDSA)
    assert (parse_key(EC).key_id, parse_key(EC).algorithm) == ("ec", Algorithm.ES256)
    assert parse_key({**EC, "use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5t": "other"}).key_id == "ec"


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "kid": "a", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"},
        {**ED, "d": "AAAA"},
        {**ED, "k": "AAAA"},
        {**ED, "kid": ""},
        {**ED, "kid": "x" * 129},
        {**ED, "kid": 1},
        {name: ED[name] for name in ("kty", "crv", "x")},
        {**ED, "crv": "X25519"},
        {**ED, "crv": "Ed448"},
        {**ED, "use": "enc"},
        {**ED, "alg": "ES256"},
        {**ED, "key_ops": ["sign"]},
        {**ED, "key_ops": ["sign", "verify"]},
        {**ED, "x": ED["x"] + "="},
        {**ED, "x": ED["x"][:-1]},
        {**ED, "x": "A" * 44},
        {**ED, "x": 1},
        {**EC, "crv": "P-384"},
        {**EC, "crv": "secp256k1"},
        {**EC, "y": EC["x"]},
        {**EC, "y": base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()},
        {name: value for name, value in EC.items() if name != "y"},
        [],
        None,
        "key",
    ],
)
def test_a_jwk_that_is_no_public_key_of_a_desk_is_refused(jwk: object) -> None:
    with pytest.raises(UnusableKeyError):
        parse_key(jwk)


@given(
    st.sampled_from([ED, EC]),
    st.sampled_from(["kty", "crv", "x", "y", "kid", "use", "alg", "key_ops"]),
    st.none() | st.text() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
)
def test_no_member_of_a_jwk_makes_the_parser_raise_anything_but_its_error(
    jwk: dict[str, Any], name: str, value: object
) -> None:
    try:
        assert parse_key({**jwk, name: value}).algorithm in Algorithm
    except UnusableKeyError:
        return


def test_pinned_keys_are_read_from_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(json.dumps(ED).encode())
    (tmp_path / "set.json").write_bytes(key_set(EC))
    (tmp_path / "README").write_text("not a key")

    for path, found in ((tmp_path, {"ed", "ec"}), (tmp_path / "one.json", {"ed"}), (tmp_path / "set.json", {"ec"})):
        pinned = load_pinned_keys(path)
        assert {key_id for key_id in ("ed", "ec", "x") if pinned.find_key(key_id, now=NOW)} == found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"keys":[]}',
        b'{"keys":1}',
        key_set(ED, ED),
        key_set(ED, {**EC, "kid": "ed"}),
        key_set(ED, {"kty": "oct", "kid": "a", "k": "c2VjcmV0"}),
        json.dumps({**ED, "d": "AAAA"}).encode(),
        json.dumps(ED).encode().replace(b'"kid"', b'"kid": "x", "kid"'),
    ],
)
def test_a_file_that_pins_no_usable_keys_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"Put in JWKs|kid of its own"):
        load_pinned_keys(tmp_path / "keys.json")


def test_a_folder_without_keys_stops_the_start(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(ConfigurationError):
            load_pinned_keys(path)


def test_a_fetched_set_is_kept_for_a_while(keys: FetchedKeys, site: Site) -> None:
    for after in (timedelta(0), SECOND, KEEP_FOR - SECOND):
        found = keys.find_key("ed", now=NOW + after)
        assert found is not None
        assert found.algorithm is Algorithm.EDDSA
    assert len(site.heads) == 1

    keys.find_key("ec", now=NOW + KEEP_FOR)
    assert len(site.heads) == 2


def test_the_fetched_keys_of_a_desk_confirm_its_attestation(keys: FetchedKeys) -> None:
    found = judge_attestation(
        DESK.sign(),
        keys=keys,
        audience=DESK.audience,
        issuer=DESK.issuer,
        nonce=DESK.nonce,
        subject=lambda account: account == DESK.account,
        now=NOW,
    )
    assert found.verdict.outcome is Outcome.CONFIRMED


def test_a_key_that_the_desk_withdrew_is_gone_when_the_set_is_old(keys: FetchedKeys, site: Site) -> None:
    assert keys.find_key("ed", now=NOW) is not None
    site.script = answer(key_set(EC))
    assert keys.find_key("ed", now=NOW + KEEP_FOR) is None


def test_a_new_key_of_the_desk_is_found_at_once(keys: FetchedKeys, site: Site) -> None:
    assert keys.find_key("ec", now=NOW) is not None
    site.script = answer(key_set(EC, {**ED, "kid": "new"}))
    assert keys.find_key("new", now=NOW + FETCH_EVERY) is not None


def test_strangers_key_ids_cause_one_fetch_in_half_a_minute(keys: FetchedKeys, site: Site) -> None:
    for number in range(50):
        assert keys.find_key(f"stranger-{number}", now=NOW + number * SECOND / 2) is None
    assert len(site.heads) == 1
    assert keys.find_key("stranger", now=NOW + FETCH_EVERY) is None
    assert len(site.heads) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"keys":[]}', b'{"keys":{}}', key_set(ED, ED), b"x" * 70_000, key_set(*[None] * 65)],
)
def test_a_set_that_cannot_be_used_tells_nothing_and_a_later_one_does(
    keys: FetchedKeys, site: Site, content: bytes
) -> None:
    site.script = answer(content)
    with pytest.raises(KeysUnavailableError):
        keys.find_key("ed", now=NOW)
    site.script = answer(key_set(ED))
    with pytest.raises(KeysUnavailableError):  # a desk that fails is not asked again at once
        keys.find_key("ed", now=NOW + SECOND)
    assert keys.find_key("ed", now=NOW + FETCH_EVERY) is not None


def test_keys_for_other_purposes_may_stand_in_a_fetched_set(keys: FetchedKeys, site: Site) -> None:
    site.script = answer(key_set({"kty": "RSA", "kid": "ed"}, {"kty": "oct", "kid": "x", "k": "AA"}, ED))
    found = keys.find_key("ed", now=NOW)
    assert found is not None
    assert found.algorithm is Algorithm.EDDSA


def test_a_desk_that_fails_later_is_believed_until_its_set_is_old(keys: FetchedKeys, site: Site) -> None:
    keys.find_key("ed", now=NOW)
    site.script = answer(b"", status="503 Busy")
    assert keys.find_key("ed", now=NOW + KEEP_FOR - SECOND) is not None
    # An id that the old set lacks may be the desk's newest: nobody can tell.
    with pytest.raises(KeysUnavailableError):
        keys.find_key("new", now=NOW + FETCH_EVERY)
    with pytest.raises(KeysUnavailableError):
        keys.find_key("ed", now=NOW + KEEP_FOR)


def test_a_clock_that_fell_back_does_not_keep_a_set_for_ever(keys: FetchedKeys, site: Site) -> None:
    keys.find_key("ed", now=NOW)
    site.script = answer(b"", status="503 Busy")
    with pytest.raises(KeysUnavailableError):
        keys.find_key("ed", now=NOW - KEEP_FOR)


def test_an_attestation_whose_keys_cannot_be_had_is_unconfirmed(keys: FetchedKeys, site: Site) -> None:
    site.script = answer(b"", status="404 Not Found")
    found = judge_attestation(
        DESK.sign(),
        keys=keys,
        audience=DESK.audience,
        issuer=DESK.issuer,
        nonce=DESK.nonce,
        subject=lambda account: account == DESK.account,
        now=NOW,
    )
    assert (found.verdict.outcome, found.verdict.reasons) == (Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,))


def test_many_threads_share_one_fetch(keys: FetchedKeys, site: Site) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(keys.find_key("ed", now=NOW))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert None not in found
    assert len(site.heads) == 1


def test_a_private_key_never_parses_as_a_public_one() -> None:
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    for private in (
        OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True),
        ECAlgorithm.to_jwk(new_ec_key(), as_dict=True),
    ):
        with pytest.raises(UnusableKeyError):
            parse_key({**private, "kid": "a"})


@pytest.mark.parametrize("url", ["http://desk.example/keys", "desk.example/keys", "https://a@desk.example/keys", ""])
def test_keys_at_an_address_that_is_not_https_stop_the_start(url: str) -> None:
    fetcher = HttpsFetcher(LoopbackDouble(Settings(), port=1))
    with pytest.raises(ConfigurationError, match="must be https"):
        FetchedKeys(url, fetcher)
