"""The reference page of the language is true: its example parses, its codes and reasons are the ones there are."""

import re
from pathlib import Path
from typing import get_args

from policies import CheckMethod, ContactKind, DataClass, DetailKind, Skip, parse_policy
from policies.errors import PolicyErrorCode
from policies.nodes import Items, Leaf, read_tree
from policies.schema import build_schema
from policies.tests_of import read_tests, run_test

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "policy-language.md").read_text(encoding="utf-8")


def test_the_examples_on_the_page_are_policies_and_a_test_that_holds() -> None:
    whole, none, tests = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    policy = parse_policy(whole, origin="policy-language.md")
    assert policy.name == "lost-phone"
    assert [reason.code for reason in policy.reasons] == ["unreadable", "wrong_document"]
    assert parse_policy(none, origin="policy-language.md").no_proof is not None
    (test,) = read_tests(tests, origin="policy-language.md")
    assert run_test(policy, test) == ()


def test_the_page_names_every_word_of_the_closed_lists() -> None:
    for words in (ContactKind, CheckMethod, DetailKind, DataClass, Skip):
        for word in words:
            assert f"`{word}`" in PAGE, word


def test_the_page_names_every_key_that_the_schema_knows() -> None:
    def keys(part: object) -> set[str]:
        if isinstance(part, dict):
            own = set(part["properties"]) if "properties" in part else set()
            return own.union(*(keys(value) for value in part.values()))
        return set().union(*(keys(item) for item in part)) if isinstance(part, list) else set()

    for key in keys(build_schema()):
        assert re.search(rf"\b{key}\b", PAGE), key


def test_the_page_names_every_code_and_no_other() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", PAGE[PAGE.index("## Codes") :], flags=re.MULTILINE)
    named = [code for row in rows for code in re.findall(r"`([a-z0-9_]+)`", row)]
    assert sorted(named) == sorted(get_args(PolicyErrorCode))


def test_the_page_names_the_whole_stock_of_reasons() -> None:
    stock = read_tree((ROOT / "policies" / "reasons.yaml").read_text(encoding="utf-8"), origin="reasons.yaml")
    assert isinstance(stock, Items)
    codes = [
        item.text if isinstance(item, Leaf) else item.pairs[0][0].text
        for item in stock.nodes
        if not isinstance(item, Items)
    ]
    section = PAGE[PAGE.index("### `reasons`") : PAGE.index("### `limits`")]
    named = re.findall(r"`([a-z_]+)`", section[section.index("reasons.yaml`:") + len("reasons.yaml`") :])
    assert named == codes
