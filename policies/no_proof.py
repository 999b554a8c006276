"""A policy for requests that need no proof: it says so, and why, so that the agent simply answers.

Guarantees that nothing can be proved, approved or kept under it: its ladder is empty, every time in it is none, and
`policies.ask` is satisfied by no evidence.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from policies.languages import read_languages
from policies.model import Policy
from policies.nodes import Node
from policies.parts import Limits, LinkRules, ReviewRules, Table
from policies.reading import NAME, read_code, read_fields, read_text
from policies.retention import RetentionRules

_NO_TIME: Final = timedelta(0)


def read_no_proof(root: Node) -> Policy:
    """Read a policy that says `no_proof`. It takes nothing that belongs to a proof."""
    found: Mapping[str, Node] = read_fields(
        root, what="A policy with `no_proof`", required=("policy", "title", "no_proof"), optional=("languages",)
    )
    why = read_text(read_fields(found["no_proof"], what="`no_proof`", required=("why",))["why"], what="`why`")
    return Policy(
        name=read_code(found["policy"], what="`policy`", pattern=NAME),
        title=read_text(found["title"], what="`title`"),
        link=LinkRules(_NO_TIME, _NO_TIME),
        ladder=(),
        documents=Table(()),
        review=ReviewRules(
            lines=1,
            answer_for=_NO_TIME,
            four_eyes=True,
            second_look_share=0,
            checklist=(),
            resubmissions=0,
            claim_for=_NO_TIME,
            expected_fields=Table(()),
        ),
        retention=RetentionRules(_NO_TIME, why, _NO_TIME, _NO_TIME, _NO_TIME),
        reasons=(),
        limits=Limits(max_documents=0, uploads_at_once=0, total_bytes=0),
        languages=read_languages(found["languages"]) if "languages" in found else (),
        no_proof=why,
    )
