"""Answers when the service itself cannot: full, closed, behind, broken."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

SERVICE: Final[Mapping[str, Answer]] = {
    "no_space": Answer(
        status=507,
        title=N_("There is no room for this file"),
        detail=N_("The service holds as much as it may at the moment. Nothing of the file was kept."),
        next_step=N_("Try again in an hour. Finished verifications make room."),
        retry_after=3600,
    ),
    "intake_closed": Answer(
        status=503,
        title=N_("We take no documents at the moment"),
        detail=N_("Old documents could not be destroyed in time, so we take no new ones until that is mended."),
        next_step=N_("Try again later. Operators: run verifier doctor, which names what fails."),
        retry_after=300,
    ),
    "log_behind": Answer(
        status=503,
        title=N_("We cannot record this at the moment"),
        detail=N_("Nothing is shown, taken or decided that cannot be logged, and the audit log is behind."),
        next_step=N_("Try again in a minute. Operators: check that the workers run, with verifier doctor."),
        retry_after=30,
    ),
    "clock_behind": Answer(
        status=503,
        title=N_("The service's clock is wrong"),
        detail=N_("It has gone back, so we could not promise when documents are destroyed. We take none until then."),
        next_step=N_("Try again later. Operators: set the clock of this machine."),
        retry_after=300,
    ),
    "store_unavailable": Answer(
        status=503,
        title=N_("The store does not answer"),
        detail=N_("Documents can neither be put away nor opened at the moment. Nothing was lost."),
        next_step=N_("Try again in a minute. Operators: verifier doctor names the store."),
        retry_after=30,
    ),
    "unavailable": Answer(
        status=503,
        title=N_("The service is busy"),
        detail=N_("It could not do this in time. Nothing was done."),
        next_step=N_("Try again in a few seconds."),
        retry_after=5,
    ),
    "configuration": Answer(
        status=503,
        title=N_("The service is not set up completely"),
        detail=N_("A setting that this needs is missing or not valid."),
        next_step=N_("Operators: run verifier doctor, which says what to change."),
        retry_after=300,
    ),
    "internal": Answer(
        status=500,
        title=N_("Something went wrong"),
        detail=N_("This is a fault of ours, not of what you sent."),
        next_step=N_("Try again. If it happens again, tell the support desk when it was."),
    ),
}
