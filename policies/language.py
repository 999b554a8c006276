"""Policy text in, `Policy` out; or a `PolicyError` that names line, column and what to change.

Guarantees that each section lies within its bounds (`sections`, `proof_rules`, `retention_section`), that the sections
agree with each other (`agreement`), and that every sentence is there in every language that is promised (`languages`).
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from policies.agreement import verify_agreement
from policies.ladder import Named, read_ladder
from policies.languages import read_languages, verify_complete
from policies.model import Policy
from policies.no_proof import read_no_proof
from policies.nodes import Fields, Node, read_tree
from policies.parts import USUAL_CONTACTS, DetailRules, DocumentRules, Table, Text
from policies.proof_rules import read_contacts, read_details, read_documents
from policies.reading import NAME, read_code, read_coded_texts, read_fields, read_text
from policies.retention_section import read_retention
from policies.sections import read_limits, read_link, read_reasons, read_review

REQUIRED: Final = ("policy", "title", "link", "proofs", "review", "reasons")
OPTIONAL: Final = ("languages", "documents", "details", "contacts", "retention", "limits")


def parse_policy(text: str, *, origin: str) -> Policy:
    """Read one policy. `origin` (a file name) stands in every refusal; raises `PolicyError` and nothing else."""
    root = read_tree(text, origin=origin)
    keys = {key.text for key, _ in root.pairs} if isinstance(root, Fields) else set()
    policy = read_no_proof(root) if "no_proof" in keys else _read(root)
    if policy.languages:
        verify_complete(root, languages=policy.languages)
    return policy


def _read(root: Node) -> Policy:
    found = read_fields(root, what="A policy", required=REQUIRED, optional=OPTIONAL)
    if "retention" not in found:
        raise root.place.refuse(
            "missing_retention", "A policy needs `retention`: without it, what is sent would stay for ever."
        )
    languages = read_languages(found["languages"]) if "languages" in found else ()
    documents = read_documents(found["documents"]) if "documents" in found else Table[DocumentRules](())
    details = read_details(found["details"]) if "details" in found else Table[DetailRules](())
    policy = Policy(
        name=read_code(found["policy"], what="`policy`", pattern=NAME),
        title=read_text(found["title"], what="`title`"),
        link=read_link(found["link"]),
        ladder=read_ladder(found["proofs"], named=Named(documents, details)),
        documents=documents,
        review=read_review(found["review"]),
        retention=read_retention(found["retention"]),
        reasons=read_reasons(found["reasons"], stock=_stock_reasons(languages or ("en",))),
        limits=read_limits(found.get("limits", Fields(root.place, ()))),
        details=details,
        contacts=read_contacts(found["contacts"]) if "contacts" in found else USUAL_CONTACTS,
        languages=languages,
    )
    verify_agreement(policy, root=root, found=found)
    return policy


@cache
def _stock_reasons(languages: tuple[str, ...]) -> Mapping[str, Text]:
    """The stock in these languages: a sentence that joins it later must not change a policy that is stored."""
    text = files("policies").joinpath("reasons.yaml").read_text(encoding="utf-8")
    tree = read_tree(text, origin="reasons.yaml")
    stock = read_coded_texts(tree, what="The stock of reasons", least=1, most=30, stock={})
    return {
        code: Text.of((language, sentence) for language, sentence in said.items() if language in languages)
        for code, said in stock.items()
        if set(languages) <= set(said)
    }
