"""Merchant payment enquiry: who is signed in at the desk is attested by it; who is not names the payment."""

from functools import partial
from typing import Final

from verifier.demo.case import Case, Cast
from verifier.demo.errors import StepFailedError
from verifier.demo.patience import wait_for
from verifier.demo.steps import Steps

POLICY: Final = "merchant-payment-enquiry"
_ACCOUNT: Final = "merchant-4711"
_PAYMENT: Final = {"payment_reference": "2026110042", "amount": "1 250.00 EUR", "paid_on": "2026-11-02"}


def tell(steps: Steps, cast: Cast) -> None:
    """The whole story: two people, two ways."""
    signed_in, stranger = _SignedIn(cast), _Stranger(cast)
    steps.begin(POLICY, "one customer is signed in at the desk, another names the payment")
    for name, act in (
        ("link requested", lambda: signed_in.case.request(account=_ACCOUNT)),
        ("opened", signed_in.case.open),
        ("attested by the desk", signed_in.attest),
        ("confirmed", partial(signed_in.case.await_confirmed, "account")),
        ("approved", signed_in.case.await_approved),
        ("unreadable at", signed_in.case.await_unreadable),
        ("link requested", lambda: stranger.case.request(expected=_PAYMENT)),
        ("opened", stranger.case.open),
        ("payment named", stranger.name_payment),
        ("viewed", stranger.view),
        ("approved", stranger.approve),
        ("unreadable at", stranger.case.await_unreadable),
    ):
        steps.take(name, act)


class _SignedIn:
    """Who is signed in presses one button; the desk's key says so."""

    def __init__(self, cast: Cast) -> None:
        self._cast: Final = cast
        self.case: Final = Case(cast, reference="DEMO-5", policy=POLICY)

    def attest(self) -> str:
        cast, case = self._cast, self.case
        case.customer.begin("account/attestation")
        challenge = wait_for("the challenge", self._find_challenge)
        token = cast.desk_key.attest(_ACCOUNT, challenge=challenge, audience=cast.service.address)
        cast.agent.post_json(f"{case.path}/contact-checks/attestation", {"token": token}, status=202)
        return "with a key that the demo made; bound to this case, once, for two minutes"

    def _find_challenge(self) -> str | None:
        challenge = self.case.read_check("account")["challenge"]
        return challenge.text if challenge.is_there else None


class _Stranger:
    """Who is not signed in anywhere says what only the parties of the payment know."""

    def __init__(self, cast: Cast) -> None:
        self._reviewer: Final = cast.reviewer
        self.case: Final = Case(cast, reference="DEMO-6", policy=POLICY)

    def name_payment(self) -> str:
        self.case.customer.give(_PAYMENT)
        self.case.customer.hand_in()
        return "its reference, amount and date; no document"

    def view(self) -> str:
        compared = [each["comparison"].text for each in self.case.claim(self._reviewer)["details"].items]
        if compared != ["same"] * len(_PAYMENT):
            raise StepFailedError(f"compared with what the desk knows, the details are {', '.join(compared)}")
        return f"{len(compared)} details, each the same as what the desk knows"

    def approve(self) -> str:
        self.case.decide(self._reviewer, state="approved")
        return "the verification has ended"
