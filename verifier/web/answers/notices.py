"""Answers about what is sent to a contact point."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

NOTICES: Final[Mapping[str, Answer]] = {
    "send_limit_reached": Answer(
        status=429,
        title=N_("We cannot send another message for now"),
        detail=N_("As many messages were sent as may be in this time, for this case or to this address or number."),
        next_step=N_(
            "Look for the messages that were sent already, in the spam folder too. Otherwise wait and ask again later, "
            "or reply to the support desk."
        ),
        retry_after=600,
    ),
}
