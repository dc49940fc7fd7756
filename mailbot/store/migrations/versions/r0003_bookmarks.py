"""How far each mailbox was read, when it was last read, and why a visit missed it.

Of a visit that read nothing it is not known any more why: it counts as no turn, so that a sweep which goes on
after the upgrade does not call itself complete.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visited", sa.Column("missed", sa.Text(), nullable=True))
    op.create_table(
        "last_read",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_last_read")),
    )
    op.execute("UPDATE visited SET missed = 'not_visited' WHERE NOT read")
    op.execute(
        "INSERT INTO last_read (person, at) SELECT person, max(at) FROM visited WHERE read GROUP BY person"
    )
    op.create_table(
        "bookmark",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "need", name=op.f("pk_bookmark")),
    )
