"""appointments by two persons; the one administrator becomes the one for security."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('appointment_proposal',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('party_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('proposed_by', sa.String(), nullable=False),
    sa.Column('proposed_by_name', sa.String(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_by_name', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_reason', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_appointment_proposal_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_appointment_proposal'))
    )
    op.create_index(op.f('ix_appointment_proposal_party_id'), 'appointment_proposal', ['party_id'], unique=False)
    op.create_index(op.f('ix_appointment_proposal_status'), 'appointment_proposal', ['status'], unique=False)
    op.execute("""update party set staff_roles = '["security_administrator"]' where staff_roles = '["administrator"]'""")
