"""sessions note their last proof."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('login_session', sa.Column('proven_at', sa.DateTime(timezone=True), nullable=True))
