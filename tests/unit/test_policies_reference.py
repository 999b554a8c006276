"""The reference page of the language is true: its example parses, its codes and reasons are the ones there are."""

import re
from pathlib import Path
from typing import get_args

from policies import parse_policy
from policies.errors import PolicyErrorCode
from policies.nodes import Items, Leaf, read_tree

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "policy-language.md").read_text(encoding="utf-8")


def test_the_example_on_the_page_is_a_policy() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(example) == 1
    policy = parse_policy(example[0], origin="policy-language.md")
    assert policy.name == "lost-phone"
    assert [reason.code for reason in policy.reasons] == ["unreadable", "wrong_document"]


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
