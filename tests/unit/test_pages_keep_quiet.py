"""What a customer typed is on the page after an error, and never in a log or a traceback by way of a view's `repr`."""

from dataclasses import fields

from verifier.web.customer_checks import _HandingIn
from verifier.web.pages.checks import CheckPage
from verifier.web.pages.questions import DetailInput

CANARY = "canary-7391"


def test_the_input_of_a_detail_does_not_print_its_value() -> None:
    assert CANARY not in repr(DetailInput(name="detail.sum", label="", value=CANARY, longest=9))


def test_what_was_typed_into_a_check_is_not_printed() -> None:
    shown = {each.name for made in (CheckPage, _HandingIn) for each in fields(made) if each.repr}
    assert "verification" in shown
    assert not {"said", "given"} & shown
