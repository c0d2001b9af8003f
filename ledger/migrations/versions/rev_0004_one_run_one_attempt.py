"""One run at the provider, one attempt: no second attempt can be given a reference that is known.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "attempts_one_per_run"
NAMED = sa.text("provider_ref IS NOT NULL")


def upgrade() -> None:
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
