"""Programs' sign-ins are confirmed in a browser; a session that shows no key has no word for it any more."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('confirmation',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('code_sha256', sa.String(), nullable=False),
    sa.Column('is_proof', sa.Boolean(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('agent', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_confirmation_party_id')),
    sa.ForeignKeyConstraint(['session_id'], ['login_session.id'], name=op.f('fk_confirmation_session_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_confirmation')),
    sa.UniqueConstraint('session_id', name=op.f('uq_confirmation_session_id'))
    )
    op.create_index(op.f('ix_confirmation_code_sha256'), 'confirmation', ['code_sha256'], unique=False)
    op.create_index(op.f('ix_confirmation_expires_at'), 'confirmation', ['expires_at'], unique=False)
    op.execute("update login_session set second_factor = '' where second_factor = 'missing'")
