"""scoring and reports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('evaluation',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('step_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('step_by', sa.String(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('set_sha256', sa.String(length=64), nullable=False),
    sa.Column('method', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('bids', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('rejections', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('restarts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('alerts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('outcome_sha256', sa.String(length=64), nullable=True),
    sa.Column('ranked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_reason', sa.Text(), nullable=True),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_evaluation_lot_id')),
    sa.ForeignKeyConstraint(['paper_id'], ['paper.id'], name=op.f('fk_evaluation_paper_id')),
    sa.PrimaryKeyConstraint('lot_id', name=op.f('pk_evaluation'))
    )
    op.create_table('alert_reason',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_alert_reason_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_alert_reason_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'round', 'alert', name=op.f('pk_alert_reason'))
    )
    op.create_table('competition_vote',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('lacks', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_competition_vote_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_competition_vote_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'member_id', name=op.f('pk_competition_vote'))
    )
    op.create_table('review_submission',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_review_submission_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_review_submission_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'member_id', name=op.f('pk_review_submission'))
    )
    op.create_table('review_vote',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('bid_id', sa.Uuid(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('passes', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('page', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['bid_id'], ['opened_bid.bid_id'], name=op.f('fk_review_vote_bid_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_review_vote_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_review_vote_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'member_id', 'bid_id', 'item', name=op.f('pk_review_vote'))
    )
    op.create_table('score_sheet',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('commitment', sa.String(length=64), nullable=False),
    sa.Column('box', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('committed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('revealed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_score_sheet_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_score_sheet_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'round', 'member_id', name=op.f('pk_score_sheet'))
    )
    op.create_table('evaluation_report',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('remarks', sa.Text(), nullable=False),
    sa.Column('to_settle', sa.Text(), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_evaluation_report_lot_id')),
    sa.PrimaryKeyConstraint('lot_id', name=op.f('pk_evaluation_report'))
    )
    op.create_table('report_statement',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('member_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['evaluation.lot_id'], name=op.f('fk_report_statement_lot_id')),
    sa.ForeignKeyConstraint(['member_id'], ['committee_member.id'], name=op.f('fk_report_statement_member_id')),
    sa.PrimaryKeyConstraint('lot_id', 'member_id', name=op.f('pk_report_statement'))
    )
