"""The compose file, which cannot be run here, at least speaks of settings, services and variables that exist."""

import re
from typing import Any

import yaml

from storage.database.settings import Settings
from tests.architecture.sources import ROOT


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def test_nodes_are_given_every_setting_they_need_and_none_that_does_not_exist():
    for name in ("node-1", "node-2"):
        given = {key.removeprefix("YUNKAI_").lower() for key in compose()["services"][name]["environment"]
                 if key.startswith("YUNKAI_")}
        assert given - set(Settings.model_fields) == set()
        assert {key for key, field in Settings.model_fields.items() if field.is_required()} - given == set()


def test_every_variable_that_must_be_set_stands_in_the_example():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    example = set(re.findall(r"^([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_0-9]+)", text)) - example == set()


def test_volumes_networks_and_neighbours_are_declared():
    plan = compose()
    for name, service in plan["services"].items():
        mounted = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert {volume for volume in mounted if not volume.startswith(".")} - set(plan["volumes"]) == set(), name
        assert set(service["networks"]) - set(plan["networks"]) == set(), name
        assert set(service.get("depends_on", {})) - set(plan["services"]) == set(), name
