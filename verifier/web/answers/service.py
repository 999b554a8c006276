"""Answers when the service itself cannot: full, closed, behind, broken."""

from collections.abc import Mapping
from typing import Final

from verifier.web.answers.answer import N_, Answer

SERVICE: Final[Mapping[str, Answer]] = {
    "store_full": Answer(
        status=507,
        title=N_("There is no room for this file"),
        detail=N_("The service holds as much as its operator allows. Nothing of the file was kept."),
        next_step=N_("Try again in an hour: finished verifications make room."),
        retry_after=3600,
    ),
    "no_space": Answer(
        status=507,
        title=N_("There is no room for this file"),
        detail=N_("The disk or the bucket of the service is full. Nothing of the file was kept."),
        next_step=N_("Try again later. Operators: make room; verifier doctor names the store."),
        retry_after=3600,
    ),
    "intake_closed": Answer(
        status=503,
        title=N_("We take no documents at the moment"),
        detail=N_("Old documents could not be destroyed in time, so we take no new ones until that is mended."),
        next_step=N_("Try again in five minutes. Operators: run verifier doctor, which names what fails."),
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
        next_step=N_("Try again in five minutes. Operators: set the clock of this machine."),
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
    "log_empty": Answer(
        status=404,
        title=N_("The log has no checkpoint yet"),
        detail=N_("Nothing has been published since the service was set up."),
        next_step=N_("Try again in a few seconds. Operators: check that the workers run, with verifier doctor."),
        retry_after=5,
    ),
    "unknown_index": Answer(
        status=404,
        title=N_("The log does not reach that far"),
        detail=N_("The index, size or tile lies beyond what the log has published."),
        next_step=N_("Read the latest checkpoint, and ask for something within its size."),
    ),
    "internal": Answer(
        status=500,
        title=N_("Something went wrong"),
        detail=N_("This is a fault of ours, not of what you sent."),
        next_step=N_("Try again. If it happens again, tell the support desk when it was."),
    ),
}

# Refusals between our own rooms. A client never learns which: it is answered `internal`, and the log has the code.
OUR_FAULTS: Final[Mapping[str, str]] = {
    "already_disposed": "A second disposal of one document was tried; the transaction was rolled back.",
    "bad_checkpoint": "A checkpoint or a verifier key is malformed, or the log did not sign it.",
    "bad_evidence": "Something that claims to come from a log does not.",
    "bad_proof": "A proof of inclusion or consistency proves nothing.",
    "bad_tile": "A tile, or its address, does not fit the tree.",
    "broken_record": "A key record is malformed or belongs to another verification or root.",
    "broken_seal": "A sealed object is cut, altered, or sealed to something else.",
    "challenge_malformed": "A challenge is not one that we wrote.",
    "configuration": "A setting is missing or unsafe; the sentence beside it says what to change.",
    "entry_refused": "An entry of the audit log does not have the form that the catalogue gives it.",
    "export_broken": "An exported log is not what the log wrote; the sentence beside it names the first fault.",
    "fetch_failed": "A file could not be fetched safely from elsewhere; its judge says what that means for the check.",
    "json_unreadable": "JSON that somebody else signed or published reads in two ways, or not at all.",
    "key_exists": "A key record was to be written twice.",
    "key_unusable": "A JWK is not a public key with which attestations can be verified.",
    "keys_unavailable": "The desk's keys could not be fetched: an attestation can neither be believed nor refused.",
    "log_ended": "This key's log has ended, and the one after it is not begun to its end. The sequencer has stopped.",
    "log_forked": "What was published is not the beginning of the log in the database. The sequencer has stopped.",
    "log_publication_lost": "Tiles or checkpoints that were published are gone. The sequencer has stopped.",
    "log_short": "The database holds less than was published: it came from an older backup. The sequencer has stopped.",
    "log_stopped": "The sequencer must not sign; the sentence beside it says what was seen.",
    "not_given": "A process asked a store for something that its part of the house is not given (DESIGN 10).",
    "object_exists": "A copy was to be written twice.",
    "lookup_failed": "DNS gave no answer; its judge says what that means for the check.",
    "mailbox_unavailable": "The mailbox for forwarded messages could not be read. The worker tries again by itself.",
    "message_refused": "A message, or one of its signatures, is no evidence; the verdict names the reason.",
    "object_missing": "The store does not hold a copy whose row says that it does.",
    "readable_by_others": "A secret's file or folder can be read by other users of the machine.",
    "receipt_broken": "A deletion receipt is not what the log stated; the sentence beside it names the first fault.",
    "signature_malformed": "A text is no wallet address, or no signature of one.",
    "still_present": "A store accepted a deletion, and something is still there.",
    "too_many_roots": "Root keys were begun so often today that there is no number left. Begin one tomorrow.",
    "unsafe_name": "A part of a key is none of the strict names that we form.",
    "upload_removed": "A writer came too late: its unfinished object had been deleted.",
    "wrong_ciphertext": "Stored bytes are not the ones that we wrote.",
    "wrong_installation": "A store carries another installation's id.",
}
