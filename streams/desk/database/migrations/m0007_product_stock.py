"""What products lack, as `product-risk` says it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table; a desk reads on, and it fills with what is published from now on."""
    op.create_table(
        "product_stock",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("platform", "shop_id", "product_id")
        ),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("revision", "detected_at", "unshipped", "available", "short_by")
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "shop_id", "product_id", name="product_stock_pkey"),
    )
    op.create_index("product_stock_short", "product_stock", ["short_by"])


def downgrade() -> None:
    """Without it."""
    op.drop_table("product_stock")
