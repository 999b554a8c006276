"""What a customer or the desk handed in is not printed with the object that holds it."""

import pytest

from policies.parts import ContactKind
from verifier.contacts.message.fields import Field, Message
from verifier.contacts.message.forwarded import Forwarded
from verifier.ids import VerificationId
from verifier.web.contact_answers import ContactPointBody
from verifier.web.contact_api import AttestationBody, CodeBody

_CANARY = "canaryq7"


@pytest.mark.parametrize(
    "holder",
    [
        Forwarded(VerificationId("ver_a"), _CANARY.encode()),
        Field(b"subject", _CANARY.encode()),
        Message((Field(b"subject", _CANARY.encode()),), _CANARY.encode()),
        ContactPointBody(value=_CANARY, digest=_CANARY * 8),
        CodeBody(contact=ContactKind.EMAIL, code=_CANARY),
        AttestationBody(token=_CANARY),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_it_prints_nothing_of_what_it_holds(holder: object) -> None:
    assert _CANARY not in repr(holder) + str(holder)
