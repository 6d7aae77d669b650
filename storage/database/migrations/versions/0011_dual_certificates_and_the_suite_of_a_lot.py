"""dual certificates, and the suite of a lot.

Every certificate bound before signs and takes seals alike, and every lot is of suite 1.
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('bound_certificate', sa.Column('signing', sa.String(), nullable=True))
    op.add_column('lot', sa.Column('suite', sa.Integer(), nullable=False, server_default='1'))
    op.alter_column('lot', 'suite', server_default=None)
