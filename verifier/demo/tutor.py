"""Tutor qualification: asked in Slovak, answered in words; the diploma is the customer's choice, and stays at home."""

from typing import Final

from verifier.demo.case import Case, Cast
from verifier.demo.errors import StepFailedError
from verifier.demo.steps import Steps

POLICY: Final = "tutor-qualification"
_SAID: Final = {
    "qualification": "Magister učiteľstva matematiky",
    "awarded_by": "Univerzita Komenského v Bratislave",
    "awarded_on": "2016-06-09",
}


def tell(steps: Steps, cast: Cast) -> None:
    """The whole story."""
    story = _Story(cast)
    steps.begin(POLICY, "asked in the customer's language, and no document where none is wanted")
    for name, act in (
        ("link requested", story.request_link),
        ("opened", story.case.open),
        ("details typed", story.tell_details),
        ("viewed", story.view),
        ("approved", story.approve),
        ("unreadable at", story.case.await_unreadable),
    ):
        steps.take(name, act)


class _Story:
    """The steps come in the order in which they stand here."""

    def __init__(self, cast: Cast) -> None:
        self._reviewer: Final = cast.reviewer
        self.case: Final = Case(cast, reference="DEMO-4", policy=POLICY)

    def request_link(self) -> str:
        return f"{self.case.request(locale='sk', expected=_SAID)}, in Slovak"

    def tell_details(self) -> str:
        self.case.customer.give(_SAID)
        self.case.customer.hand_in()
        return f"{len(_SAID)}, stored locked; the diploma is optional, and was not sent"

    def view(self) -> str:
        compared = [each["comparison"].text for each in self.case.claim(self._reviewer)["details"].items]
        if compared != ["same"] * len(_SAID):
            raise StepFailedError(f"compared with what the desk knows, the details are {', '.join(compared)}")
        return f"{len(compared)} details, logged before they were shown, each the same as what the desk knows"

    def approve(self) -> str:
        self.case.decide(self._reviewer, state="approved")
        return "the verification has ended"
