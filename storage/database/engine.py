"""The engine and its sessions."""

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from storage.database.settings import Settings

Sessions = async_sessionmaker[AsyncSession]

# No statement may hang a client over thirty seconds (fault 06); an abandoned transaction frees its locks.
_SERVER_LIMITS = (
    "-c statement_timeout=25000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=30000"
    " -c client_connection_check_interval=2000 -c timezone=UTC"
)


def make_engine(settings: Settings) -> AsyncEngine:
    """An async engine with bounded waits; the driver is whatever the DSN names."""
    return create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"options": _SERVER_LIMITS, "connect_timeout": 5},
        hide_parameters=True,  # an error's text goes to the log, and what an act writes must not
    )


def make_sessions(engine: AsyncEngine, **info: object) -> Sessions:
    """The factory of sessions that a unit of work opens; ``info``: what every one of them knows (``session.info``)."""
    return async_sessionmaker(engine, expire_on_commit=False, info=info)
