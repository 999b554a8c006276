"""The doors of contact checks, each with a request that it would answer well: beside those of `doors`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from policies.access import Role, Scope
from policies.parts import ContactKind
from tests.contact_desk import EMAIL, PHONE, write_policies
from tests.faults.doors import KNOCKS, Knock, Stage, customer_knock
from tests.journey import JSON, Customer, make_key
from verifier.contacts.registered import digest_contact
from verifier.settings import Settings
from verifier.vault.secrets import load_or_create_secret
from verifier.verifications.links import LinkKey
from verifier.wiring import load_contact_key

_WALLET: Final = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
_PATH: Final = "/v1/verifications/{verification}/contact-checks"
_CUSTOMERS: Final = "/verification/{verification}"


def with_contacts(settings: Settings, folder: Path) -> Settings:
    """These settings, under policies with contact checks too, and with servers that do not answer."""
    write_policies(folder)
    nobody = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_from": "verify@desk.example"}
    return settings.model_copy(
        update={"policies_folder": folder, **nobody, "sms_url": "http://127.0.0.1:1/", "sms_from": "Desk"}
    )


class Contacts:
    """A desk that may set contact points, on a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage: Final = stage
        scopes = (Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_READ, Scope.CONTACTS_WRITE)
        self.headers: Final = make_key(stage.house, Role.AGENT, *scopes)

    def request(self, **email: str) -> dict[str, Any]:
        reference = f"CASE-C-{next(self.stage.numbers)}"
        points = {
            "email": email or {"value": EMAIL},
            "phone": {"value": PHONE},
            "domain": {"value": "shop.example"},
            "wallet": {"value": _WALLET},
        }
        asked = self.stage.desk.ask(
            headers=self.headers, reference=reference, policy="every-way", account="jo", contact_points=points
        )
        assert asked.status_code == 201, asked.text
        return dict(asked.json())

    def begun(self, contact: str, method: str, **email: str) -> tuple[dict[str, Any], str]:
        """A verification, and its open check."""
        asked = self.request(**email)
        path = _PATH.format(verification=asked["id"])
        begun = self.stage.desk.client.post(path, json={"contact": contact, "method": method}, headers=self.headers)
        assert begun.status_code == 202, begun.text
        self.stage.work()
        checks = self.stage.desk.client.get(path, headers=self.headers).json()["checks"]
        return asked, str(checks[-1]["id"])

    def knock(self, method: str, asked: dict[str, Any], tail: str = "", json: object = None) -> Knock:
        return Knock(method, _PATH.format(verification=asked["id"]) + tail, self.headers, json=json)


def _desk(
    method: str, tail: str, json: object = None, *, check: tuple[str, str] | None = None
) -> Callable[[Stage], Knock]:
    def make(stage: Stage) -> Knock:
        contacts = Contacts(stage)
        asked = contacts.request() if check is None else contacts.begun(*check)[0]
        return contacts.knock(method, asked, tail, json)

    return make


def _customers_check(step: str, contact: str, method: str, **fields: str) -> Callable[[Stage], Knock]:
    def make(stage: Stage) -> Knock:
        asked, check = Contacts(stage).begun(contact, method)
        return customer_knock(stage.desk.customer(asked), "POST", f"/checks/{check}/{step}", **fields)

    return make


def _customer_of(stage: Stage) -> Customer:
    return stage.desk.customer(Contacts(stage).request())


def _typed_address(stage: Stage) -> Knock:
    key = load_contact_key(stage.house.settings)
    asked, check = Contacts(stage).begun("email", "code", digest=digest_contact(key, ContactKind.EMAIL, EMAIL))
    return customer_knock(stage.desk.customer(asked), "POST", f"/checks/{check}/address", address=EMAIL)


def _submission_of_customer(stage: Stage) -> Knock:
    customer = _customer_of(stage)
    submission = customer.post("contacts/email/code").json()["submission"]
    return customer_knock(customer, "GET", f"/submissions/{submission}")


def _submission_of_desk(stage: Stage) -> Knock:
    contacts = Contacts(stage)
    asked = contacts.request()
    begun = contacts.knock("POST", asked, json={"contact": "email", "method": "code"}).send(stage.desk.client)
    return contacts.knock("GET", asked, f"/submissions/{begun.json()['submission']}")


def _message(stage: Stage) -> Knock:
    contacts = Contacts(stage)
    return contacts.knock("POST", contacts.request(), "/message", json={"this is": "no message"})


def _exit(stage: Stage, method: str) -> Knock:
    key = LinkKey(load_or_create_secret(stage.house.settings.secrets_folder, "link"))
    path = f"/n/{key.derive_exit_token(Contacts(stage).request()['id'])}"
    token = stage.desk.client.get(path, headers=JSON).json()["form_token"]
    return Knock(method, path, JSON, {"form_token": token} if method == "POST" else None)


def _code_on_page(stage: Stage) -> Knock:
    asked, _ = Contacts(stage).begun("email", "code")
    typed = {"contact": "email", "code": "123456"}
    return Knock("POST", f"/cases/{asked['id']}/code", stage.ada.headers, {**stage.ada.form, **typed})


_CONTACT_KNOCKS: Final[Mapping[tuple[str, str], Callable[[Stage], Knock]]] = {
    ("GET", _PATH): _desk("GET", ""),
    ("GET", f"{_PATH}/submissions/{{submission}}"): _submission_of_desk,
    ("POST", _PATH): _desk("POST", "", {"contact": "email", "method": "code"}),
    ("POST", f"{_PATH}/code"): _desk("POST", "/code", {"contact": "email", "code": "123456"}, check=("email", "code")),
    ("POST", f"{_PATH}/attestation"): _desk(
        "POST", "/attestation", {"token": "a.b.c"}, check=("account", "attestation")
    ),
    ("POST", f"{_PATH}/message"): _message,
    ("POST", "/cases/{verification}/code"): _code_on_page,
    ("GET", f"{_CUSTOMERS}/checks"): lambda s: customer_knock(_customer_of(s), "GET", "/checks"),
    ("GET", f"{_CUSTOMERS}/submissions/{{submission}}"): _submission_of_customer,
    ("GET", f"{_CUSTOMERS}/contacts/{{contact}}/{{method}}"): lambda s: customer_knock(
        _customer_of(s), "GET", "/contacts/email/code"
    ),
    ("GET", f"{_CUSTOMERS}/proof"): lambda s: customer_knock(_customer_of(s), "GET", "/proof"),
    ("GET", f"{_CUSTOMERS}/documents"): lambda s: customer_knock(s.customer(), "GET", "/documents?document=diploma"),
    ("POST", f"{_CUSTOMERS}/contacts/{{contact}}/{{method}}"): lambda s: customer_knock(
        _customer_of(s), "POST", "/contacts/email/code"
    ),
    ("POST", f"{_CUSTOMERS}/checks/{{check}}/code"): _customers_check("code", "email", "code", code="123456"),
    ("POST", f"{_CUSTOMERS}/checks/{{check}}/address"): _typed_address,
    ("POST", f"{_CUSTOMERS}/checks/{{check}}/look"): _customers_check("look", "domain", "dns"),
    ("POST", f"{_CUSTOMERS}/checks/{{check}}/signature"): _customers_check(
        "signature", "wallet", "signature", signature="0x00"
    ),
    ("POST", f"{_CUSTOMERS}/proof"): lambda s: customer_knock(_customer_of(s), "POST", "/proof", line="1"),
    ("GET", "/n/{token}"): lambda s: _exit(s, "GET"),
    ("POST", "/n/{token}"): lambda s: _exit(s, "POST"),
}

ALL_KNOCKS: Final = {**KNOCKS, **_CONTACT_KNOCKS}
