"""The languages that a policy promises: every sentence that a person reads stands in each of them, or it is refused.

A policy that names none promises English alone; what it says in other languages besides is shown where it is there.
"""

from collections.abc import Iterator
from typing import Final

from policies.nodes import Fields, Items, Node
from policies.reading import LANGUAGE, read_code, read_items

# Where sentences stand in a policy: `*` is every entry of a list or mapping.
TEXTS: Final = tuple(
    tuple(path.split("."))
    for path in (
        "title",
        "no_proof.why",
        "documents.*.title",
        "documents.*.must_show",
        "documents.*.may_cover",
        "documents.*.slots.*",
        "details.*.title",
        "details.*.hint",
        "review.checklist.*.*",
        "review.expected.*.*",
        "retention.why",
        "retention.classes.*.why",
        "retention.countries.*.*.why",
        "retention.holds.*.law",
        "reasons.*.*",
    )
)


def read_languages(node: Node) -> tuple[str, ...]:
    """The languages of the policy, sorted; English is one of them."""
    languages: list[str] = []
    for item in read_items(node, what="`languages`", least=1, most=24):
        language = read_code(item, what="A language", pattern=LANGUAGE)
        if language in languages:
            raise item.place.refuse("duplicate_code", f"`{language}` stands here twice. Keep one.")
        languages.append(language)
    if "en" not in languages:
        raise node.place.refuse("missing_english", "`languages` needs `en`: other languages fall back to it.")
    return tuple(sorted(languages))


def verify_complete(root: Node, *, languages: tuple[str, ...]) -> None:
    """Raise `PolicyError` for the first sentence that lacks one of the languages, or has one that is not promised."""
    for path in TEXTS:
        for text in _find(root, path):
            _verify_text(text, path=path, languages=languages)


def _verify_text(text: Fields, *, path: tuple[str, ...], languages: tuple[str, ...]) -> None:
    written = [key.text for key, _ in text.pairs]
    absent = [language for language in languages if language not in written]
    if absent:
        said = ", ".join(f"`{language}`" for language in absent)
        raise text.place.refuse("missing_language", f"This text (`{'.'.join(path)}`) is not there in {said}.")
    for key, _ in text.pairs:
        if key.text not in languages:
            raise key.place.refuse(
                "bad_language", f"`{key.text}` is not among `languages`. Add it there, or remove the sentence."
            )


def _find(node: Node, path: tuple[str, ...]) -> Iterator[Fields]:
    if not path:
        if isinstance(node, Fields):
            yield node
        return
    step, *rest = path
    if isinstance(node, Items) and step == "*":
        for item in node.nodes:
            yield from _find(item, tuple(rest))
    if isinstance(node, Fields):
        for key, value in node.pairs:
            if step in {"*", key.text}:
                yield from _find(value, tuple(rest))
