"""Ids are types, so that a reference cannot pass where an id is meant.

Every id is 128 random bits behind a short prefix: it says nothing about what it names, and cannot be guessed.
"""

import base64
import re
import secrets
from typing import Final, NewType

InstallationId = NewType("InstallationId", str)
VerificationId = NewType("VerificationId", str)
DocumentId = NewType("DocumentId", str)
CopyId = NewType("CopyId", str)
StaffId = NewType("StaffId", str)
ApiKeyId = NewType("ApiKeyId", str)
CheckId = NewType("CheckId", str)
SubmissionId = NewType("SubmissionId", str)
NoticeId = NewType("NoticeId", str)
HoldId = NewType("HoldId", str)

ID_PATTERN: Final = re.compile(r"(ins|ver|doc|cpy|stf|key|chk|sub|ntc|hld)_[a-z2-7]{26}")


def _random(prefix: str) -> str:
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode('ascii').rstrip('=').lower()}"


def is_id(text: str) -> bool:
    """Whether `text` has the form of one of our ids."""
    return ID_PATTERN.fullmatch(text) is not None


def new_installation_id() -> InstallationId:
    return InstallationId(_random("ins"))


def new_verification_id() -> VerificationId:
    return VerificationId(_random("ver"))


def new_document_id() -> DocumentId:
    return DocumentId(_random("doc"))


def new_copy_id() -> CopyId:
    return CopyId(_random("cpy"))


def new_staff_id() -> StaffId:
    return StaffId(_random("stf"))


def new_api_key_id() -> ApiKeyId:
    return ApiKeyId(_random("key"))


def new_check_id() -> CheckId:
    return CheckId(_random("chk"))


def new_submission_id() -> SubmissionId:
    return SubmissionId(_random("sub"))


def new_notice_id() -> NoticeId:
    return NoticeId(_random("ntc"))


def new_hold_id() -> HoldId:
    return HoldId(_random("hld"))
