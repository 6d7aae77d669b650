"""security keys as a second factor."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('security_key',
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('forgotten_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_security_key_party_id')),
    sa.PrimaryKeyConstraint('credential_id', name=op.f('pk_security_key'))
    )
    op.create_index(op.f('ix_security_key_party_id'), 'security_key', ['party_id'], unique=False)
    op.add_column('login_session', sa.Column('second_factor', sa.String(), nullable=False, server_default=''))
    op.alter_column('login_session', 'second_factor', server_default=None)
