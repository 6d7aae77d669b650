"""Settings as the environment of a child process, and back: the contract between ``up`` and a node."""

from collections.abc import Mapping

from pydantic import SecretStr

from storage.database.settings import Settings

PREFIX = "YUNKAI_"


def environment_of(settings: Settings) -> dict[str, str]:
    """Every setting as a variable; secrets in clear, so it goes to a child or a file of mode 0600 alone."""
    return {PREFIX + name.upper(): _text(getattr(settings, name)) for name in type(settings).model_fields}


def names_settings(environment: Mapping[str, str]) -> bool:
    """Whether the environment speaks of a platform at all."""
    return f"{PREFIX}DATABASE_URL" in environment


def settings_from(environment: Mapping[str, str]) -> Settings | None:
    """The settings that such variables name; ``None`` when they name none; raises ``ValidationError``."""
    if not names_settings(environment):
        return None
    names = {PREFIX + name.upper(): name for name in Settings.model_fields}
    return Settings.model_validate({names[key]: value for key, value in environment.items() if key in names})


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
