"""An envelope names the bidder's own certificates that it is sealed to, as its header has them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('envelope', sa.Column('sealed_to', postgresql.JSONB(), nullable=True))
    op.execute("""
        update envelope set sealed_to = (
            select coalesce(jsonb_agg(replace(item->>'cert', 'sha256:', '') order by place), '[]'::jsonb)
            from jsonb_array_elements(header::jsonb->'wraps') with ordinality as found(item, place)
            where item->>'role' = 'bidder')""")
    op.alter_column('envelope', 'sealed_to', nullable=False)
