"""The desk's name in a sentence. A name of its own is said as it is; the words for a desk without one are translated.

Translations put the name where its language leaves it as it stands: names are not inflected, whoever they belong to.
"""

from typing import Final

from verifier.locales.sentences import N_, translator

UNNAMED: Final = N_("the support desk")


def name_desk(desk: str, *, locale: str) -> str:
    """How `desk`, of the settings, is called in `locale`."""
    return translator(locale)(UNNAMED) if desk == UNNAMED else desk
