"""On PostgreSQL: the guards ask the catalogue itself who writes, never a temporary table of the writer's own.

A `search_path` that does not name `pg_temp` has it first. So it is named, last, in every function of the guards, and
the catalogue's tables are written out with their schema.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_IS_CUSTOMER: Final = """
CREATE OR REPLACE FUNCTION verifier_is_customer() RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r
                 WHERE r.rolname = 'verifier_customer' AND pg_catalog.pg_has_role(current_user, r.oid, 'USAGE'))
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c
                     WHERE c.oid = '{schema}.verifications'::pg_catalog.regclass
                       AND pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE'))
$$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    op.get_bind().exec_driver_sql(_IS_CUSTOMER.format(schema=schema))
