"""The commands `verifier backup` and `verifier restore`.

Guarantees: what a restore could not bring back is said, with what to do about it. Leaves to others: the order of the
steps and every refusal (`verifier.recovery`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verifier import faults
from verifier.errors import ConfigurationError
from verifier.opening import opened_house, opened_house_alone
from verifier.settings import Settings, load_settings

if TYPE_CHECKING:
    from verifier.recovery.restore import Accepted, Restored


def back_up(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Copy database and documents into a folder. Never keys, roots or secrets: keep the secrets elsewhere."""
    from verifier.recovery.backup import make_backup

    with opened_house() as house:
        manifest = make_backup(
            folder,
            settings=house.settings,
            database=house.database,
            clock=house.clock,
            vault=house.vault,
            key=house.digest_key,
        )
    print(f"{folder} holds the database and {len(manifest.documents)} sealed copies, as of {manifest.made_at}.")


def restore(
    folder: Annotated[Path | None, typer.Argument(help="A folder that `verifier backup` made.")] = None,
    keep_documents: Annotated[
        bool, typer.Option("--keep-documents", help="The documents were not lost: restore the database only.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Let go of all that came after the backup; begin the log anew.")
    ] = False,
) -> None:
    """Put a backup back where database and documents are empty; or, without a folder, accept what it lacked."""
    faults.arm_from_environment()
    if folder is not None:
        _tell(_restore(load_settings(), folder, keeps_documents=keep_documents, accepts_loss=accept_loss))
    elif accept_loss:
        _tell_accepted(_accept())
    else:
        raise ConfigurationError("Name the backup's folder, or say --accept-loss after a restore that fell short.")


def _restore(settings: Settings, folder: Path, *, keeps_documents: bool, accepts_loss: bool) -> "Restored":
    from verifier.recovery.manifest import load_manifest
    from verifier.recovery.restore import Target
    from verifier.recovery.restore import restore as put_back
    from verifier.sanitise.hardening import harden_process
    from verifier.telemetry import configure_logs
    from verifier.vault.secrets import load_or_create_secret
    from verifier.wiring import choose_seams
    from verifier.wiring.parts import Secret

    configure_logs()
    harden_process()
    for file in (settings.secrets_folder / Secret.DIGEST, settings.signing_key_file):
        if not file.is_file():
            raise ConfigurationError(
                f"{file} is missing. Put this installation's folder of secrets back first: it is in no backup."
            )
    key = load_or_create_secret(settings.secrets_folder, Secret.DIGEST)
    seams = choose_seams(settings)
    target = Target(
        settings=settings,
        clock=seams.clock,
        objects=seams.objects,
        keys=seams.keys,
        roots=seams.roots,
        keeps_documents=keeps_documents,
        accepts_loss=accepts_loss,
    )
    return put_back(folder, load_manifest(folder, key), target)


def _accept() -> "Accepted":
    from verifier.recovery.restore import accept_loss, place_of_log

    with opened_house_alone() as house:  # until it has ended: a supervisor may start a process again at any moment
        return accept_loss(house.database, house.clock, house.vault, place=place_of_log(house.settings))


def _tell(restored: "Restored") -> None:
    revived = restored.revived
    print(
        "The backup is back. Every link and session of before is revoked: agents make new links, people sign in anew."
    )
    if restored.knows_ends:
        print(f"{revived.verifications} verifications that had ended came back undecided, and are called off.")
        print(f"{revived.documents} documents that had been destroyed came back, and are destroyed again.")
        print(f"{revived.api_keys} API keys and {revived.people} people that had been let go are let go again.")
    else:
        print(
            "Nothing published is there, so nobody knows what ended since the backup. Where the folder was lost, look "
            "through verifier api-keys list and verifier staff list: revoke and disable again whom you had let go."
        )
    print(f"{restored.lost_keys} verifications ended, because their keys are no more: customers read that.")
    if restored.accepted is not None:
        _tell_accepted(restored.accepted)
    if restored.shortfall is not None:
        print(f"The log stops: {restored.shortfall}")


def _tell_accepted(accepted: "Accepted") -> None:
    print(f"{accepted.lost_keys} more verifications without keys ended; {accepted.orphans} orphans were removed.")
    if accepted.log is not None:
        print(f"A new log begins: {accepted.log}. Hand its key to auditors: verifier audit key.")
