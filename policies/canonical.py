"""Reading back what was stored: the canonical text that a verification keeps from its beginning.

Guarantees `policy_from_canonical(policy.to_canonical()) == policy`, and refuses a text that is not exactly what the
policy would write itself: its version is the digest of that text.
"""

from functools import lru_cache

from policies.errors import PolicyError
from policies.language import parse_policy
from policies.model import Policy


@lru_cache(maxsize=256)
def policy_from_canonical(text: str) -> Policy:
    """Read back what `to_canonical` wrote; raises `PolicyError` for anything else. Remembers: policies are few."""
    policy = parse_policy(text, origin="stored policy")
    if policy.to_canonical() != text:
        raise PolicyError(
            "not_canonical",
            sentence="The stored policy is not in its canonical form, so its version cannot be trusted.",
            origin="stored policy",
        )
    return policy
