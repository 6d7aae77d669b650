"""The node for ASGI servers: ``uvicorn --factory frontend.server.asgi:app_from_environment``."""

from litestar.types import ASGIApp

from frontend.server.app import create_app
from storage.database.settings import Settings


def app_from_environment() -> ASGIApp:
    """The application, with its settings from YUNKAI_* variables."""
    return create_app(Settings())
