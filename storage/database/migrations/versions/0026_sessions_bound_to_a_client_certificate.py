"""Sessions that count over connections made with one client certificate alone."""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('login_session', sa.Column('tls_certificate', sa.String(), nullable=True))
