"""The languages as pages show them: by their own names, in their own direction. The sentences are `verifier.locales`'.

Leaves to others: which language an answer is in (`verifier.web.speaking`).
"""

from collections.abc import Mapping
from functools import lru_cache

from babel import Locale

from verifier.locales import LOCALES_DIR, load_sentences, locales, translator

__all__ = ["LOCALES_DIR", "direction", "language_names", "load_sentences", "locales", "translator"]


@lru_cache(maxsize=1)
def language_names() -> Mapping[str, str]:
    """Each language by its own name, as it stands alone ("Nederlands", "Slovenčina"); English first."""
    ordered = sorted(locales(), key=lambda code: (code != "en", code))
    named = {code: Locale.parse(code, sep="-").get_display_name() or code for code in ordered}
    return {code: name[:1].upper() + name[1:] for code, name in named.items()}


def direction(locale: str) -> str:
    """The value of `dir`: "ltr" or "rtl"."""
    return Locale.parse(locale, sep="-").text_direction
