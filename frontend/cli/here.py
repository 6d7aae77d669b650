"""The platform that a command is given at: by its environment as a node is, or the embedded one that ``up`` left."""

import os
from pathlib import Path

import click
from pydantic import ValidationError

from frontend.cli.embedded import remembered_environment
from frontend.cli.environment import PREFIX, names_settings, settings_from
from storage.database.settings import Settings


def settings_of(var: Path) -> Settings | None:
    """Its settings; None where there is no platform. Raises ``ValidationError``."""
    return settings_from(os.environ if names_settings(os.environ) else remembered_environment(var))


def invalid_settings(error: ValidationError) -> list[str]:
    """The variables that are not valid."""
    return [PREFIX + "_".join(map(str, one["loc"])).upper() for one in error.errors()]


def settings_here(var: Path) -> Settings:
    """Its settings, for a command that needs a platform; raises ``ClickException`` with what is missing."""
    try:
        settings = settings_of(var)
    except ValidationError as error:
        names = "、".join(invalid_settings(error))
        raise click.ClickException(f"环境变量 {names} 无效 not valid") from error
    if settings is None:
        raise click.ClickException(f"没有平台：未给出 {PREFIX}* 变量，{var} 中也没有 no platform, also in {var}")
    return settings
