"""What the check-up asks of the machine: port, disk, fonts, keys and certificates."""

import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509

from frontend.cli.findings import Finding, note, ok, wrong
from storage.crypto.sm2 import new_key, sign, verifies
from storage.embedded.ports import is_free
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError

_GIB = 1 << 30
_ENOUGH = 10
_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts",
                 Path.home() / ".local/share/fonts")
_RENEW = timedelta(days=30)


def check_port(origin: str, port: int) -> Finding:
    """The platform answers, or its port is free, or somebody else sits on it."""
    try:
        answer = httpx.get(f"{origin}/readyz", timeout=5, trust_env=False)
        body = answer.json()
    except (httpx.TransportError, ValueError):
        if is_free(port):
            return note("port", f"平台未运行，端口 {port} 空闲", f"the platform does not run; port {port} is free")
        return wrong("port", f"端口 {port} 被其他程序占用，请用 --port 另选",
                     f"another program holds port {port}; choose one with --port")
    if answer.status_code == 200:
        return ok("port", f"平台在 {origin} 运行且就绪", f"the platform runs at {origin} and is ready")
    parts = ", ".join(name for name in ("database", "store") if not body.get(name))
    return wrong("port", f"平台在运行但未就绪：{parts}", f"the platform runs and is not ready: {parts}")


def check_disk(var: Path) -> Finding:
    """Room for bids: a sealed bid may have 4 GB. Whole GiB, and none beyond what is enough: what is pasted from here
    into a letter must not tell by how much the bids grew (R-122)."""
    folder = next(one for one in (var, *var.parents) if one.exists())
    free = shutil.disk_usage(folder).free / _GIB
    if free >= _ENOUGH:
        return ok("disk", f"{folder} 剩余 {_ENOUGH} GiB 以上", f"more than {_ENOUGH} GiB are free at {folder}")
    text = (f"{folder} 剩余 {free:.0f} GiB", f"{free:.0f} GiB are free at {folder}")
    if free < 1:
        return wrong("disk", f"{text[0]}，投标文件将无法写入", f"{text[1]}: bids cannot be written")
    return note("disk", f"{text[0]}，偏少", f"{text[1]}: little")


def check_fonts() -> Finding:
    """Chinese documents need a Chinese font."""
    if any(next(folder.rglob("Noto*CJK*"), None) for folder in _FONT_FOLDERS if folder.exists()):
        return ok("fonts", "思源（Noto CJK）字体已安装", "a Noto CJK font is installed")
    return wrong("fonts", "缺少中文字体，请以 root 执行 apt-get install fonts-noto-cjk",
                 "no Chinese font; as root: apt-get install fonts-noto-cjk")


def check_sm2() -> Finding:
    """SM2 certificates need the system's OpenSSL 3; without it everything else works."""
    try:
        key = new_key()
        works = verifies(key.public, b"doctor", sign(key, b"doctor"))
    except DomainError:
        works = False
    if works:
        return ok("sm2", "系统的 OpenSSL 支持国密 SM2", "the system's OpenSSL knows SM2")
    return note("sm2", "系统缺少带 SM2 的 OpenSSL 3（libcrypto.so.3），国密证书不可用",
                "no OpenSSL 3 with SM2 (libcrypto.so.3) on this system: SM2 certificates do not work")


def check_key_files(keys: Path) -> Finding:
    """Private keys are for this process alone."""
    loose = [file.name for file in _files(keys) if file.stat().st_mode & 0o077]
    if loose:
        return wrong("keys", f"密钥文件权限过宽：{'、'.join(loose)}，请执行 chmod 600",
                     f"others may read these key files, chmod 600 them: {', '.join(loose)}")
    return ok("keys", "密钥文件仅本进程可读", "key files are readable by their owner alone")


def check_certificates(keys: Path, trust: Path) -> list[Finding]:
    """Every certificate in the key and trust folders, and the lists of revoked ones."""
    now, findings, count = process_now(), list[Finding](), 0
    for file in (*_files(keys), *_files(trust)):
        for name, until in _ends(file):
            count += 1
            day = f"{until:%Y-%m-%d}"
            if until <= now:
                findings.append(wrong("certificates", f"{name}（{file.name}）已于 {day} 过期",
                                      f"{name} ({file.name}) expired on {day}"))
            elif until <= now + _RENEW and file.suffix != ".crl":
                findings.append(note("certificates", f"{name}（{file.name}）将于 {day} 过期，请更换",
                                     f"{name} ({file.name}) expires on {day}: renew it"))
    if not count:
        return [note("certificates", "尚无证书，首次启动时生成", "no certificates yet; the first start makes them")]
    return findings or [ok("certificates", f"{count} 份证书和吊销列表均在有效期内",
                           f"{count} certificates and revocation lists are all in force")]


def _ends(file: Path) -> Iterable[tuple[str, datetime]]:
    """Name and end of force of what the file holds; nothing for a file of another kind."""
    data = file.read_bytes()
    if file.suffix == ".crl":
        read = x509.load_pem_x509_crl if data.startswith(b"-----") else x509.load_der_x509_crl
        until = read(data).next_update_utc
        return [("CRL", until)] if until else []
    if b"BEGIN CERTIFICATE" not in data:
        return []
    return [(one.subject.rfc4514_string(), one.not_valid_after_utc) for one in x509.load_pem_x509_certificates(data)]


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file()) if folder.exists() else []
