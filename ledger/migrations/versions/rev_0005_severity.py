"""What a broken rule does: block, send to a person, or only be told; and what could help.

Revision: 0005, after 0004

Every verdict that was written before was one that blocks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEVERITIES = "severity IN ('block', 'review', 'warn')"


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    words = 'TEXT COLLATE "C"' if is_postgresql else "TEXT"
    op.execute(
        f"ALTER TABLE verdicts ADD COLUMN severity {words} NOT NULL DEFAULT 'block' "
        f"CONSTRAINT verdicts_severity CHECK ({SEVERITIES})"
    )
    op.add_column("verdicts", sa.Column("remedy_json", sa.Text()))


def downgrade() -> None:
    """Go back, if nothing that did not block was let pass: without a severity it would be a fault."""
    lenient = "SELECT 1 FROM verdicts WHERE severity <> 'block' AND NOT passed LIMIT 1"
    if op.get_bind().execute(sa.text(lenient)).first():
        raise RuntimeError("revision 0004 has no place for a broken rule that did not block")
    op.drop_column("verdicts", "remedy_json")
    op.drop_column("verdicts", "severity")
