"""experts and committees."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('expert',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('specialties', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('region', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('is_senior', sa.Boolean(), nullable=False),
    sa.Column('years', sa.Integer(), nullable=False),
    sa.Column('units', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('entered_by', sa.String(), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.String(), nullable=False),
    sa.Column('changed_by', sa.String(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('verified_by', sa.String(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_expert_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expert')),
    sa.UniqueConstraint('number', name=op.f('uq_expert_number')),
    sa.UniqueConstraint('party_id', name=op.f('uq_expert_party_id'))
    )
    op.create_index('ix_expert_status_region', 'expert', ['status', 'region'], unique=False)
    op.create_table('expert_record',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('expert_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_expert_record_expert_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_expert_record'))
    )
    op.create_index(op.f('ix_expert_record_expert_id'), 'expert_record', ['expert_id'], unique=False)
    op.create_table('committee',
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('specialty', sa.String(), nullable=False),
    sa.Column('strata', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('representatives', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('requested_by', sa.String(), nullable=False),
    sa.Column('commitment', sa.String(length=64), nullable=False),
    sa.Column('order_commitment', sa.String(length=64), nullable=False),
    sa.Column('seed_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('order_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('drawn', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('replaced', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('drawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('voting_round', sa.Integer(), nullable=False),
    sa.Column('leader_id', sa.Uuid(), nullable=True),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('begun_by', sa.String(), nullable=True),
    sa.Column('disclosed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['lot_id'], ['lot.id'], name=op.f('fk_committee_lot_id')),
    sa.PrimaryKeyConstraint('lot_id', name=op.f('pk_committee'))
    )
    op.create_table('committee_member',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lot_id', sa.Uuid(), nullable=False),
    sa.Column('round', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('alias', sa.String(), nullable=False),
    sa.Column('capacity', sa.String(), nullable=False),
    sa.Column('expert_id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('stratum', sa.Integer(), nullable=True),
    sa.Column('candidate', sa.String(length=64), nullable=True),
    sa.Column('salt', sa.String(length=64), nullable=True),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('duties', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('called_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('certificate', sa.String(), nullable=True),
    sa.Column('asked_time_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['expert_id'], ['expert.id'], name=op.f('fk_committee_member_expert_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['committee.lot_id'], name=op.f('fk_committee_member_lot_id')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_committee_member_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_committee_member')),
    sa.UniqueConstraint('lot_id', 'round', 'party_id', name=op.f('uq_committee_member_lot_id_round_party_id')),
    sa.UniqueConstraint('lot_id', 'round', 'place', name=op.f('uq_committee_member_lot_id_round_place'))
    )
    op.create_index(op.f('ix_committee_member_party_id'), 'committee_member', ['party_id'], unique=False)
    op.create_table('committee_vote',
    sa.Column('voter_id', sa.Uuid(), nullable=False),
    sa.Column('voting_round', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('chosen_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['chosen_id'], ['committee_member.id'], name=op.f('fk_committee_vote_chosen_id')),
    sa.ForeignKeyConstraint(['voter_id'], ['committee_member.id'], name=op.f('fk_committee_vote_voter_id')),
    sa.PrimaryKeyConstraint('voter_id', 'voting_round', name=op.f('pk_committee_vote'))
    )
