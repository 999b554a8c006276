"""What the language can say and this version cannot yet do: refused where a policy is put to use, never ignored.

A law's minimum for rows is kept to (they are not forgotten earlier; `policies.retention_section` sees to it). A minimum
for what the customer sent would have to stop its disposal, and nothing stops that yet: such a policy can be read,
explained and compared, but no verification can begin under it.
"""

from policies.model import Policy
from policies.nodes import Fields, Items, Node, Place, read_tree
from policies.retention import DataClass


def verify_carried_out(policy: Policy, *, text: str, origin: str) -> None:
    """Raise `PolicyError` if the policy, which `text` gave, promises what this version does not do."""
    for index, hold in enumerate(policy.retention.holds):
        if hold.data is not DataClass.ROWS:
            raise _find_place(text, index=index, origin=origin).refuse(
                "not_yet",
                f"This version destroys {hold.data.replace('_', ' ')} when a verification ends, and cannot keep them"
                " because a law demands it. Keep them where that law is carried out, and remove this hold.",
            )


def _find_place(text: str, *, index: int, origin: str) -> Place:
    node: Node = read_tree(text, origin=origin)
    for name in ("retention", "holds"):
        if isinstance(node, Fields):
            node = next(value for key, value in node.pairs if key.text == name)
    return node.nodes[index].place if isinstance(node, Items) else node.place
