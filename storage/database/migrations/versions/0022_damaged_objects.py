"""Stored objects found damaged, and the bytes their bidders bring again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'object_damage',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('envelope_id', sa.Uuid(), nullable=False),
        sa.Column('bid_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('cause', sa.String(), nullable=False),
        sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('object_key', sa.String(), nullable=False),
        sa.Column('new_key', sa.String(), nullable=True),
        sa.Column('upload_id', sa.String(), nullable=True),
        sa.Column('restored_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('restored_by', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(['envelope_id'], ['envelope.id'], name=op.f('fk_object_damage_envelope_id')),
        sa.ForeignKeyConstraint(['bid_id'], ['bid.id'], name=op.f('fk_object_damage_bid_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_object_damage')))
    op.create_index(op.f('ix_object_damage_envelope_id'), 'object_damage', ['envelope_id'])
    op.create_index(op.f('ix_object_damage_bid_id'), 'object_damage', ['bid_id'])
