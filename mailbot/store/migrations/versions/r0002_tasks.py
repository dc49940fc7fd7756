"""Verdicts keep the tasks that a rule saw, until the next sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("judgement", sa.Column("tasks", sa.Text(), nullable=True))
