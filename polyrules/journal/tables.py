"""The tables of a journal. Rows are added, never changed, but for the end of a run.

Bodies are the truth: canonical JSON, sealed by the chain. The columns beside them serve
queries; money there is integer micro-units (rounded, where a wish was finer).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

SCHEMA_VERSION = 1

METADATA = MetaData()


def _key() -> tuple[Column[str], Column[int]]:
    return (
        Column("run", String, primary_key=True),
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    )


META = Table(
    "polyrules_meta",
    METADATA,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("mode", String, nullable=False),
    Column("spec", LargeBinary, nullable=False),
    Column("end_reason", String),
    Column("summary", LargeBinary),
    Column("steps", BigInteger),
)

STEPS = Table(
    "steps",
    METADATA,
    *_key(),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
)

# Chain values of consecutive Steps, 16 bytes each, as one transaction wrote them;
# `kept` has a letter for each: s, the Step is in `steps`; t, in `ticks`; -, on the
# tape only; `seal` is blake2b over both.
CHAIN = Table(
    "chain",
    METADATA,
    Column("run", String, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("chain_values", LargeBinary, nullable=False),
    Column("kept", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Ticks from which nothing followed: pairs (sequence, at) of little-endian int64.
TICKS = Table(
    "ticks",
    METADATA,
    Column("run", String, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("pairs", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

DECISIONS = Table(
    "decisions",
    METADATA,
    *_key(),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("strategy", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("market", String, nullable=False),
    Column("token", String, nullable=False),
    Column("side", String, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("approved_size", BigInteger, nullable=False),
    Column("said_by", String, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_with_rowid=False,
)

ORDERS = Table(
    "orders",
    METADATA,
    *_key(),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("client_order_id", String, nullable=False),
    Column("strategy", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("market", String, nullable=False),
    Column("token", String, nullable=False),
    Column("side", String, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

FILLS = Table(
    "fills",
    METADATA,
    *_key(),
    Column("at", BigInteger, nullable=False),
    Column("client_order_id", String, nullable=False),
    Column("market", String, nullable=False),
    Column("token", String, nullable=False),
    Column("side", String, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("maker", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
