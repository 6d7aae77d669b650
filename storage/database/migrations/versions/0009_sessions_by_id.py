"""sessions have an id of their own, and tell which program holds them."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('login_session', sa.Column('id', sa.Uuid(), nullable=False,
                                             server_default=sa.text('gen_random_uuid()')))
    op.alter_column('login_session', 'id', server_default=None)
    op.create_unique_constraint(op.f('uq_login_session_id'), 'login_session', ['id'])
    op.add_column('login_session', sa.Column('agent', sa.String(), nullable=False, server_default=''))
    op.alter_column('login_session', 'agent', server_default=None)
