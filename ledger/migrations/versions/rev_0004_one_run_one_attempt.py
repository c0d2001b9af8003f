"""One run at the provider, one attempt: no second attempt can be given a reference that is known.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import BrokenPromise

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "attempts_one_per_run"
NAMED = sa.text("provider_ref IS NOT NULL")


TWICE = """
    SELECT provider_ref, min(attempt_id) AS one, max(attempt_id) AS other FROM attempts
    WHERE provider_ref IS NOT NULL GROUP BY provider_ref HAVING count(*) > 1
    ORDER BY provider_ref LIMIT 1
"""


def upgrade() -> None:
    """Make it so, unless two attempts name one run already: then one of them is charged for nothing.

    Raises:
        BrokenPromise: naming the first two.
    """
    row = op.get_bind().execute(sa.text(TWICE)).first()
    if row is not None:
        raise BrokenPromise(
            f"attempts {row.one} and {row.other} both name the provider's run {row.provider_ref}, "
            "which is billed once: find out whose it is, set the other's provider_ref to NULL in the "
            "database, then run this again"
        )
    op.create_index(
        NAME,
        "attempts",
        ["provider_ref"],
        unique=True,
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )


def downgrade() -> None:
    op.drop_index(NAME, table_name="attempts")
