"""The catalogues of sentences: extracted from the code, merged into every language, and checked.

    .venv/bin/python -m scripts.catalogues --update    # after a sentence was added, changed or removed
    .venv/bin/python -m scripts.catalogues --check     # in `make check`: complete, current, and nothing smuggled in
    .venv/bin/python -m scripts.catalogues --missing   # what a translator still has to write

`--update` guesses nothing: a changed sentence comes out empty, because one that merely resembles it may say the
opposite. What a translation must keep is in `scripts/catalogue_rules.py`.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

from scripts.catalogue_rules import find_faults
from scripts.pages import tell
from verifier.locales import LOCALES_DIR

TEMPLATE: Final = LOCALES_DIR / "verifier.pot"
SOURCE: Final = "en"
_KEPT: Final = ("Language:", "MIME-Version:", "Content-Type:", "Content-Transfer-Encoding:", "Plural-Forms:")
"""The rest of a header names times, people and programs: it would change with every run and says nothing."""


def extract() -> Catalog:
    """Every sentence that the code marks."""
    with (LOCALES_DIR / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    catalog = Catalog(fuzzy=False)
    for _, _, message, _, context in extract_from_dir(
        LOCALES_DIR.parent, method_map=methods, options_map=options, keywords=dict(DEFAULT_KEYWORDS)
    ):
        catalog.add(message, context=context)
    return catalog


def write(catalog: Catalog) -> str:
    """A catalogue as text that depends on its sentences alone."""
    out = io.BytesIO()
    write_po(out, catalog, sort_output=True, no_location=True, ignore_obsolete=True, width=116)
    head, _, rest = out.getvalue().decode().partition("\n\n")
    kept = [f'"{line}\\n"' for line in _header_lines(catalog)]
    assert 'msgid ""' in head
    return "\n".join(['msgid ""', 'msgstr ""', *kept, "", rest.rstrip("\n"), ""])


def _header_lines(catalog: Catalog) -> list[str]:
    lines = [f"{name}: {value}" for name, value in catalog.mime_headers]
    return [line for line in lines if line.startswith(_KEPT)]


def languages() -> list[str]:
    """The languages that sentences are translated into, as their folders are named."""
    found = (path.parents[1].name for path in LOCALES_DIR.glob("*/LC_MESSAGES/verifier.po"))
    return sorted(name for name in found if name != SOURCE)


def path_of(language: str) -> Path:
    return LOCALES_DIR / language / "LC_MESSAGES" / "verifier.po"


def load(language: str) -> Catalog:
    with path_of(language).open("rb") as text:
        return read_po(text, locale=language, abort_invalid=True)


def merge(template: Catalog, old: Catalog, *, language: str) -> Catalog:
    """The sentences of `template` with what `old` says for them."""
    merged = Catalog(locale=language, fuzzy=False)
    for message in sentences(template):
        known = old.get(message.id, context=message.context)
        kept = known.string if known is not None and known.pluralizable == message.pluralizable else None
        merged.add(message.id, kept, context=message.context, flags=message.flags - {"fuzzy"})
    return merged


def sentences(catalog: Catalog) -> Iterator[Message]:
    """The entries of a catalogue, without its header."""
    return (message for message in catalog if message.id)


def update() -> None:
    template = extract()
    TEMPLATE.write_text(write(template), encoding="utf-8")
    for language in languages():
        path_of(language).write_text(write(merge(template, load(language), language=language)), encoding="utf-8")


def find_problems() -> list[str]:
    """What is wrong with the catalogues, as sentences; nothing where all is well."""
    template = extract()
    problems = []
    if TEMPLATE.read_text(encoding="utf-8") != write(template):
        problems.append("verifier.pot is not what the code says now. Run python -m scripts.catalogues --update.")
    for language in languages():
        catalog = load(language)
        if path_of(language).read_text(encoding="utf-8") != write(merge(template, catalog, language=language)):
            problems.append(f"{language}: not written by scripts/catalogues.py --update, or older than the code.")
        problems += [f"{language}: {fault}" for fault in find_faults(template, catalog, language=language)]
    return problems


def print_missing() -> None:
    lacking: dict[str, list[str]] = {}
    for language in languages():
        for message in sentences(load(language)):
            if not all(_strings(message)):
                lacking.setdefault(repr(message.id), []).append(language)
    for sentence, where in lacking.items():
        print(f"{', '.join(where)}: {sentence}")


def _strings(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (str(message.string or ""),)


def main() -> None:
    if "--update" in sys.argv:
        update()
    if "--missing" in sys.argv:
        print_missing()
    if "--check" in sys.argv:
        sys.exit(tell(find_problems()))


if __name__ == "__main__":
    main()
