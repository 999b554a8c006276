"""The sentences of each language, from its catalogue.

Guarantees: the text file is read at first use, so no compiled twin can lag behind it, and a wheel holds exactly what a
clone does. Leaves the choice of a language to `wishes`, and the completeness of catalogues to `scripts/catalogues.py`.
"""

import gettext
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from verifier.locales.errors import UnknownLocaleError

LOCALES_DIR: Final = Path(__file__).resolve().parent
DOMAIN: Final = "verifier"


def N_(msgid: str) -> str:  # noqa: N802 -- the name that Babel extracts without being told
    """Mark a sentence for translation; it is translated where it is shown."""
    return msgid


@lru_cache(maxsize=1)
def locales() -> frozenset[str]:
    """The languages that we speak ("en", "pt-BR")."""
    found = LOCALES_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}.po")
    return frozenset(path.parents[1].name.replace("_", "-") for path in found)


@lru_cache(maxsize=32)
def load_sentences(locale: str) -> gettext.GNUTranslations:
    """The sentences of `locale`; raises `UnknownLocaleError`. A sentence without a translation stays English."""
    if locale not in locales():
        raise UnknownLocaleError
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = LOCALES_DIR / locale.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = io.BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(locale: str) -> Callable[[str], str]:
    """What turns a marked English sentence (of the table of answers, say) into `locale`."""
    return load_sentences(locale).gettext
