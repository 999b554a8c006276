"""Hosting account change: a code to the registered e-mail, the other contact point is told, and it is done."""

from typing import Final

from verifier.demo.case import Case, Cast
from verifier.demo.errors import StepFailedError
from verifier.demo.steps import Steps

POLICY: Final = "hosting-account-change"
CONTACT_POINTS: Final = {"email": {"value": "admin@example.org"}, "phone": {"value": "+12025550143"}}
_EMAIL, _PHONE = CONTACT_POINTS["email"]["value"], CONTACT_POINTS["phone"]["value"]


def tell(steps: Steps, cast: Cast) -> None:
    """The whole story."""
    story = _Story(cast)
    steps.begin(POLICY, "only the contact points of the account count, and they decide at once")
    for name, act in (
        ("link requested", lambda: story.case.request(contact_points=CONTACT_POINTS)),
        ("opened", story.case.open),
        ("the other contact told", story.await_warning),
        ("code sent", story.send_code),
        ("another code typed", story.type_another),
        ("code received and typed", story.type_code),
        ("confirmed", lambda: story.case.await_confirmed("email")),
        ("approved", story.case.await_approved),
        ("unreadable at", story.case.await_unreadable),
    ):
        steps.take(name, act)


class _Story:
    """The steps come in the order in which they stand here."""

    def __init__(self, cast: Cast) -> None:
        self._letters: Final = cast.letters
        self._address: Final = cast.service.address
        self.case: Final = Case(cast, reference="DEMO-3", policy=POLICY)

    def await_warning(self) -> str:
        if self._address not in self._letters.await_letter(_PHONE).text:
            raise StepFailedError("the text message does not say where to stop it")
        return "by text message, with the address of “I did not ask for this”"

    def send_code(self) -> str:
        result = self.case.customer.begin("email/code")
        if result != "code_sent":
            raise StepFailedError(f"the check answered {result}")
        self._letters.await_code(_EMAIL)
        return "to the registered e-mail, taken by the mail server of the demo"

    def type_another(self) -> str:
        wrong = f"{(int(self._letters.await_code(_EMAIL)) + 1) % 10**6:06d}"
        result = self.case.customer.type_code(wrong)
        if result != "wrong_code":
            raise StepFailedError(f"the check answered {result}")
        return f"refused; tries left: {self.case.customer.check['tries_left'].number}"

    def type_code(self) -> str:
        code = self._letters.await_code(_EMAIL)
        result = self.case.customer.type_code(f"{code[:3]} {code[3:]}")
        if result != "ended":
            raise StepFailedError(f"the check answered {result}")
        return f"{code[:3]} {code[3:]}, the space included"
