"""Contact points, the checks of them, what was handed in for these, and which proofs a verification offers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_contact_points()
    _create_contact_checks()
    _create_contact_submissions()
    _create_seen_once()
    _create_exits()
    _create_offers()
    _index_approved()


def _contact(name: str, *, nullable: bool = False) -> sa.Column[str]:
    kinds = ("email", "phone", "account", "domain", "wallet")
    return sa.Column(name, sa.Enum(*kinds, name="contactkind", native_enum=False, length=16), nullable=nullable)


def _method(name: str, *, nullable: bool = False) -> sa.Column[str]:
    methods = ("code", "message", "attestation", "dns", "file", "signature")
    return sa.Column(name, sa.Enum(*methods, name="checkmethod", native_enum=False, length=16), nullable=nullable)


def _kind(name: str) -> sa.Column[str]:
    kinds = ("opened", "begin", "guess", "address", "message", "attestation", "look", "signature")
    return sa.Column(name, sa.Enum(*kinds, name="submissionkind", native_enum=False, length=16), nullable=False)


def _create_contact_points() -> None:
    op.create_table(
        "contact_points",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        _contact("contact"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_contact_points_verification_id")
        ),
        sa.PrimaryKeyConstraint("verification_id", "contact", name=op.f("pk_contact_points")),
    )


def _create_contact_checks() -> None:
    states = ("open", "confirmed", "mismatch", "unconfirmed", "failed")
    op.create_table(
        "contact_checks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        _contact("contact"),
        _method("method"),
        sa.Column("state", sa.Enum(*states, name="checkstate", native_enum=False, length=16), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("grade", sa.String(length=24), nullable=True),
        sa.Column("challenge", sa.String(length=200), nullable=True),
        sa.Column("code_digest", sa.String(length=64), nullable=True),
        sa.Column("code_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("notice_id", sa.String(length=40), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_contact_checks_verification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_checks")),
    )
    op.create_index(op.f("ix_contact_checks_verification_id"), "contact_checks", ["verification_id"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_contact_checks_open",
        "contact_checks",
        ["verification_id", "contact", "method"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _create_contact_submissions() -> None:
    results = (
        "pending", "code_sent", "address_needed", "challenge_set", "wrong_code", "code_expired", "address_differs",
        "too_many_sends", "not_yet", "ended", "noted", "moot",
    )  # fmt: skip
    op.create_table(
        "contact_submissions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("check_id", sa.String(length=40), nullable=True),
        _contact("contact", nullable=True),
        _method("method", nullable=True),
        _kind("kind"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("result", sa.Enum(*results, name="result", native_enum=False, length=24), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_contact_submissions_verification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_submissions")),
    )
    op.create_index(op.f("ix_contact_submissions_verification_id"), "contact_submissions", ["verification_id"])
    to_judge = sa.text("judged_at IS NULL")
    op.create_index(
        "ix_contact_submissions_to_judge",
        "contact_submissions",
        ["created_at"],
        sqlite_where=to_judge,
        postgresql_where=to_judge,
    )


def _create_seen_once() -> None:
    op.create_table(
        "seen_once",
        _kind("kind"),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("forget_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", name=op.f("pk_seen_once")),
    )
    op.create_index(op.f("ix_seen_once_forget_at"), "seen_once", ["forget_at"])


def _create_exits() -> None:
    op.create_table(
        "exits",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_exits_verification_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_exits")),
        sa.UniqueConstraint("verification_id", name=op.f("uq_exits_verification_id")),
    )


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_offers_verification_id")),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_offers")),
    )


def _index_approved() -> None:
    is_approved = sa.text("state = 'approved'")
    op.create_index(
        "ix_verifications_approved",
        "verifications",
        ["ended_at"],
        sqlite_where=is_approved,
        postgresql_where=is_approved,
    )
