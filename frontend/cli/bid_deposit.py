"""``yunkai bid deposit``: where to pay, how much, until when, and what has come."""

import time
from typing import Any

import click

from frontend.cli.bid_desk import lot_argument
from frontend.cli.bid_screen import Desk, beijing, end
from frontend.cli.bid_tender import find_lot
from frontend.cli.client import ApiClient

_STATES = {"none": "尚未申请账号", "requested": "银行开户中", "waiting": "账号已开立，等待到账", "short": "金额不足",
           "received": "已足额到账", "wrong": "到账款项不符合要求，已退回", "refunding": "退还中", "refunded": "已退还",
           "forfeited": "不予退还"}
_PAUSE_SECONDS = 0.3


@click.command()
@lot_argument
@click.option("--request", is_flag=True, help="申请收款账号并等待银行开立 ask the bank for an account to pay to")
@click.option("--wait", default=60.0, show_default=True, help="最多等待秒数 seconds to wait for the bank")
@click.pass_obj
def deposit(desk: Desk, lot: str, request: bool, wait: float) -> None:
    """保证金：收款账号、金额、截止时间、到账情况。The account to pay to, amount, due, and state (A-102)."""
    with desk.signed_in() as (api, _):
        path = f"/api/lots/{find_lot(api, lot)}/deposit"
        page = api.get(path)
        if page["asked"] is None:
            click.echo("本标段不要求投标保证金")
            return
        if request and page["account"] is None:
            page = api.act(f"{path}/account")
        if request:
            page = _opened(api, path, page, wait)
        _show(page)


def _opened(api: ApiClient, path: str, page: dict[str, Any], wait: float) -> dict[str, Any]:
    until = time.monotonic() + wait
    while page["account"] and page["account"]["number"] is None:
        if time.monotonic() > until:
            end("银行尚未开立账号，请稍后再查")
        time.sleep(_PAUSE_SECONDS)
        page = api.get(path)
    return page


def _show(page: dict[str, Any]) -> None:
    """A bidder's own page, line by line."""
    asked, account, payer, lot = page["asked"], page["account"], page["payer"], page["lot"]
    click.echo(f"{lot['code']}　{lot['title']}　应缴 {asked['amount']} 元　到账截止 {beijing(lot['deadline_at'])}")
    click.echo(f"状态：{_STATES.get(page['status'], page['status'])}　已到账 {page['counted']} 元　"
               f"尚缺 {page['missing_amount']} 元")
    if not asked["cash"]:
        click.echo("本标段只接受保函：yunkai bid letter")
    elif account is None:
        click.echo("收款账号：尚未申请（加 --request）")
    else:
        click.echo(f"收款账号：{account['number'] or '银行开户中'}　户名 {account['holder']}　开户行 {account['bank']}")
        click.echo(f"须从基本账户转出：{payer['name']}　{payer['account']}")
    for rule in page["missing"].get("request_account", []) if asked["cash"] else []:
        click.echo(f"  {rule['number']} {rule['title']}（{rule['cites']}）")
    for each in page["payments"]:
        reasons = "、".join(f"{reason['number']} {reason['title']}" for reason in each["reasons"])
        words = f"到账 {each['amount']} 元　{beijing(each['value_at'])}　{each['verdict_title']}　{reasons}"
        click.echo(f"  {words.rstrip()}")
    for each in page["refunds"]:
        done = f"{beijing(each['done_at'])} 已退" if each["done_at"] else f"最迟 {beijing(each['due_at'])} 退还"
        click.echo(f"  退还 {each['total']} 元　{each['reason_title']}　{done}")
