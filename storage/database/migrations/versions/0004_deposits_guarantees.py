"""deposits and guarantee letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _guarantees()


def _guarantees() -> None:
    op.create_table('guarantee_issuer',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('uscc', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('public_key', sa.String(), nullable=False),
    sa.Column('box_certificate', sa.Text(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_by_name', sa.String(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_by_name', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guarantee_issuer'))
    )
    op.create_index('uq_guarantee_issuer_standing', 'guarantee_issuer', ['uscc'], unique=True, postgresql_where=sa.text("status in ('proposed', 'active', 'retiring')"))
    op.create_table('guarantee_order',
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('issuer_id', sa.Uuid(), nullable=False),
    sa.Column('handle', sa.String(length=64), nullable=False),
    sa.Column('term', sa.String(length=64), nullable=False),
    sa.Column('box', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('amends', sa.String(length=20), nullable=True),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('letter_box', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['amends'], ['guarantee_order.number'], name=op.f('fk_guarantee_order_amends')),
    sa.ForeignKeyConstraint(['issuer_id'], ['guarantee_issuer.id'], name=op.f('fk_guarantee_order_issuer_id')),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_guarantee_order'))
    )
    op.create_index(op.f('ix_guarantee_order_handle'), 'guarantee_order', ['handle'], unique=False)
    op.create_table('guarantee_letter',
    sa.Column('bid_id', sa.Uuid(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('issuer_id', sa.Uuid(), nullable=True),
    sa.Column('order_number', sa.String(length=20), nullable=True),
    sa.Column('form', sa.String(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('amount', sa.Numeric(precision=16, scale=2), nullable=True),
    sa.Column('begins_on', sa.Date(), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('pdf_sha256', sa.String(length=64), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('rules', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['opened_bid.bid_id'], name=op.f('fk_guarantee_letter_bid_id')),
    sa.ForeignKeyConstraint(['issuer_id'], ['guarantee_issuer.id'], name=op.f('fk_guarantee_letter_issuer_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_guarantee_letter_lot_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_guarantee_letter_party_id')),
    sa.PrimaryKeyConstraint('bid_id', name=op.f('pk_guarantee_letter'))
    )
    op.create_index(op.f('ix_guarantee_letter_lot_id'), 'guarantee_letter', ['lot_id'], unique=False)
    op.create_table('guarantee_claim',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('bid_id', sa.Uuid(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('ground', sa.String(), nullable=False),
    sa.Column('clause', sa.String(), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('amount', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('proposed_by', sa.Uuid(), nullable=False),
    sa.Column('proposed_by_name', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.Uuid(), nullable=True),
    sa.Column('decided_by_name', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['guarantee_letter.bid_id'], name=op.f('fk_guarantee_claim_bid_id')),
    sa.ForeignKeyConstraint(['decided_by'], ['party.id'], name=op.f('fk_guarantee_claim_decided_by')),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_guarantee_claim_lot_id')),
    sa.ForeignKeyConstraint(['proposed_by'], ['party.id'], name=op.f('fk_guarantee_claim_proposed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guarantee_claim'))
    )
    op.create_index(op.f('ix_guarantee_claim_lot_id'), 'guarantee_claim', ['lot_id'], unique=False)
    op.create_index('uq_guarantee_claim_standing', 'guarantee_claim', ['bid_id'], unique=True, postgresql_where=sa.text("status <> 'refused'"))
    op.create_table('issuer_callback',
    sa.Column('issuer_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('heard_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['issuer_id'], ['guarantee_issuer.id'], name=op.f('fk_issuer_callback_issuer_id')),
    sa.PrimaryKeyConstraint('issuer_id', 'id', name=op.f('pk_issuer_callback'))
    )
