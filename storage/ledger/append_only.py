"""Triggers and grants that keep the log from being changed by accident. The proof is in the checkpoints."""

# Those of the first migration; a later table of the log asks for ``only_grows`` in its own.
ONLY_GROWING = (
    "ledger_entry",
    "ledger_payload",
    "ledger_node",
    "ledger_checkpoint",
    "ledger_cosignature",
    "sealed_act",
)

_REFUSE = """
CREATE OR REPLACE FUNCTION ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = 'the ledger only grows - ' || TG_OP || ' on ' || TG_TABLE_NAME || ' is refused';
END $$
"""

# An act leaves the outbox only when, in the same transaction, it stands in the log.
_KEEP_UNSEQUENCED = """
CREATE OR REPLACE FUNCTION ledger_outbox_keeps_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM gone
        WHERE NOT EXISTS (SELECT FROM ledger_payload p WHERE p.act_id = gone.act_id)
          AND NOT EXISTS (SELECT FROM sealed_act s WHERE s.act_id = gone.act_id)
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'an act that is not in the log cannot leave the outbox';
    END IF;
    RETURN NULL;
END $$
"""


def ledger_ddl() -> list[str]:
    """The statements a migration runs after the ledger tables exist; running them again does no harm."""
    guarded = [statement for table in ONLY_GROWING for statement in only_grows(table)]
    return [
        _REFUSE,
        _KEEP_UNSEQUENCED,
        *guarded,
        "CREATE OR REPLACE TRIGGER ledger_outbox_unchanged BEFORE UPDATE OR TRUNCATE ON ledger_outbox"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows()",
        "CREATE OR REPLACE TRIGGER ledger_outbox_kept AFTER DELETE ON ledger_outbox"
        " REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ledger_outbox_keeps_acts()",
        "REVOKE UPDATE, TRUNCATE ON ledger_outbox FROM PUBLIC",
        # It is short-lived by design: keep its dead rows few, so that the sequencer's look stays cheap.
        "ALTER TABLE ledger_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)",
    ]


def only_grows(table: str) -> list[str]:
    """The statements that keep a table from losing or changing a row."""
    return [
        f"CREATE OR REPLACE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_grows()",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC",
    ]
