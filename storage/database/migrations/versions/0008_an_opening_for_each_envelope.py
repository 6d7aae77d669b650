"""an opening for each envelope.

What stood under a lot's id stands under the same value as the id of its first opening; the foreign keys of other rooms
follow their columns by themselves.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_OF_AN_OPENING = ('custodian_release', 'decryption_period', 'opening_objection', 'record_signature')


def upgrade() -> None:
    op.add_column('lot', sa.Column('two_envelopes', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('lot', sa.Column('price_notice_minutes', sa.Integer(), nullable=False, server_default='60'))
    op.add_column('lot', sa.Column('price_opens_at', sa.DateTime(timezone=True), nullable=True))
    op.alter_column('lot', 'two_envelopes', server_default=None)
    op.alter_column('lot', 'price_notice_minutes', server_default=None)
    _openings()
    for table in _OF_AN_OPENING:
        op.alter_column(table, 'lot_id', new_column_name='opening_id')
        op.execute(f'ALTER TABLE {table} RENAME CONSTRAINT fk_{table}_lot_id TO fk_{table}_opening_id')
    op.execute('ALTER INDEX ix_opening_objection_lot_id RENAME TO ix_opening_objection_opening_id')
    op.alter_column('price_confirmation', 'bid_id', new_column_name='opened_id')
    op.execute('ALTER TABLE price_confirmation RENAME CONSTRAINT fk_price_confirmation_bid_id'
               ' TO fk_price_confirmation_opened_id')
    op.drop_constraint('fk_share_released_bid_id', 'share_released', type_='foreignkey')
    op.create_foreign_key('fk_share_released_bid_id', 'share_released', 'bid', ['bid_id'], ['id'])
    op.add_column('sign_in', sa.Column('envelope', sa.String(), nullable=False, server_default='whole'))
    op.alter_column('sign_in', 'envelope', server_default=None)
    op.drop_constraint('pk_sign_in', 'sign_in', type_='primary')
    op.create_primary_key('pk_sign_in', 'sign_in', ['lot_id', 'envelope', 'party_id'])
    _results()


def _openings() -> None:
    op.alter_column('opening', 'lot_id', new_column_name='id')
    op.drop_constraint('fk_opening_lot_id', 'opening', type_='foreignkey')
    op.add_column('opening', sa.Column('lot_id', sa.Uuid(), nullable=True))
    op.add_column('opening', sa.Column('envelope', sa.String(), nullable=False, server_default='whole'))
    op.alter_column('opening', 'envelope', server_default=None)
    op.execute('UPDATE opening SET lot_id = id')
    op.alter_column('opening', 'lot_id', nullable=False)
    op.create_foreign_key('fk_opening_lot_id', 'opening', 'lot', ['lot_id'], ['id'])
    op.create_unique_constraint('uq_opening_lot_id_envelope', 'opening', ['lot_id', 'envelope'])
    op.alter_column('opened_bid', 'bid_id', new_column_name='id')
    op.drop_constraint('fk_opened_bid_bid_id', 'opened_bid', type_='foreignkey')
    op.alter_column('opened_bid', 'lot_id', new_column_name='opening_id')
    op.execute('ALTER TABLE opened_bid RENAME CONSTRAINT fk_opened_bid_lot_id TO fk_opened_bid_opening_id')
    op.add_column('opened_bid', sa.Column('bid_id', sa.Uuid(), nullable=True))
    op.add_column('opened_bid', sa.Column('lot_id', sa.Uuid(), nullable=True))
    op.execute('UPDATE opened_bid SET bid_id = id, lot_id = opening_id')
    op.alter_column('opened_bid', 'bid_id', nullable=False)
    op.alter_column('opened_bid', 'lot_id', nullable=False)
    op.create_foreign_key('fk_opened_bid_bid_id', 'opened_bid', 'bid', ['bid_id'], ['id'])
    op.create_foreign_key('fk_opened_bid_lot_id', 'opened_bid', 'lot', ['lot_id'], ['id'])
    op.create_unique_constraint('uq_opened_bid_opening_id_bid_id', 'opened_bid', ['opening_id', 'bid_id'])


def _results() -> None:
    op.create_table(
        'price_opening',
        sa.Column('lot_id', sa.Uuid(), nullable=False),
        sa.Column('passed', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('result_sha256', sa.String(length=64), nullable=False),
        sa.Column('paper_sha256', sa.String(length=64), nullable=False),
        sa.Column('fixed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('scheduled_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('scheduled_by', sa.String(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['lot_id'], ['opening.id'], name='fk_price_opening_lot_id'),
        sa.PrimaryKeyConstraint('lot_id', name='pk_price_opening'))
    op.add_column('evaluation', sa.Column('technical', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column('evaluation', sa.Column('technical_sha256', sa.String(length=64), nullable=True))
    op.add_column('evaluation', sa.Column('technical_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('evaluation', sa.Column('technical_paper_id', sa.Uuid(), nullable=True))
    op.create_foreign_key('fk_evaluation_technical_paper_id', 'evaluation', 'paper', ['technical_paper_id'], ['id'])
