"""The ladder of letters, letters that were put off, and figures of groups of at least 10.

The table of figures was never filled before; it is made anew with its higher floor. A finding that somebody
was told of counts as one step, told when it last changed: no reminder comes sooner for it. Letters that left
count on their topic, as they would have done from the beginning.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SILENCE = timedelta(days=90)
"""The shortest that the settings allow."""

letter = sa.table(
    "letter",
    sa.column("kind", sa.Text()),
    sa.column("topic", sa.Text()),
    sa.column("person", sa.Text()),
    sa.column("state", sa.Text()),
    sa.column("test", sa.Boolean()),
    sa.column("changed", sa.DateTime(timezone=True)),
    sa.column("counted", sa.Boolean()),
)
topic_letter = sa.table(
    "topic_letter",
    sa.column("person", sa.Text()),
    sa.column("rule", sa.Text()),
    sa.column("number", sa.Integer()),
    sa.column("until", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.add_column("finding", sa.Column("steps", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("finding", sa.Column("told", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE finding SET steps = 1, told = changed WHERE state IN ('told', 'reminded')")
    op.add_column("letter", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("letter", sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "topic_letter",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", "rule", "number", name=op.f("pk_topic_letter")),
    )
    op.create_table(
        "rest",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_rest")),
    )
    op.create_table(
        "measured_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_measured_day")),
    )
    op.drop_table("figure")
    op.create_table(
        "figure",
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("deviating", sa.Integer(), nullable=False),
        sa.Column("waived", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("judged >= 10", name=op.f("ck_figure_k_safe")),
        sa.ForeignKeyConstraint(
            ["period"], ["measured_day.day"], name=op.f("fk_figure_period_measured_day"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("period", "cell", "rule", name=op.f("pk_figure")),
    )
    _count_letters()


def _count_letters() -> None:
    """Letters by person and topic: all of a topic get the end of its silence."""
    asking = letter.c.kind.in_(("nudge", "reminder", "hint"))
    left = sa.and_(asking, letter.c.state == "sent", sa.not_(letter.c.test))
    connection = op.get_bind()
    connection.execute(sa.update(letter).where(left).values(counted=True))
    newest: dict[tuple[str, str], list[datetime]] = {}
    for row in connection.execute(sa.select(letter.c.person, letter.c.topic, letter.c.changed).where(left)):
        newest.setdefault((row.person, row.topic), []).append(row.changed)
    rows = [
        {"person": person, "rule": topic, "number": number, "until": max(sent) + SILENCE}
        for (person, topic), sent in newest.items()
        for number in range(1, len(sent) + 1)
    ]
    if rows:
        connection.execute(sa.insert(topic_letter), rows)
