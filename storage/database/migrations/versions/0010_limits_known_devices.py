"""counters of limits by rate, devices that are known."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('limit_counter',
    sa.Column('key', sa.LargeBinary(length=16), nullable=False),
    sa.Column('slot', sa.BigInteger(), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_limit_counter')),
    prefixes=['UNLOGGED']
    )
    op.create_index(op.f('ix_limit_counter_ends_at'), 'limit_counter', ['ends_at'], unique=False)
    op.create_table('known_device',
    sa.Column('secret_sha256', sa.String(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_known_device_party_id')),
    sa.PrimaryKeyConstraint('secret_sha256', 'party_id', name=op.f('pk_known_device'))
    )
