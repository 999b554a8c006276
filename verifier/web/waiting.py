"""A short wait for the worker's verdict, so that a page without JavaScript can show it at once."""

import time
from typing import Final

from verifier.contacts.reading import find_submission
from verifier.ids import SubmissionId, VerificationId
from verifier.web.rooms import Rooms

_WAIT_FOR_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.05


def wait_for_verdict(verification: VerificationId, submission: SubmissionId, *, rooms: Rooms) -> None:
    """Return once it is judged, or after two seconds: whoever asks next sees how it stands then."""
    ends_at = time.monotonic() + _WAIT_FOR_S
    while time.monotonic() < ends_at:
        with rooms.database.read() as session:
            if find_submission(session, verification, submission).is_judged:
                return
        time.sleep(_LOOK_EVERY_S)
