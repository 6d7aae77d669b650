"""The check-up says what is wrong, in two languages, and fails when something is."""

import asyncio
import io
import re

import psycopg
from click.testing import CliRunner
from pypdf import PdfWriter

from frontend.cli.environment import PREFIX, environment_of, settings_from
from frontend.cli.main import main
from frontend.verifier.command import verify
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.tsa import EmbeddedAuthority
from storage.database.settings import SECRETS, Settings
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.kernel.clock import process_now
from tests.frozen import frozen
from tests.identities import make_people
from tests.nodes import ROOT
from tests.ports import draw_ports


def check_up(settings, tmp_path, **changes):
    environment = environment_of(settings.model_copy(update=changes))
    port = str(draw_ports(1)[0])
    return CliRunner().invoke(main, ["doctor", "--port", port, "--var", str(tmp_path / "var")], env=environment)


def test_settings_survive_the_way_through_the_environment(settings):
    assert settings_from(environment_of(settings)) == settings


def test_the_example_of_an_environment_names_every_setting_and_no_other():
    named = re.findall(rf"^(?:# )?({PREFIX}\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted([SECRETS, *(PREFIX + name.upper() for name in Settings.model_fields)])


def test_sound_parts_pass(settings, tmp_path):
    answer = check_up(settings, tmp_path)
    assert answer.exit_code == 0, answer.output
    for words in ("PostgreSQL 18", "对象存储", "the object store", "毫秒", "clock"):
        assert words in answer.output
    assert settings.s3_secret_key.get_secret_value() not in answer.output


def test_what_a_reaction_cannot_follow_is_named(settings, tmp_path):
    with psycopg.connect(settings.database_url.replace("+psycopg", ""), autocommit=True) as database:
        database.execute("insert into reaction_aside (name, seq, row, attempts, retry_at, last_error) values "
                         "('guarantees.verify', 7, 'bid:x', 3, now(), 'unavailable: 本机没有 SM2')")
        answer = check_up(settings, tmp_path)
        database.execute("delete from reaction_aside")
    assert answer.exit_code == 1
    assert re.search(r"账本第 7 条.*guarantees.verify.*本机没有 SM2", answer.output), answer.output


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
        with frozen(server.process_id()):
            assert check_up(settings, tmp_path, s3_endpoint=server.endpoint).exit_code == 1
    finally:
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


def test_who_needs_a_security_key_and_has_none_is_named(settings, tmp_path):
    named = {"public_origin": "https://jy.example.cn", "demo": False}
    assert "演示平台，不要求安全钥匙" in check_up(settings, tmp_path).output
    none = check_up(settings, tmp_path, **named, second_factor_roles="none")
    assert (none.exit_code, "没有任何职务须用安全钥匙" in none.output) == (0, True)
    assert "均已登记" in check_up(settings, tmp_path, **named).output
    make_people(settings, "http://127.0.0.1")
    lacking = check_up(settings, tmp_path, **named)
    assert lacking.exit_code == 1
    for words in ("交易中心（主持人）未登记安全钥匙，不能履职：演示公共资源交易中心开标一科、",
                  "安全管理员未登记安全钥匙"):
        assert words in lacking.output
    assert "行政监督未登记" not in lacking.output
    nameless = check_up(settings, tmp_path, **named | {"public_origin": "https://203.0.113.9"})
    assert "浏览器不能在 https://203.0.113.9 登记安全钥匙" in nameless.output
    mistyped = check_up(settings, tmp_path, **named, second_factor_roles="center")
    assert (mistyped.exit_code, "不认识的职务：center" in mistyped.output) == (1, True)


def test_a_platform_that_is_not_founded_is_told_what_comes_next(settings, tmp_path):
    fresh = check_up(settings, tmp_path, demo=False, second_factor_roles="none")
    assert fresh.exit_code == 0, "nothing is broken"
    for words in (f"放入 {settings.trust_directory}", "nobody can enrol", "yunkai found CODE CODE"):
        assert words in fresh.output
    make_people(settings, "http://127.0.0.1")
    assert "founding" not in check_up(settings, tmp_path, demo=False, second_factor_roles="none").output


def test_a_command_without_a_platform_says_what_it_misses(settings, tmp_path):
    file = tmp_path / "paper.pdf"
    file.write_bytes(b"%PDF-1.7")
    for words in (("restamp", str(file)), ("found", "91320700MA1NY3XK72", "9132070077FJ8DE8UL")):
        answer = CliRunner().invoke(main, [*words, "--var", str(tmp_path / "none")])
        assert (answer.exit_code, "没有平台" in answer.output) == (1, True), answer.output
        spoilt = environment_of(settings) | {"YUNKAI_DATABASE_POOL": "many"}
        answer = CliRunner().invoke(main, list(words), env=spoilt)
        assert (answer.exit_code, "YUNKAI_DATABASE_POOL" in answer.output) == (1, True), answer.output
    away = environment_of(settings) | {"YUNKAI_DATABASE_URL": "postgresql+psycopg://nobody@/none?host=/nonexistent"}
    answer = CliRunner().invoke(main, list(words), env=away)
    assert (answer.exit_code, "无法连接数据库" in answer.output) == (1, True), answer.output


def test_a_node_that_cannot_start_says_why_in_a_line(settings):
    bare = CliRunner().invoke(main, ["serve"])
    assert (bare.exit_code, "YUNKAI_DATABASE_URL：缺少" in bare.output) == (1, True), bare.output
    away = "postgresql+psycopg://nobody@/none?host=/nonexistent"
    for changed, words in (({"YUNKAI_DATABASE_POOL": "many"}, "YUNKAI_DATABASE_POOL"),
                           ({"YUNKAI_DATABASE_URL": "postgresql+psycopg://u@db.example/x"}, "sslmode=verify-full"),
                           ({"YUNKAI_DATABASE_URL": away}, "无法连接数据库"),
                           ({"YUNKAI_S3_ACCESS_KEY": "stranger"}, "YUNKAI_S3_*")):
        answer = CliRunner().invoke(main, ["serve"], env=environment_of(settings) | changed)
        assert (answer.exit_code, words in answer.output) == (1, True), answer.output


def test_a_paper_gets_a_further_stamp_and_both_files_are_accepted(settings, tmp_path):
    keys = load_platform_keys(settings.key_directory, name="云开平台", now=process_now())
    page, made = PdfWriter(), io.BytesIO()
    page.add_blank_page(100, 100)
    page.write(made)
    file = tmp_path / "paper.pdf"
    file.write_bytes(asyncio.run(seal_paper(made.getvalue(), keys, EmbeddedAuthority(keys.timestamp),
                                            field_name="platform", reason="试验", now=process_now())))
    environment = environment_of(settings)
    answer = CliRunner().invoke(main, ["restamp", str(file)], env=environment)
    renewed = tmp_path / "paper-restamped.pdf"
    assert (answer.exit_code, answer.output.strip()) == (0, str(renewed)), answer.output
    assert CliRunner().invoke(main, ["restamp", str(file)], env=environment).exit_code == 1, "nothing is overwritten"
    root = tmp_path / "root.pem"
    root.write_text("".join(each.pem for each in keys.roots))
    for each, stamps in ((file, 1), (renewed, 2)):
        told = CliRunner().invoke(verify, [str(each), "--root", str(root)])
        assert (told.exit_code, told.output.count("文件时间戳：")) == (0, stamps), told.output
