"""What the desk may send to compare with: the policy's expected fields, and the details that the customer is asked."""

from collections.abc import Mapping

from policies.model import Policy
from policies.parts import Text


def list_expected(policy: Policy) -> Mapping[str, Text]:
    """Each field by its code, with its title; where one stands in both places, the words of the expected fields."""
    details = {code: rules.title for code, rules in policy.details.items()}
    named = dict(policy.review.expected_fields)
    return named | {code: title for code, title in details.items() if code not in named}
