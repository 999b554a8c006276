"""Policies that ask for details, and one set of details for them: as they are typed, and as they are kept."""

import shutil
from pathlib import Path
from typing import Final

from tests.case_policies import FOLDER

HASH: Final = "ab" * 32
HEADER: Final = 'From: "A Shop" <shop@example.org>\nTo: ada@example.org\nDate: Sun, 22 Nov 2026 14:05:11 +0100'
EVERYTHING: Final = {
    "sent_hash": "0x" + HASH.upper(),
    "sender": "0x52908400098527886E0F7030069857D2E4169EE7",
    "paid": "1.234,56 €",
    "symbol": "0012345678",
    "failing_mail": HEADER,
    "paid_on": "22. 11. 2026",
    "wallet_name": "my <b>old</b> wallet",
}
KEPT: Final = {
    "sent_hash": HASH,
    "sender": "0x52908400098527886e0f7030069857d2e4169ee7",
    "paid": "1234.56 EUR",
    "symbol": "12345678",
    "failing_mail": "From: shop@example.org\nTo: ada@example.org\nDate: 2026-11-22\nTime: 13:05:11 UTC",
    "paid_on": "2026-11-22",
    "wallet_name": "my <b>old</b> wallet",
}

_POLICY: Final = """
policy: {name}
title: {{en: Get your wallet back}}
link: {{open_for: P3D, status_for: P90D}}
proofs:
  - [{{details: [{fields}]}}{documents}]
details:
  sent_hash: {{kind: transaction_hash, title: {{en: Transaction}}, hint: {{en: Of your last payment out.}}}}
  sender: {{kind: address, title: {{en: Sending address}}}}
  paid: {{kind: amount, title: {{en: Amount}}}}
  symbol: {{kind: payment_reference, title: {{en: Variable symbol}}}}
  failing_mail: {{kind: email_header, title: {{en: The mail that failed}}}}
  paid_on: {{kind: date, title: {{en: Day of the payment}}}}
  wallet_name: {{kind: text, title: {{en: Name of the wallet}}}}
{rules}
review:
  lines: 1
  answer_for: PT48H
  four_eyes: false
  second_look_share: 0
  claim_for: PT15M
  resubmissions: 3
  expected:
    - full_name: {{en: Full name}}
  checklist:
    - matches: {{en: It matches.}}
retention:
  undecided_for: P7D
  why: {{en: To know that it is you.}}
  unfinished_upload_for: PT1H
  forget_rows_after: P90D
  hold_for: P30D
reasons: [unreadable, not_the_owner]
limits: {{max_documents: 20, uploads_at_once: 2, total_bytes: 100MB}}
"""
_PICTURES: Final = """
documents:
  screenshot:
    title: {en: Screenshots}
    max_bytes: 5MB
    max_pages: 1
    must_show: {en: The error.}
    may_cover: {en: Everything else.}
    slots: {first: {en: First}, second: {en: Second}}
    captions: true
"""


def _written(name: str, documents: str, rules: str) -> str:
    return _POLICY.format(name=name, fields=", ".join(EVERYTHING), documents=documents, rules=rules)


DETAILS_ALONE: Final = _written("wallet-details", "", "")
WITH_PICTURES: Final = _written(
    "wallet-pictures", ", {document: screenshot, slots: [first, second], optional: true}", _PICTURES
)


def write_policies(folder: Path) -> Path:
    """A folder with `wallet-details`, `wallet-pictures` (optional, with captions), and what most tests run under."""
    folder.mkdir()
    for each in FOLDER.iterdir():
        shutil.copy(each, folder)
    (folder / "wallet-details.yaml").write_text(DETAILS_ALONE)
    (folder / "wallet-pictures.yaml").write_text(WITH_PICTURES)
    return folder
