"""Policies with minimums of laws: one of documents and details, one of details alone, one of contact points."""

import shutil
from pathlib import Path
from typing import Final

from tests.case_policies import FOLDER

_POLICY: Final = """
policy: {name}
title: {{en: Ask about a payment, nl: Vraag over een betaling}}
languages: [en, nl]
link: {{open_for: P3D, status_for: P90D}}
proofs:
  - [{{details: [paid_on]}}, {{document: letter, slots: [page, back]}}]
details:
  paid_on: {{kind: date, title: {{en: Day of the payment, nl: Dag van de betaling}}}}
documents:
  letter:
    title: {{en: Letter, nl: Brief}}
    max_bytes: 5MB
    max_pages: 2
    must_show: {{en: Your name., nl: Uw naam.}}
    may_cover: {{en: Everything else., nl: Al het andere.}}
    slots: {{page: {{en: The page, nl: De bladzijde}}, back: {{en: The back, nl: De achterkant}}}}
    captions: true
review:
  lines: 1
  answer_for: PT48H
  expected: [full_name: {{en: Full name, nl: Volledige naam}}]
  checklist: [matches: {{en: It matches., nl: Het klopt.}}]
retention:
  undecided_for: P7D
  why: {{en: To know that it is you., nl: Om te weten dat u het bent.}}
  forget_rows_after: P90D
  holds:
{holds}
reasons: [unreadable: {{en: We could not read it., nl: We konden het niet lezen.}}]
"""
LAW: Final = "The bookkeeping act asks for it."
DUTCH_LAW: Final = "De boekhoudwet vraagt erom."
_DOCUMENTS: Final = (
    "    - {class: documents, keep_for: P30D, code: bookkeeping-act, country: SK, "
    f"law: {{en: {LAW}, nl: {DUTCH_LAW}}}}}\n"
    "    - {class: documents, keep_for: P10D, country: NL, law: {en: Another act., nl: Een andere wet.}}\n"
)
_DETAILS: Final = "    - {class: details, keep_for: P20D, law: {en: The payments act., nl: De betaalwet.}}\n"

KEEPS_DOCUMENTS: Final = _POLICY.format(name="keeps-documents", holds=_DOCUMENTS)
KEEPS_DETAILS: Final = _POLICY.format(name="keeps-details", holds=_DETAILS)
KEEPS_BOTH: Final = _POLICY.format(name="keeps-both", holds=_DOCUMENTS + _DETAILS)
KEEPS_CONTACTS: Final = """
policy: keeps-contacts
title: {en: Change your hosting account}
link: {open_for: P3D, status_for: P30D}
proofs:
  - [{contact: email, by: code}]
  - [{contact: phone, by: code}]
review: {lines: 1, answer_for: PT24H, contact_checks_decide: true}
retention:
  undecided_for: P7D
  why: {en: So that nobody else gets in.}
  holds: [{class: contact_points, keep_for: P5D, code: telecom-act, law: {en: The telecom act asks for it.}}]
reasons: [unreadable: {en: We could not read it.}]
"""


def write_policies(folder: Path) -> Path:
    """A folder with these four, and what most tests run under."""
    folder.mkdir(parents=True)
    for each in FOLDER.iterdir():
        shutil.copy(each, folder)
    texts = {
        "keeps-documents": KEEPS_DOCUMENTS,
        "keeps-details": KEEPS_DETAILS,
        "keeps-both": KEEPS_BOTH,
        "keeps-contacts": KEEPS_CONTACTS,
    }
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
