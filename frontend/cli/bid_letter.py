"""``yunkai bid letter``: a guarantee letter applied for under seal, fetched, opened and checked on this computer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bidding.guarantees.model import KIND_WORDS, IssuerKind
from frontend.cli.bid_desk import folder_option, guarantee_work, lot_argument, trust_option
from frontend.cli.bid_screen import Desk, beijing, end
from frontend.cli.guarantee_work import GuaranteeWork
from frontend.cli.letter_file import save_letter
from storage.crypto.trust import read_trust_list

_ORDER_WORDS = {"applied": "已申请，等待机构", "paid": "已付费，等待出具", "issued": "已出具", "refused": "未予出具",
                "amended": "已被新保函替代"}
_MARKS = {True: "✓", False: "✗", None: "—"}


@click.group()
def letter() -> None:
    """保函：出具机构、密封申请、取回核验。Guarantee letters; the platform carries ciphertext alone (R-412)."""


@letter.command()
@lot_argument
@click.pass_obj
def issuers(desk: Desk, lot: str) -> None:
    """本标段可用的出具机构，以及本单位的申请。Who issues letters of a form this lot takes, and own orders."""
    with guarantee_work(desk, lot) as work:
        shown = work.desk()
        required = shown["required"]
        if required is None:
            end("本标段不接受保函")
        click.echo(f"保证金 {required['amount']} 元　受益人 {required['beneficiary']}　"
                   f"有效期 {required['begin_by']} 至 {required['end_from']} 或更长")
        for each in work.issuers():
            click.echo(f"  {each['id']}　{each['name']}　{KIND_WORDS[IssuerKind(each['kind'])]}")
        for order in shown["orders"]:
            click.echo(f"申请 {order['number']}　{order['issuer']['name']}　{beijing(order['applied_at'])}　"
                       f"{_ORDER_WORDS.get(order['status'], order['status'])}")


@letter.command()
@lot_argument
@click.option("--issuer", "named", required=True, help="出具机构的编号或名称 id or name of the issuer")
@click.option("--contact-name", required=True, help="联系人，只有出具机构能看到 seen by the issuer alone")
@click.option("--contact-phone", required=True, help="联系电话，只有出具机构能看到 seen by the issuer alone")
@click.option("--amends", default=None, help="所要变更的原申请编号，如延期后 order this one takes the place of (R-411)")
@click.pass_obj
def apply(desk: Desk, lot: str, named: str, contact_name: str, contact_phone: str, amends: str | None) -> None:
    """密封申请保函。Applies under seal, over exactly what the lot asks."""
    with guarantee_work(desk, lot) as work:
        issuer = next((each for each in work.issuers() if named in (each["id"], each["name"])), None)
        if issuer is None:
            end(f"没有可为本标段出具保函的机构“{named}”：请先运行 yunkai bid letter issuers")
        order = work.apply(issuer, {"name": contact_name, "phone": contact_phone}, amends)
        click.echo(f"已申请　编号 {order['number']}　{issuer['name']}")


@letter.command()
@lot_argument
@click.option("--order", "number", default=None, help="申请编号，不写则为最近一次 number of the order")
@click.option("--wait", default=60.0, show_default=True, help="最多等待秒数 seconds to wait for the issuer")
@trust_option
@folder_option
@click.pass_obj
def fetch(desk: Desk, lot: str, number: str | None, wait: float, trust: Path | None, output: Path) -> None:
    """等待、取回、解开保函，逐条核验并存放。Fetches, opens, checks by R-414 and keeps a letter."""
    with guarantee_work(desk, lot) as work:
        order = number or newest_order(work)
        kept = work.letter(order, wait)
        for path in save_letter(kept, order, output):
            click.echo(path)
        rules = work.judge(kept, work.issuer_of(order), read_trust_list(trust) if trust else None)
        show_verdict(rules)
        if any(each["satisfied"] is False for each in rules):
            end("保函核验不通过：开标时将按同样的规则判定，请联系出具机构更正")


def newest_order(work: GuaranteeWork) -> str:
    """The number of the last order that was not refused nor replaced; ends the command where there is none."""
    found = next((each for each in work.desk()["orders"] if each["status"] in ("applied", "paid", "issued")), None)
    if found is None:
        end("没有申请过保函：请先运行 yunkai bid letter apply")
    return str(found["number"])


def show_verdict(rules: list[dict[str, Any]]) -> None:
    """A line per rule; what was not judged is said to be so."""
    for each in rules:
        click.echo(verdict_line(each))


def verdict_line(rule: Mapping[str, Any]) -> str:
    """Mark, number, title."""
    note = "（未判断：请用 --trust 指明信任列表）" if rule["satisfied"] is None else ""
    return f"{_MARKS[rule['satisfied']]} {rule['number']} {rule['title']}{note}"
