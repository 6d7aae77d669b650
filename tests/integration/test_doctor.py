"""The check-up says what is wrong, in two languages, and fails when something is."""

import os
import re
import signal

from click.testing import CliRunner

from frontend.cli.environment import PREFIX, environment_of, settings_from
from frontend.cli.main import main
from storage.database.settings import Settings
from storage.embedded.ports import draw_ports
from storage.embedded.seaweed import EmbeddedSeaweed
from tests.nodes import ROOT


def check_up(settings, tmp_path, **changes):
    environment = environment_of(settings.model_copy(update=changes))
    port = str(draw_ports(1)[0])
    return CliRunner().invoke(main, ["doctor", "--port", port, "--var", str(tmp_path / "var")], env=environment)


def test_settings_survive_the_way_through_the_environment(settings):
    assert settings_from(environment_of(settings)) == settings


def test_the_example_of_an_environment_names_every_setting_and_no_other():
    named = re.findall(rf"^(?:# )?({PREFIX}\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(PREFIX + name.upper() for name in Settings.model_fields)


def test_sound_parts_pass(settings, tmp_path):
    answer = check_up(settings, tmp_path)
    assert answer.exit_code == 0, answer.output
    for words in ("PostgreSQL 18", "对象存储", "the object store", "毫秒", "clock"):
        assert words in answer.output
    assert settings.s3_secret_key.get_secret_value() not in answer.output


def test_a_database_that_is_away_is_named(settings, tmp_path):
    answer = check_up(settings, tmp_path, database_url="postgresql+psycopg://nobody@/none?host=/nonexistent")
    assert answer.exit_code == 1
    assert "无法连接数据库" in answer.output
    assert "the database does not answer" in answer.output


def test_wrong_keys_and_a_frozen_store_are_named(settings, tmp_path):
    answer = check_up(settings, tmp_path, s3_access_key="stranger")
    assert answer.exit_code == 1
    assert "AccessDenied" in answer.output
    server = EmbeddedSeaweed(tmp_path / "own")
    server.start(["http://127.0.0.1:8000"])
    try:
        os.kill(server.process_id(), signal.SIGSTOP)
        assert check_up(settings, tmp_path, s3_endpoint=server.endpoint).exit_code == 1
    finally:
        os.kill(server.process_id(), signal.SIGCONT)
        server.stop()


def test_key_files_that_others_may_read_are_named(settings, tmp_path):
    loose = settings.key_directory / "master.key"
    loose.write_text("00")
    loose.chmod(0o644)
    answer = check_up(settings, tmp_path)
    assert answer.exit_code == 1
    assert "master.key" in answer.output


def test_a_setting_that_is_not_valid_is_named_by_its_variable(settings, tmp_path):
    environment = environment_of(settings) | {"YUNKAI_DATABASE_POOL": "many"}
    answer = CliRunner().invoke(main, ["doctor", "--var", str(tmp_path)], env=environment)
    assert answer.exit_code == 1
    assert "YUNKAI_DATABASE_POOL" in answer.output
