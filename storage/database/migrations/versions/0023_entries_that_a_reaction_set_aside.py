"""An entry that a reaction cannot follow is set aside for itself; the queue behind it goes on."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reaction_aside',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('row', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('retry_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('name', 'seq', name=op.f('pk_reaction_aside'))
    )
    for each in ('attempts', 'retry_at', 'last_error'):
        op.drop_column('reaction_position', each)
