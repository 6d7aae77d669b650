"""Sessions note the last touch of a security key."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('login_session', sa.Column('key_proven_at', sa.DateTime(timezone=True), nullable=True))
