"""The questions about details, built as the service builds them: one of each kind, empty, answered, and with errors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from policies.language import parse_policy
from tests.detail_policies import EVERYTHING, WITH_PICTURES
from verifier.proofs.detail_faults import DetailFault
from verifier.proofs.details import Given
from verifier.proofs.errors import DetailMalformedError
from verifier.web.detail_views import field_errors, list_caption_questions, list_questions
from verifier.web.pages.common import CustomerShell, View
from verifier.web.pages.customer import Case
from verifier.web.pages.details import DetailPage
from verifier.web.pages.questions import Question

_POLICY: Final = parse_policy(WITH_PICTURES, origin="wallet-pictures.yaml")
_GIVEN: Final = Given(details=frozenset({"sent_hash", "paid"}), captions=frozenset({"screenshot.first"}))
_ERROR: Final = DetailMalformedError({"detail.paid": DetailFault.NO_CURRENCY})


def _page(*questions: Question) -> DetailPage:
    return DetailPage(
        shell=CustomerShell(desk="Northbank Wallets"),
        case=Case(reference="NB-2026/04127", action="Get your wallet back", phrase="amber tiger"),
        verification_id="ver_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        form_token="sample",
        questions=questions,
        number=1,
        count=len(EVERYTHING),
    )


_QUESTIONS: Final = {each.name: each for each in list_questions(_POLICY, _GIVEN, locale="en")}
_TYPED: Final = list_questions(_POLICY, Given(), locale="en", fields=["paid"], values={"detail.paid.number": "1.234,5"})

QUESTIONS: Final = tuple(_QUESTIONS.values())
CAPTIONS: Final = tuple(list_caption_questions(_POLICY, _GIVEN, locale="en"))
DETAIL_PAGES: Final[Mapping[str, View]] = {
    **{name.replace(".", "-"): _page(question) for name, question in _QUESTIONS.items()},
    "detail-error": replace(_page(*_TYPED), errors=field_errors(_POLICY, _ERROR, locale="en", values={})),
    "detail-again": _page(replace(_QUESTIONS["detail.paid_on"], asked_again="We could not read it.")),
    "detail-caption": _page(CAPTIONS[0]),
}
