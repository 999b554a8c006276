"""Details beside what the desk expects: same, different, or not known. Compared in constant time, shown in one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from policies.model import Policy
from verifier.proofs.detail_faults import WrongDetailError
from verifier.proofs.detail_kinds import is_same_detail, parse_detail


class Comparison(StrEnum):
    """What comparing told. It decides nothing: the reviewer does."""

    SAME = "same"
    DIFFERS = "differs"
    NOT_KNOWN = "not_known"
    """The desk sent nothing for it, or not in its format; or the customer gave nothing."""


@dataclass(frozen=True)
class ComparedDetail:
    """One detail, as it is kept, and what is expected in the same form; as the desk wrote it where it has none."""

    code: str
    comparison: Comparison
    given: str | None = field(repr=False)
    expected: str | None = field(repr=False)


def compare_details(policy: Policy, given: Mapping[str, str], expected: Mapping[str, str]) -> list[ComparedDetail]:
    """Every detail that one of the two has, in the ladder's order."""
    return [
        ComparedDetail(
            code=code,
            comparison=_compare(policy, code, given.get(code), expected.get(code)),
            given=given.get(code),
            expected=_in_one_form(policy, code, expected.get(code)),
        )
        for code in policy.fields()
        if code in given or code in expected
    ]


def _in_one_form(policy: Policy, code: str, expected: str | None) -> str | None:
    # With 0x on one side only, a reviewer would look for a difference where there is none.
    if expected is None:
        return None
    try:
        return parse_detail(policy.details[code].kind, expected)
    except WrongDetailError:
        return expected


def _compare(policy: Policy, code: str, given: str | None, expected: str | None) -> Comparison:
    if given is None or expected is None:
        return Comparison.NOT_KNOWN
    match is_same_detail(policy.details[code].kind, expected, given):
        case None:
            return Comparison.NOT_KNOWN
        case is_same:
            return Comparison.SAME if is_same else Comparison.DIFFERS
