"""One validated settings object; every value may come from the environment (12-factor)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """External parts by address. Environment names are ``YUNKAI_`` and the field in capitals."""

    model_config = SettingsConfigDict(env_prefix="YUNKAI_", extra="forbid", frozen=True)

    database_url: str = Field(description="postgresql+psycopg://…")
    database_pool: int = Field(default=32, ge=2, le=500)
    s3_endpoint: str = Field(description="host:port of the store, as the platform reaches it")
    s3_public_endpoint: str = Field(default="", description="host:port as browsers reach it; empty = the same")
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_bucket: str = "vault"
    s3_secure: bool = False
    tsa_url: str = Field(default="", description="RFC 3161 authority; empty = the embedded one, for demos and tests")
    exchange_url: str = Field(default="", description="address of the public service platform's inbox (R-805)")
    bank_url: str = Field(default="", description="address of the deposit bank's program (R-400); empty = none")
    bank_key: str = Field(default="", description="base64 Ed25519 key with which the bank signs its calls")
    courier_url: str = Field(default="", description="address of the courier's program (R-225); empty = none")
    courier_key: str = Field(default="", description="base64 Ed25519 key with which the courier signs its calls")
    key_directory: Path = Field(description="platform keys, readable by this process alone")
    trust_directory: Path = Field(description="roots and CRLs of the recognised CAs")
    revocation_grace_hours: int = Field(
        default=72, ge=0, le=720, description="how long a CRL or OCSP answer counts after its end, CA away (R-515)")
    private_addresses: bool = Field(
        default=False, description="addresses that others name may lead into private networks; for demos and tests")
    public_origin: str = Field(default="http://127.0.0.1:8000", description="scheme://host:port people type")
    platform_id: str = "E3207000001"
    platform_name: str = "云开公共资源交易平台"
    hotline: str = Field(default="", description="the centre's telephone, shown with every refusal")
    sealed_batch_seconds: float = Field(default=1.0, gt=0, le=60)
    demo: bool = Field(default=False, description="marks every page, and admits the demo CAs")
    web_dist: Path = Path("frontend/web/dist")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def browser_store(self) -> str:
        """scheme://host:port of the store as browsers reach it: in presigned addresses and in the content policy.

        A public endpoint may name its scheme, for a proxy may speak TLS before a store that does not.
        """
        public = self.s3_public_endpoint or self.s3_endpoint
        return public if "://" in public else f"{'https' if self.s3_secure else 'http'}://{public}"
