"""At the doors: an attestation, a zone, a website and a wallet approve a verification alone, each by itself."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from policies.access import Role, Scope
from tests.attesting_desk import AttestingDesk
from tests.https_site import Authority, Site, answer, open_site
from tests.journey import JSON, Customer, Desk, make_key, open_link, refusal
from tests.workers_by_hand import Work
from tests.zone import Zone, open_zone
from verifier.contacts.wallet import wallet_message
from verifier.errors import ConfigurationError
from verifier.settings import Settings
from verifier.wiring import House, open_house

POLICY = """\
policy: control-check
title: {en: Show that it is yours}
link: {open_for: P3D, status_for: P90D}
proofs:
  - [{contact: account, by: attestation}]
  - [{contact: domain, by: dns}]
  - [{contact: domain, by: file}]
  - [{contact: wallet, by: signature}]
review: {lines: 1, answer_for: PT48H, contact_checks_decide: true, resubmissions: 0}
retention: {undecided_for: P7D, why: {en: "So that nobody else can change it."}}
reasons: [not_the_owner]
"""
DOMAIN = "shop.example"
WALLET_KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
WALLET = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"

Ask = Callable[[], dict[str, Any]]


@pytest.fixture
def zone() -> Iterator[tuple[Zone, str]]:
    with open_zone() as (zone, server):
        yield zone, f"{server.address}:{server.port}"


@pytest.fixture
def site(authority: Authority) -> Iterator[Site]:
    with open_site(authority.issue(DOMAIN)) as opened:
        yield opened


@pytest.fixture
def attesting() -> AttestingDesk:
    return AttestingDesk(datetime.now(UTC))


@pytest.fixture
def settings(
    tmp_path: Path, zone: tuple[Zone, str], authority: Authority, site: Site, attesting: AttestingDesk
) -> Settings:
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "control-check.yaml").write_text(POLICY, encoding="utf-8")
    keys = tmp_path / "desk-keys.json"
    keys.write_text(json.dumps({"keys": attesting.jwks()}), encoding="utf-8")
    return Settings(
        home=tmp_path / "home",
        policies_folder=policies,
        dns_servers=(zone[1],),
        loopback_files_port=site.port,
        loopback_files_ca=authority.file,
        attestation_issuer=attesting.issuer,
        attestation_keys_file=keys,
        wallet_signatures=True,
    )


@pytest.fixture
def headers(house: House) -> dict[str, str]:
    return make_key(house, Role.AGENT, Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)


@pytest.fixture
def ask(desk: Desk, headers: dict[str, str], attesting: AttestingDesk) -> Ask:
    """A new verification with everything registered."""
    points = {"domain": {"value": DOMAIN}, "wallet": {"value": WALLET}}
    numbers = iter(range(1, 99))

    def request() -> dict[str, Any]:
        return desk.request(
            headers=headers,
            policy="control-check",
            reference=f"CASE-{next(numbers)}",
            account=attesting.account,
            contact_points=points,
        )

    return request


def begin(customer: Customer, work: Work, contact: str, method: str) -> tuple[str, str]:
    """Begin a check; its id and its challenge."""
    assert customer.post(f"contacts/{contact}/{method}").status_code == 202
    work()
    check = checks(customer)[-1]
    assert (check["contact"], check["method"], check["state"]) == (contact, method, "open")
    return check["id"], check["challenge"]


def checks(customer: Customer) -> list[dict[str, Any]]:
    answered = customer.client.get(f"/verification/{customer.verification}/checks", headers=JSON)
    assert answered.status_code == 200, answered.text
    return list(answered.json()["checks"])


def begin_attestation(desk: Desk, headers: dict[str, str], work: Work, verification: str) -> tuple[str, dict[str, Any]]:
    """Begin a check by attestation; its address, and what an attestation says that is right."""
    path = f"/v1/verifications/{verification}/contact-checks"
    begun = desk.client.post(path, json={"contact": "account", "method": "attestation"}, headers=headers)
    assert begun.status_code == 202, begun.text
    work()
    nonce = desk.client.get(path, headers=headers).json()["checks"][0]["challenge"]
    audience = desk.house.settings.public_url
    return path, {"aud": audience, "nonce": nonce, "verification": verification, "action": "control-check"}


def test_an_attestation_approves_at_once_and_only_once(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, attesting: AttestingDesk
) -> None:
    tokens = []
    for _ in range(2):
        asked = ask()
        path, right = begin_attestation(desk, headers, work, asked["id"])
        token = attesting.sign(**right)
        handed_in = desk.client.post(f"{path}/attestation", json={"token": token}, headers=headers)
        assert handed_in.status_code == 202, handed_in.text
        work()
        tokens.append((desk.client.get(path, headers=headers).json()["checks"][0], desk.read(asked["id"])["status"]))

    # The desk gave both tokens one id: the second is a replay, whatever else is right about it.
    assert [(check["state"], check["reasons"], status) for check, status in tokens] == [
        ("confirmed", [], "approved"),
        ("failed", ["replayed"], "requested"),
    ]


def test_an_attestation_that_is_handed_in_again_under_its_key_is_no_replay(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, attesting: AttestingDesk
) -> None:
    path, right = begin_attestation(desk, headers, work, ask()["id"])
    body = {"token": attesting.sign(**right)}
    keyed = headers | {"idempotency-key": "attest"}
    first = desk.client.post(f"{path}/attestation", json=body, headers=keyed)
    work()
    again = desk.client.post(f"{path}/attestation", json=body, headers=keyed)
    assert (again.status_code, again.json()) == (202, first.json() | {"result": "ended"})
    assert desk.client.post(f"{path}/attestation", json=body, headers=headers).status_code == 409
    other = desk.client.post(f"{path}/attestation", json={"token": "a.b.c"}, headers=keyed)
    assert refusal(other) == (422, "idempotency_key_reused")


def test_an_attestation_for_another_customer_is_a_mismatch(
    desk: Desk, headers: dict[str, str], ask: Ask, work: Work, attesting: AttestingDesk
) -> None:
    asked = ask()
    path, right = begin_attestation(desk, headers, work, asked["id"])
    token = attesting.sign(**right, sub="customer-4712")
    desk.client.post(f"{path}/attestation", json={"token": token}, headers=headers)
    work()
    check = desk.client.get(path, headers=headers).json()["checks"][0]
    assert (check["state"], check["reasons"]) == ("mismatch", ["wrong_subject"])
    assert desk.read(asked["id"])["status"] == "requested"


def test_a_zone_with_the_challenge_approves_and_one_without_may_be_looked_at_again(
    desk: Desk, ask: Ask, work: Work, zone: tuple[Zone, str]
) -> None:
    customer = open_link(desk.client, ask()["link"]["url"])
    check, challenge = begin(customer, work, "domain", "dns")

    assert customer.post(f"checks/{check}/look").status_code == 202
    work()
    assert desk.read(customer.verification)["status"] == "requested"

    zone[0].text = f'_verifier-challenge.{DOMAIN}. 0 TXT "{challenge}"\n'
    assert customer.post(f"checks/{check}/look").status_code == 202
    work()
    assert desk.read(customer.verification)["status"] == "approved"


def test_a_challenge_of_another_verification_approves_nothing(
    desk: Desk, ask: Ask, work: Work, zone: tuple[Zone, str], site: Site
) -> None:
    first = open_link(desk.client, ask()["link"]["url"])
    _, challenge = begin(first, work, "domain", "dns")
    second = open_link(desk.client, ask()["link"]["url"])
    zone[0].text = f'_verifier-challenge.{DOMAIN}. 0 TXT "{challenge}"\n'
    site.script = answer(challenge.encode())
    for method in ("dns", "file"):
        check, _ = begin(second, work, "domain", method)
        second.post(f"checks/{check}/look")
        work()
    assert {check["state"] for check in checks(second)}.isdisjoint({"confirmed"})
    assert desk.read(second.verification)["status"] == "requested"


def test_a_website_with_the_challenge_approves(desk: Desk, ask: Ask, work: Work, site: Site) -> None:
    customer = open_link(desk.client, ask()["link"]["url"])
    check, challenge = begin(customer, work, "domain", "file")
    site.script = answer(challenge.encode() + b"\n")
    assert customer.post(f"checks/{check}/look").status_code == 202
    work()
    assert desk.read(customer.verification)["status"] == "approved"


def test_the_registered_wallet_approves(desk: Desk, ask: Ask, work: Work) -> None:
    from eth_account import Account
    from eth_account.messages import encode_defunct

    customer = open_link(desk.client, ask()["link"]["url"])
    check, challenge = begin(customer, work, "wallet", "signature")
    message = wallet_message(challenge, desk=desk.house.settings.desk_name)
    signed = Account.sign_message(encode_defunct(text=message), private_key=WALLET_KEY)
    signature = f"0x{signed.signature.hex().removeprefix('0x')}"
    assert customer.post(f"checks/{check}/signature", signature=signature).status_code == 202
    work()
    assert desk.read(customer.verification)["status"] == "approved"


def test_a_production_that_would_look_at_itself_does_not_start(settings: Settings) -> None:
    unsafe = settings.model_copy(update={"public_url": "https://verify.example.org", "trusted_proxies": ("127.0.0.1",)})
    with pytest.raises(ConfigurationError, match="VERIFIER_LOOPBACK_FILES_PORT"):
        open_house(unsafe)
