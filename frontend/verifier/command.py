"""``yunkai-verify``, and ``yunkai verify``: evidence checked by someone who trusts nobody.

No database, and no network but for ``--pages``.

Takes what the platform gives out: receipts, opening records (JSON or PDF), exported lots, archives, ledger entries,
checkpoints, and two checkpoints with the proof that the log only grew; and the pages that an address serves. Exit
code 0: everything holds; 1: something does not; 2: a file is of no known kind, or this machine cannot judge it.
"""

import logging
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
from cryptography import x509

from bidding.opening.verification import Proven
from frontend.verifier.evidence import pieces
from frontend.verifier.given import Given, NotEvidence
from frontend.verifier.pages import pages
from storage.crypto.certificates import Certificate, describe
from storage.crypto.trust import read_trust_list, trust_of
from storage.kernel.errors import DomainError, Unavailable


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="账本公钥（检查点页面所公布，或含有它的文件）。The log's verifier key, or a file with it.")
@click.option("--root", "roots", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="信任的平台根证书（PEM）。Trusted root of the platform's certificates.")
@click.option("--trust", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="信任列表目录（根证书与 CRL），用于 PDF 签名。Directory of roots and CRLs, for PDF signatures.")
@click.option("--proof", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="两个检查点之间的一致性证明（JSON）。Consistency proof between two checkpoints.")
@click.option("--witness", "witnesses", multiple=True,
              help="见证人公钥或含有它的文件，可多次；须逐个会签。Key of a witness that must have cosigned.")
@click.option("--pages", "address",
              help="平台网址：其网页程序与账本所记逐个比对（联网）。Compares the pages that an address serves.")
@click.option("--build", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="您由源代码编译的网页程序 frontend/web/dist。Your own build of the web client, for --pages.")
def verify(files: tuple[Path, ...], key: str | None, roots: tuple[Path, ...], trust: Path | None,
           proof: Path | None, witnesses: tuple[str, ...], address: str | None, build: Path | None) -> None:
    """验证回执、开标记录、标段导出包、检查点、网页程序。Checks receipts, opening records, lots, checkpoints, pages."""
    if not files and address is None:
        raise click.UsageError("请给出要验证的文件或 --pages / give files, or --pages")
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it would say is said below, in words for people
    anchors = [each for file in roots for each in _anchors(file)]
    given = Given(_text_of(key) if key else None, frozenset(each.fingerprint for each in anchors) if roots else None,
                  trust_of([each.der for each in anchors]), read_trust_list(trust) if trust else None, proof,
                  tuple(_text_of(each) for each in witnesses))
    _state_anchors(given)
    failed = 0
    asked = [(address, pages(address, build, given))] if address else []
    for name, steps in chain(pieces(files, given), asked):
        click.secho(f"\n{name}", bold=True)
        failed += not _run(steps)
    if failed:
        click.secho(f"\n✗ {failed} 项证据不成立 / {failed} piece(s) of evidence do not hold", fg="red", bold=True)
        sys.exit(1)
    click.secho("\n✓ 全部成立 / everything holds", fg="green", bold=True)


def _anchors(file: Path) -> list[Certificate]:
    """The roots in a file; raises ``NotEvidence`` where it has none that can be read here."""
    try:
        return [describe(each) for each in x509.load_pem_x509_certificates(file.read_bytes())]
    except Unavailable as error:
        raise _not_judged(error) from error
    except (DomainError, ValueError) as error:
        raise NotEvidence(f"--root {file.name}: {error}") from error


def _not_judged(error: Unavailable) -> NotEvidence:
    return NotEvidence(f"这台机器不能判断：需要 OpenSSL 3 的国密算法（{error.message}）/ "
                       "not judged: this machine lacks OpenSSL 3 with SM2 and SM3")


def _text_of(value: str) -> str:
    """The value itself, or what stands in the file of that name."""
    return Path(value).read_text().strip() if Path(value).is_file() else value


def _state_anchors(given: Given) -> None:
    """Says what is taken on the documents' own word; nothing unproven passes in silence."""
    if given.key is None:
        click.secho("! 未给出 --key：账本公钥取自文件本身，请另行核对 / the log's key is the file's own word",
                    fg="yellow")
    if given.roots is None:
        click.secho("! 未给出 --root：平台证书链是否可信由您判断 / trust in the platform's root is left to you",
                    fg="yellow")
    if not given.witnesses:
        click.secho("! 未给出 --witness：账本对众人是否同一本，出自平台一家之言 / "
                    "no witness asked: one history for all is the platform's own word", fg="yellow")


def _run(steps: Iterator[Proven]) -> bool:
    try:
        for proven in steps:
            click.echo(f"  ✓ {proven.chinese}\n    {proven.english}")
    except Unavailable as error:  # says nothing of the evidence
        raise _not_judged(error) from error
    except DomainError as error:
        facts = "，".join(f"{name}={value}" for name, value in error.facts.items() if value is not None)
        click.secho(f"  ✗ {error.message}" + (f"（{facts}）" if facts else ""), fg="red")
        click.secho(f"    does not hold: {error.code}", fg="red")
        return False
    except click.ClickException:
        raise
    except Exception as error:  # whatever goes wrong while it is read: it does not hold
        click.secho(f"  ✗ 文件残缺或格式有误：{error}", fg="red")
        click.secho("    incomplete or malformed", fg="red")
        return False
    return True
