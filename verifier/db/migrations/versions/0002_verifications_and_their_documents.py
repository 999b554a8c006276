"""Verifications, their documents, what is owed to them, and their review."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_policy_versions()
    _create_verifications()
    _index_verifications()
    _create_links()
    _create_handlers()
    _create_customer_sessions()
    _create_verification_keys()
    _create_sealed_values()
    _create_documents()
    _index_documents()
    _create_copies()
    _create_obligations()
    _create_claims()
    _create_page_views()
    _create_decisions()


def _create_policy_versions() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_versions")),
    )


def _create_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=True),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("policy_version", sa.String(length=80), nullable=False),
        sa.Column("account_digest", sa.String(length=64), nullable=True),
        sa.Column("request_digest", sa.String(length=64), nullable=True),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("phrase", sa.String(length=40), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "submitted",
                "second_review",
                "approved",
                "rejected",
                "cancelled",
                "withdrawn",
                "expired",
                name="verificationstate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("link_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("answer_by", sa.BigInteger(), nullable=True),
        sa.Column("undecided_by", sa.BigInteger(), nullable=False),
        sa.Column("resubmissions", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("forget_by", sa.BigInteger(), nullable=True),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_version"], ["policy_versions.version"], name=op.f("fk_verifications_policy_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
    )


def _index_verifications() -> None:
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verifications_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_verifications_created_by"), ["created_by"], unique=False)
        batch_op.create_index(
            "ix_verifications_queue",
            ["answer_by"],
            unique=False,
            sqlite_where=sa.text("state IN ('second_review', 'submitted')"),
            postgresql_where=sa.text("state IN ('second_review', 'submitted')"),
        )
        batch_op.create_index(batch_op.f("ix_verifications_reference"), ["reference"], unique=False)
        batch_op.create_index(
            "ix_verifications_to_forget",
            ["forget_by"],
            unique=False,
            sqlite_where=sa.text("forgotten_at IS NULL"),
            postgresql_where=sa.text("forgotten_at IS NULL"),
        )
        batch_op.create_index(
            "ix_verifications_undecided",
            ["undecided_by"],
            unique=False,
            sqlite_where=sa.text("state IN ('requested', 'second_review', 'submitted')"),
            postgresql_where=sa.text("state IN ('requested', 'second_review', 'submitted')"),
        )
        batch_op.create_index(
            "uq_verifications_live",
            ["reference", "policy"],
            unique=True,
            sqlite_where=sa.text("state IN ('requested', 'second_review', 'submitted')"),
            postgresql_where=sa.text("state IN ('requested', 'second_review', 'submitted')"),
        )


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_links_verification_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_verification_id"), ["verification_id"], unique=False)


def _create_handlers() -> None:
    op.create_table(
        "handlers",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_handlers_verification_id")),
        sa.PrimaryKeyConstraint("verification_id", "actor", name=op.f("pk_handlers")),
    )


def _create_customer_sessions() -> None:
    op.create_table(
        "customer_sessions",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_customer_sessions_verification_id")
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_customer_sessions")),
    )
    with op.batch_alter_table("customer_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_sessions_verification_id"), ["verification_id"], unique=False)


def _create_verification_keys() -> None:
    op.create_table(
        "verification_keys",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("shred_by", sa.BigInteger(), nullable=True),
        sa.Column("shredding_at", sa.BigInteger(), nullable=True),
        sa.Column("unreadable_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_verification_keys_verification_id")
        ),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_verification_keys")),
    )
    with op.batch_alter_table("verification_keys", schema=None) as batch_op:
        batch_op.create_index(
            "ix_verification_keys_to_shred",
            ["shred_by"],
            unique=False,
            sqlite_where=sa.text("shred_by IS NOT NULL AND unreadable_at IS NULL"),
            postgresql_where=sa.text("shred_by IS NOT NULL AND unreadable_at IS NULL"),
        )


def _create_sealed_values() -> None:
    op.create_table(
        "sealed_values",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verifications.id"], name=op.f("fk_sealed_values_verification_id")
        ),
        sa.PrimaryKeyConstraint("verification_id", "name", name=op.f("pk_sealed_values")),
    )


def _create_documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "receiving",
                "sealed",
                "ready",
                "refused",
                "disposing",
                "disposed",
                name="documentstate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("reserved_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("writer_until", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=True),
        sa.Column("ready_at", sa.BigInteger(), nullable=True),
        sa.Column("decodes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("refusal", sa.String(length=40), nullable=True),
        sa.Column("asked_again", sa.String(length=64), nullable=True),
        sa.Column("disposed_at", sa.BigInteger(), nullable=True),
        sa.Column("disposed_rule", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_documents_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )


def _index_documents() -> None:
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_documents_arriving",
            ["writer_until"],
            unique=False,
            sqlite_where=sa.text("state = 'receiving'"),
            postgresql_where=sa.text("state = 'receiving'"),
        )
        batch_op.create_index(
            "ix_documents_held",
            ["created_at", "reserved_bytes"],
            unique=False,
            sqlite_where=sa.text("state != 'disposed'"),
            postgresql_where=sa.text("state != 'disposed'"),
        )
        batch_op.create_index(
            "ix_documents_to_check",
            ["sealed_at"],
            unique=False,
            sqlite_where=sa.text("state = 'sealed'"),
            postgresql_where=sa.text("state = 'sealed'"),
        )
        batch_op.create_index(batch_op.f("ix_documents_verification_id"), ["verification_id"], unique=False)


def _create_copies() -> None:
    op.create_table(
        "copies",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("ciphertext_digest", sa.String(length=64), nullable=True),
        sa.Column("ciphertext_bytes", sa.Integer(), nullable=True),
        sa.Column("stored_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_absent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_copies_document_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copies")),
    )
    with op.batch_alter_table("copies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_copies_document_id"), ["document_id"], unique=False)


def _create_obligations() -> None:
    op.create_table(
        "obligations",
        sa.Column("copy_id", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("destroy_by", sa.BigInteger(), nullable=False),
        sa.Column("due_since", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("copy_id", name=op.f("pk_obligations")),
    )
    with op.batch_alter_table("obligations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_obligations_document_id"), ["document_id"], unique=False)
        batch_op.create_index(
            "ix_obligations_due",
            ["destroy_by"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_obligations_verification_id"), ["verification_id"], unique=False)


def _create_claims() -> None:
    op.create_table(
        "claims",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_claims_verification_id")),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_claims")),
    )
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claims_actor"), ["actor"], unique=False)


def _create_page_views() -> None:
    op.create_table(
        "page_views",
        sa.Column("document_id", sa.String(length=40), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("viewed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_page_views_document_id")),
        sa.PrimaryKeyConstraint("document_id", "page", "actor", name=op.f("pk_page_views")),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("resulted_in", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_decisions_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_verification_id"), ["verification_id"], unique=False)
