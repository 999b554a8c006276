"""Languages: which we speak, and their sentences.

A language is a folder `verifier/locales/<locale>/LC_MESSAGES/verifier.po`; the msgid is the English sentence. The
text file is read at first use, so no compiled twin can lag behind it. Leaves the choice of a language to the caller.
"""

import gettext
import io
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from verifier.web.pages.errors import UnknownLocaleError

LOCALES_DIR: Final = Path(__file__).resolve().parents[2] / "locales"
DOMAIN: Final = "verifier"


@lru_cache(maxsize=1)
def locales() -> frozenset[str]:
    """The languages that pages can be rendered in ("en", "pt-BR")."""
    found = LOCALES_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}.po")
    return frozenset(path.parents[1].name.replace("_", "-") for path in found)


@lru_cache(maxsize=32)
def load_sentences(locale: str) -> gettext.GNUTranslations:
    """The sentences of `locale`; raises `UnknownLocaleError`. A sentence without a translation stays English."""
    if locale not in locales():
        raise UnknownLocaleError
    path = LOCALES_DIR / locale.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = io.BytesIO()
    with path.open("rb") as text:
        write_mo(compiled, read_po(text, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(locale: str) -> Callable[[str], str]:
    """What turns a marked English sentence (of the table of answers, say) into `locale`."""
    return load_sentences(locale).gettext


def direction(locale: str) -> str:
    """The value of `dir`: "ltr" or "rtl"."""
    return Locale.parse(locale, sep="-").text_direction
