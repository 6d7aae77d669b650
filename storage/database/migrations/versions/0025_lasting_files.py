"""Signed files and the end of their last time stamp, so that it is renewed in time."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'lasting_file',
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('stamped_until', sa.DateTime(timezone=True), nullable=True),
        sa.Column('authority', sa.String(), nullable=False),
        sa.Column('renewed_key', sa.String(), nullable=True),
        sa.Column('renewals', sa.Integer(), nullable=False),
        sa.Column('retry_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('last_error', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('key', name=op.f('pk_lasting_file')))
    op.create_index('ix_lasting_file_stamped_until', 'lasting_file', ['stamped_until'], unique=False)
