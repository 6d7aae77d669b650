"""checkpoints in notices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('notice', sa.Column('checkpoint', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
