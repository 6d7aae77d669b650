"""A submission names the grounds for its certificate, and an opened bid what must be told of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('bid_version', sa.Column('validation', sa.String(length=64), nullable=True))
    op.add_column('opened_bid', sa.Column(
        'certificate_flags', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='{}'))
    op.alter_column('opened_bid', 'certificate_flags', server_default=None)
