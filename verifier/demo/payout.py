"""Payout question: the desk keeps the address to itself, and the code is read out on the telephone."""

from typing import Final

from verifier.demo.case import Case, Cast
from verifier.demo.desk import digest_email
from verifier.demo.errors import StepFailedError
from verifier.demo.steps import Steps

POLICY: Final = "payout-question"
_EMAIL: Final = "erika@example.org"
_ANOTHER: Final = "mallory@example.net"


def tell(steps: Steps, cast: Cast) -> None:
    """The whole story."""
    story = _Story(cast)
    steps.begin(POLICY, "a code to the registered e-mail, of which the desk sends only a keyed digest")
    for name, act in (
        ("link requested", story.request_link),
        ("opened", story.case.open),
        ("another address typed", story.type_another),
        ("code sent", story.type_own),
        ("code entered by the agent", story.enter),
        ("confirmed", lambda: story.case.await_confirmed("email")),
        ("approved", story.case.await_approved),
        ("unreadable at", story.case.await_unreadable),
    ):
        steps.take(name, act)


class _Story:
    """The steps come in the order in which they stand here."""

    def __init__(self, cast: Cast) -> None:
        self._cast: Final = cast
        self.case: Final = Case(cast, reference="DEMO-2", policy=POLICY)

    def request_link(self) -> str:
        digest = digest_email(self._cast.contact_key, _EMAIL)
        return self.case.request(contact_points={"email": {"digest": digest}})

    def type_another(self) -> str:
        customer = self.case.customer
        results = (customer.begin("email/code"), customer.type_address(_ANOTHER))
        if results != ("address_needed", "address_differs"):
            raise StepFailedError(f"the check answered {' and '.join(results)}")
        return "not the registered one: nothing was sent anywhere"

    def type_own(self) -> str:
        result = self.case.customer.type_address(_EMAIL)
        if result != "code_sent":
            raise StepFailedError(f"the check answered {result}")
        self._cast.letters.await_code(_EMAIL)
        if self._cast.letters.count(_ANOTHER):
            raise StepFailedError("a code went to an address that is not registered")
        return "to the address that was typed, because its digest is the desk's"

    def enter(self) -> str:
        code = self._cast.letters.await_code(_EMAIL)
        entered = {"contact": "email", "code": code}
        self._cast.agent.post_json(f"{self.case.path}/contact-checks/code", entered, status=202)
        return f"the customer read {code[:3]} {code[3:]} out on the telephone"
