"""Policy decisions a second on one core, beside parsing the same policy as plain JSON, in the same run.

A decision is what one request costs the policy: which proofs can be offered, what the first offered line still needs,
whether what came is enough, and whether it decides alone. Every shipped policy is asked, with every contact point
present, absent, recently changed and failed in turn.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Final, TypeVar

from policies import (
    METHODS_OF,
    ContactKind,
    Evidence,
    Policy,
    Situation,
    decides_alone,
    is_satisfied,
    load_builtin,
    plan,
    policy_from_canonical,
    what_is_missing,
)

_TARGET: Final = 1_000
_ROUNDS: Final = 20_000
_REPEATS: Final = 5
T = TypeVar("T")
Case = tuple[Policy, Situation, Evidence]


def main() -> int:
    """Print the figures; 1 where there are fewer decisions than asked for."""
    policies = [policy for policy in load_builtin().values() if policy.ladder]
    cases = [case for policy in policies for case in _cases(policy)]
    texts = [policy.to_canonical() for policy in policies]
    decisions = _rate(_decide, cases)
    print(f"policies: {len(policies)}; different requests: {len(cases)}; best of {_REPEATS} rounds of {_ROUNDS}")
    print(f"decisions: {decisions:,.0f}/s on one core ({1e6 / decisions:.1f} µs each); asked for: {_TARGET:,}/s")
    print(f"the same policies as plain JSON: {_rate(json.loads, texts):,.0f} parsed/s")
    print(f"read back as policies, remembered: {_rate(policy_from_canonical, texts):,.0f}/s")
    return 0 if decisions >= _TARGET else 1


def _cases(policy: Policy) -> list[Case]:
    everything = frozenset((kind, method) for kind, methods in METHODS_OF.items() for method in methods)
    slots = frozenset((slot.document, slot.slot) for slot in policy.slots())
    fields = frozenset(policy.details)
    every = frozenset(ContactKind)
    found: list[Case] = [(policy, Situation(), Evidence()), (policy, Situation(every), Evidence(slots, everything))]
    for kind in ContactKind:
        one, failed = frozenset({kind}), frozenset(check for check in everything if check[0] is kind)
        found.append((policy, Situation(every - one), Evidence(slots=slots, details=fields)))
        found.append((policy, Situation(every, recent=one), Evidence(slots, everything, recent=one, details=fields)))
        found.append((policy, Situation(every, failed=failed), Evidence(slots, everything - failed, details=fields)))
    return found


def _decide(case: Case) -> None:
    policy, situation, evidence = case
    offers = plan(policy, situation)
    if offers.lines:
        what_is_missing(policy, offers.lines[0], evidence)
    is_satisfied(policy, evidence)
    decides_alone(policy, evidence)


def _rate(act: Callable[[T], object], pool: Sequence[T]) -> float:
    """How often a second, in the best round: others use the machine too."""
    gc.disable()
    best = 0.0
    for _ in range(_REPEATS):
        work = list(islice(cycle(pool), _ROUNDS))
        begin = time.perf_counter()
        for item in work:
            act(item)
        best = max(best, _ROUNDS / (time.perf_counter() - begin))
    gc.enable()
    return best


if __name__ == "__main__":
    sys.exit(main())
