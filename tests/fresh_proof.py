"""Grave acts over HTTP where the last proof is old (fault 36): refused, and done by a touch or by the certificate."""

from dataclasses import dataclass
from typing import Any, Literal

import httpx
import psycopg

from frontend.cli.client import ApiClient
from storage.database.settings import Settings
from tests.soft_key import SoftKey
from trading.parties.living import token_digest

By = Literal["touch", "certificate"]


@dataclass(frozen=True)
class StaleSession:
    """A session of somebody who is at work, and whose last proof is older than the platform takes."""

    client: ApiClient
    settings: Settings

    def act(self, path: str, body: Any = None, *, by: By) -> Any:
        """Refused as it stands; then the answer, once there is a proof.

        A key that is made for it is lost afterwards, so that the party signs in as before.
        """
        key = self._with_key() if by == "touch" else None
        self._run("update login_session set opened_at = clock_timestamp() - interval '16 minutes', proven_at = null, "
                  "key_proven_at = null where token_sha256 = %s", token_digest(str(self.client.token)))
        refused = self._send(path, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "proof-needed"), refused.text
        if key is None:
            return self.client.post(path, body)
        asked = self.client.post("/api/login/again/key/begin")
        self.client.token = self.client.post("/api/login/again/key", {"credential": key.sign(asked)})["token"]
        done = self._send(path, body)
        assert done.is_success, f"the touch alone is proof enough: {done.text}"
        self._run("update security_key set forgotten_at = clock_timestamp() where credential_id = %s",
                  key.credential_id)
        return done.json() if done.content else None

    def _send(self, path: str, body: Any) -> httpx.Response:
        """As it is, for the client would prove its certificate by itself."""
        return httpx.post(f"{self.client.base_url}{path}", json=body, timeout=30,
                          headers={"Authorization": f"Bearer {self.client.token}"})

    def _with_key(self) -> SoftKey:
        assert self.client.identity is not None
        key = SoftKey(self.client.base_url)
        made = key.register(self.client.post("/api/me/keys/begin"))
        shown = {**self.client.show(self.client.identity), "name": "办公室钥匙", "credential": made}
        self.client.token = self.client.post("/api/me/keys", shown)["token"]
        return key

    def _run(self, statement: str, value: object) -> None:
        with psycopg.connect(self.settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
            assert line.execute(statement.encode(), [value]).rowcount == 1
