"""The log as a witness reaches it: three addresses of the platform over HTTP."""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from storage.ledger.notes import NOT_SO_LONG

_SECONDS = 10.0
_LARGEST = 1 << 20
_PROOF_HASHES = 128


class NotAnswered(Exception):
    """The log cannot be reached, is not ready, or says something that is no answer; tells nothing about the log."""


class Denied(Exception):
    """The log answers, and says no; ``code``: the platform's own word for why, empty where another answered."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status, self.code = status, code


class Log:
    """A platform by its address."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("地址须以 http:// 或 https:// 开头 / the address must be http or https")
        self._url = url.rstrip("/")

    def newest(self) -> str:
        """The newest checkpoint's note."""
        return self._read("/api/ledger/checkpoint")

    def to_cosign(self) -> str:
        """The note that witnesses are asked to cosign now: the same for all of them for some seconds."""
        return self._read("/api/ledger/checkpoint/to-cosign")

    def growth(self, old: int, new: int) -> list[bytes] | None:
        """The proof that ``new`` entries continue ``old``, unchecked; None where the log says that it has none."""
        try:
            answer = json.loads(self._ask(f"/api/ledger/consistency?old={old}&new={new}"))
            proof = [bytes.fromhex(text) for text in answer["proof"]]
        except Denied as error:
            if error.code == NOT_SO_LONG:  # any other 404 may be a proxy's, and confesses nothing
                return None
            raise NotAnswered(str(error)) from error
        except (ValueError, TypeError, KeyError) as error:
            raise NotAnswered("一致性证明无法读取 / the proof cannot be read") from error
        if len(proof) > _PROOF_HASHES:
            raise NotAnswered("一致性证明过长 / the proof is too long")
        return proof

    def send(self, size: int, line: str) -> None:
        """Hands in a cosignature; the same again changes nothing. Raises ``Denied`` with the platform's reason."""
        self._ask("/api/ledger/cosignatures", {"size": size, "line": line})

    def _read(self, path: str) -> str:
        try:
            return self._ask(path).decode()
        except UnicodeDecodeError as error:
            raise NotAnswered(f"{path}: 不是检查点 / no checkpoint") from error

    def _ask(self, path: str, body: dict[str, object] | None = None) -> bytes:
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = Request(self._url + path, data, {"Content-Type": "application/json"} if data else {})
        try:
            with urlopen(request, timeout=_SECONDS) as answer:
                content: bytes = answer.read(_LARGEST)
        except HTTPError as error:
            if error.code == 429 or error.code >= 500:
                raise NotAnswered(f"{path}: {error.code}") from error
            raise Denied(error.code, *_told(error)) from error
        except (OSError, HTTPException) as error:
            raise NotAnswered(f"{path}: {error}") from error
        return content


def post_json(url: str, text: str) -> None:
    """Tells a webhook; raises ``NotAnswered``."""
    try:
        with urlopen(Request(url, text.encode(), {"Content-Type": "application/json"}), timeout=_SECONDS):
            pass
    except (OSError, HTTPException, ValueError) as error:
        raise NotAnswered(f"{url}: {error}") from error


def _told(error: HTTPError) -> tuple[str, str]:
    """Code and sentence of a refusal by the platform."""
    try:
        told: dict[str, Any] = json.loads(error.read(_LARGEST))
        return str(told.get("code", "")), str(told.get("title", ""))
    except (ValueError, OSError, HTTPException, AttributeError):
        return "", ""
