"""deposits and guarantee letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _deposits()
    _guarantees()


def _deposits() -> None:
    op.create_table('deposit_account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('bank', sa.String(), nullable=False),
    sa.Column('release_reason', sa.String(), nullable=True),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_deposit_account_lot_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_deposit_account_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_account')),
    sa.UniqueConstraint('lot_id', 'party_id', name=op.f('uq_deposit_account_lot_id_party_id')),
    sa.UniqueConstraint('number', name=op.f('uq_deposit_account_number'))
    )
    op.create_index(op.f('ix_deposit_account_party_id'), 'deposit_account', ['party_id'], unique=False)
    op.create_table('deposit_payment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('account_number', sa.String(), nullable=False),
    sa.Column('serial', sa.String(), nullable=False),
    sa.Column('payer_name', sa.String(), nullable=False),
    sa.Column('payer_account', sa.String(), nullable=False),
    sa.Column('amount', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('value_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('party_version', sa.Integer(), nullable=True),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('counts', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['deposit_account.id'], name=op.f('fk_deposit_payment_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_payment')),
    sa.UniqueConstraint('serial', name=op.f('uq_deposit_payment_serial'))
    )
    op.create_index(op.f('ix_deposit_payment_account_id'), 'deposit_payment', ['account_id'], unique=False)
    op.create_table('deposit_refund',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('principal', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('interest', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('percent', sa.String(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('to_name', sa.String(), nullable=False),
    sa.Column('to_account', sa.String(), nullable=False),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('bank_serial', sa.String(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['payment_id'], ['deposit_payment.id'], name=op.f('fk_deposit_refund_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_refund')),
    sa.UniqueConstraint('payment_id', name=op.f('uq_deposit_refund_payment_id'))
    )
    op.create_index('ix_deposit_refund_open', 'deposit_refund', ['due_at'], unique=False, postgresql_where=sa.text('done_at IS NULL'))
    op.create_table('deposit_forfeiture',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('bid_id', sa.Uuid(), nullable=False),
    sa.Column('ground', sa.String(), nullable=False),
    sa.Column('clause', sa.String(), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('amount', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('proposed_by', sa.Uuid(), nullable=False),
    sa.Column('proposer_name', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.Uuid(), nullable=True),
    sa.Column('decider_name', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('transferred_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('bank_serial', sa.String(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['deposit_account.id'], name=op.f('fk_deposit_forfeiture_account_id')),
    sa.ForeignKeyConstraint(['bid_id'], ['opened_bid.bid_id'], name=op.f('fk_deposit_forfeiture_bid_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_deposit_forfeiture_lot_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deposit_forfeiture'))
    )
    op.create_index(op.f('ix_deposit_forfeiture_lot_id'), 'deposit_forfeiture', ['lot_id'], unique=False)
    op.create_table('deposit_rate',
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('percent', sa.String(), nullable=False),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('since', name=op.f('pk_deposit_rate'))
    )
    op.create_table('bank_balance',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('stated', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.Column('held', sa.Numeric(precision=16, scale=2), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_bank_balance'))
    )
    op.create_table('bank_callback',
    sa.Column('id', sa.String(length=100), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_callback'))
    )



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
