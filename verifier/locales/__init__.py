"""The languages that we speak: marked English sentences in, the reader's language out. Pages, mails and SMS share it.

A language is a folder `verifier/locales/<locale>/LC_MESSAGES/verifier.po`; the msgid is the English sentence. Mark a
sentence with `N_` where it is written, and translate it with `translator(locale)` where it is shown. See
`scripts/catalogues.py` for what keeps the catalogues whole, and docs/decisions/0014 for why it is done this way.
"""

from verifier.locales.desk import UNNAMED, name_desk
from verifier.locales.errors import UnknownLocaleError
from verifier.locales.sentences import LOCALES_DIR, N_, load_sentences, locales, translator
from verifier.locales.wishes import DEFAULT, NO_HINT, choose_locale, find_spoken, parse_hint, parse_wishes

__all__ = [
    "DEFAULT",
    "LOCALES_DIR",
    "NO_HINT",
    "N_",
    "UNNAMED",
    "UnknownLocaleError",
    "choose_locale",
    "find_spoken",
    "load_sentences",
    "locales",
    "name_desk",
    "parse_hint",
    "parse_wishes",
    "translator",
]
