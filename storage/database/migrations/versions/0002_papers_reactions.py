"""papers and reactions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('paper',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('stream', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('pdf_key', sa.String(), nullable=False),
    sa.Column('pdf_sha256', sa.String(length=64), nullable=False),
    sa.Column('seats', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('audience', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_paper'))
    )
    op.create_index('ix_paper_stream_kind', 'paper', ['stream', 'kind'], unique=False)
    op.create_table('reaction_position',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('next_seq', sa.BigInteger(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_reaction_position'))
    )
    op.create_table('paper_signature',
    sa.Column('paper_id', sa.Uuid(), nullable=False),
    sa.Column('capacity', sa.String(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('certificate', sa.String(), nullable=False),
    sa.Column('prepared', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('prepared_key', sa.String(), nullable=True),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['paper_id'], ['paper.id'], name=op.f('fk_paper_signature_paper_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_paper_signature_party_id')),
    sa.PrimaryKeyConstraint('paper_id', 'capacity', name=op.f('pk_paper_signature'))
    )
    op.create_table('coefficient_draw',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('commitment', sa.String(length=64), nullable=False),
    sa.Column('seed_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_coefficient_draw_lot_id')),
    sa.PrimaryKeyConstraint('lot_id', name=op.f('pk_coefficient_draw'))
    )
    op.add_column('exchange_push', sa.Column('channel', sa.String(), nullable=False, server_default='exchange'))
    op.add_column('exchange_push', sa.Column('sealed_stream', sa.String(), nullable=True))
    op.add_column('lot', sa.Column('deposit_forms', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='[]'))
    op.add_column('lot', sa.Column('award', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='{}'))
    op.add_column('opened_bid', sa.Column('guarantee', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column('opening', sa.Column('coefficients', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    # What stood before keeps its meaning; from here on the code says every value.
    op.execute("""update lot set deposit_forms = '["cash", "bank", "insurer", "guarantor"]' where deposit > 0""")
    for table, column in (('exchange_push', 'channel'), ('lot', 'deposit_forms'), ('lot', 'award')):
        op.alter_column(table, column, server_default=None)
