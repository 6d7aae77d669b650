"""``yunkai witness``, or ``python witness.pyz``: init, follow, check, judge.

Exit code 0: all well; 1: no judgement possible now; 2: wrong words; 3: alarm, the log misbehaved.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from frontend.witness.alarm import read_alarm
from frontend.witness.following import Alarm, Hooks, Witness
from frontend.witness.judging import Finding
from frontend.witness.keeping import Followed, Keeper, NotKept
from frontend.witness.log import Denied, Log, NotAnswered
from storage.ledger.notes import ED25519, CheckpointRefused, parse_key

WELL, UNDECIDED, WRONG, ALARM = 0, 1, 2, 3


def _words() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="witness", description="账本见证人：异地跟随账本，只增不改才会签，否则报警。"
                                  "A ledger's witness: cosigns what only grew, raises the alarm else.")
    acts = top.add_subparsers(dest="act", required=True)
    init = acts.add_parser("init", help="建立密钥与目录 make a key and a folder")
    init.add_argument("--name", required=True, help="见证人名称，如 witness.example.gov.cn/1，不含空格和加号 its name")
    init.add_argument("--log", required=True, metavar="KEY",
                      help="账本公钥，请与公告、回执上所载核对 the log's verifier key, as printed on papers")
    init.add_argument("--url", required=True, help="平台地址 the platform's address")
    follow = acts.add_parser("follow", help="跟随账本并会签 follow and cosign")
    follow.add_argument("--every", type=float, default=3.0, metavar="SECONDS", help="间隔秒数 pause between two looks")
    follow.add_argument("--on-alarm", default="", metavar="COMMAND", help="报警时执行，末尾附警报文件 run at an alarm")
    follow.add_argument("--webhook", default="", metavar="URL", help="报警时提交警报 JSON posted the alarm")
    check = acts.add_parser("check", help="只核对一次，不会签，警报留存 look once, cosign nothing, keep an alarm")
    for each in (init, follow, check):
        each.add_argument("--folder", type=Path, default=Path("witness"), help="目录 its folder (witness)")
    alarm = acts.add_parser("judge", help="核验警报文件 check an alarm file")
    alarm.add_argument("file", type=Path)
    alarm.add_argument("--log", metavar="KEY", help="账本公钥 the log's verifier key")
    return top


def main(words: Sequence[str]) -> int:
    """Does what the words say; returns the exit code."""
    asked = _words().parse_args(words)
    try:
        return {"init": _init, "follow": _follow, "check": _check, "judge": _judge}[asked.act](asked)
    except Alarm as alarm:
        print(f"✗ 警报 ALARM {alarm.finding.value}，证据 evidence: {alarm.path}", file=sys.stderr)
        print("  已停止会签；请保存证据并告知监督部门，查明后移走该文件。\n  Nothing is cosigned while it lies there.",
              file=sys.stderr)
        return ALARM
    except (NotKept, ValueError) as error:
        print(error, file=sys.stderr)
        return WRONG
    except (NotAnswered, Denied, CheckpointRefused) as error:
        print(f"未能核对 no judgement: {error}", file=sys.stderr)
        return UNDECIDED


def _init(asked: argparse.Namespace) -> int:
    try:
        parse_key(asked.log, ED25519)
    except CheckpointRefused as error:
        raise ValueError(f"--log: {error}") from error
    if not asked.name or any(letter.isspace() or letter == "+" for letter in asked.name):
        raise ValueError("名称不能含空格或加号 / no blanks or + in the name")
    Log(asked.url)
    print(Keeper.create(asked.folder, Followed(asked.name, asked.log.strip(), asked.url)).key)
    print(f"请登录 {asked.url}，在“公开账本”页登记以上公钥，再运行 follow。\n"
          "Register this key on the page of the ledger, then follow.", file=sys.stderr)
    return WELL


def _follow(asked: argparse.Namespace) -> int:
    stop, keeper = Event(), Keeper(asked.folder)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    with keeper.alone():
        Witness(keeper, Hooks(asked.on_alarm, asked.webhook)).follow(stop, asked.every)
    return WELL


def _check(asked: argparse.Namespace) -> int:
    found = Witness(Keeper(asked.folder)).look()
    print(f"✓ {found.finding.value}: {found.offered.size} 条 entries, root {found.offered.root.hex()}")
    return WELL


def _judge(asked: argparse.Namespace) -> int:
    try:
        text = asked.file.read_text(encoding="utf-8")
    except OSError as error:  # no such file says nothing of an alarm
        raise ValueError(f"{asked.file}: {error.strerror}") from error
    finding, witness, log = read_alarm(text, asked.log)
    print(f"警报成立 the alarm holds: {finding.value}\n  账本 log {log}\n  见证人 witness {witness}")
    if finding is not Finding.SPLIT:
        print("  账本若能出示两个检查点之间的一致性证明即可澄清；不能，则为改写。\n"
              "  The log could clear itself with a consistency proof between the two.")
    return WELL
