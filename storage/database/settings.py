"""One validated settings object; every value may come from the environment (12-factor), or from a file of its own."""

import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

SECRETS = "YUNKAI_SECRETS_DIRECTORY"
_HERE = re.compile(r"(127\.0\.0\.\d{1,3}|localhost|\[?::1\]?|/.*)?")
_TLS_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?|https://\[[0-9a-f:]+\](:\d{1,5})?")
_LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}")


class Settings(BaseSettings):
    """External parts by address. Environment names are ``YUNKAI_`` and the field in capitals; where
    ``YUNKAI_SECRETS_DIRECTORY`` names a folder, a file of the same name (small letters) gives what the environment does
    not: so a vault's agent hands out passwords that stand in no environment."""

    model_config = SettingsConfigDict(env_prefix="YUNKAI_", extra="forbid", frozen=True,
                                      hide_input_in_errors=True)  # a mistake in one would print the passwords beside it

    database_url: str = Field(description="postgresql+psycopg://…")
    database_pool: int = Field(default=32, ge=2, le=500)
    s3_endpoint: str = Field(description="host:port of the store, as the platform reaches it")
    s3_public_endpoint: str = Field(default="", description="host:port as browsers reach it; empty = the same")
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_bucket: str = "vault"
    s3_secure: bool = False
    plain_inside: bool = Field(default=False, description="database and store on other machines may be spoken to "
                               "without TLS, for the network between is the operator's own")
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
    session_idle_minutes: int = Field(default=15, ge=1, le=120, description="a session unused so long ends (R-1013)")
    session_hours: int = Field(default=12, ge=1, le=24, description="a session ends at this age at the latest")
    second_factor_roles: str = Field(
        default="", description="what counts with a security key alone, with commas between: roles, custodian; none; "
                                "empty: centre, custodian and the administrators, and nobody in a demo")
    step_up_minutes: int = Field(
        default=15, ge=1, le=120, description="a signature so old is fresh enough for grave acts (fault 36)")
    single_session_roles: str = Field(
        default="system_administrator,security_administrator,auditor",
        description="roles, with commas between, that hold one session at a time (R-1013)")
    limit_factor: float = Field(
        default=1.0, ge=0, le=1000, description="multiplies every limit by rate (fault 37); 0 = none, for rehearsals")
    sockets_per_address: int = Field(default=500, ge=1, description="open sockets one address may hold on a node")
    sockets_per_account: int = Field(default=50, ge=1, description="open sockets one account may hold on a node")
    sockets_per_lot: int = Field(default=20_000, ge=1, description="open sockets that may watch one lot on a node")
    trusted_proxies: str = Field(
        default="", description="addresses or networks, with commas between, whose X-Forwarded-For "
                               "and Client-Cert count; empty: none")
    private_addresses: bool = Field(
        default=False, description="addresses that others name may lead into private networks; for demos and tests")
    public_origin: str = Field(default="http://127.0.0.1:8000", description="scheme://host:port people type")
    program_origin: str = Field(
        default="", description="https://host:port where the proxy asks programs for their certificate; empty = none")
    key_agent: str = Field(
        default="", description="address, on users' own computers, of USB keys' program; empty = none")
    platform_id: str = "E3207000001"
    platform_name: str = "云开公共资源交易平台"
    hotline: str = Field(default="", description="the centre's telephone, shown with every refusal")
    sealed_batch_seconds: float = Field(default=1.0, gt=0, le=60)
    demo: bool = Field(default=False, description="marks every page, and admits the demo CAs")
    web_dist: Path = Path("frontend/web/dist")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("key_agent")
    @classmethod
    def _is_on_this_computer(cls, address: str) -> str:
        """Pages may speak to a program beside them, and to no third place."""
        if address and not _LOOPBACK.fullmatch(address):
            raise ValueError("a USB key's program is at 127.0.0.1 or localhost, with a port")
        return address

    @model_validator(mode="after")
    def _has_a_place_for_programs(self) -> Self:
        """Apart from the pages', for browsers asked for a certificate ask their user; and told of by a proxy."""
        if self.program_origin and not _TLS_ORIGIN.fullmatch(self.program_origin):
            raise ValueError("program_origin is https://host or https://host:port, in small letters")
        if self.program_origin and (self.program_origin == self.public_origin or not self.trusted_proxies):
            raise ValueError("program_origin is another address than public_origin, and needs trusted_proxies")
        return self

    @model_validator(mode="after")
    def _speaks_tls_to_other_machines(self) -> Self:
        """Nothing falls back to plain text on the way (ASVS 12.3); psycopg would, unless it must verify."""
        if self.plain_inside:
            return self
        try:
            address = make_url(self.database_url)
        except ArgumentError as error:
            raise ValueError("database_url is no address of a database") from error
        host = address.query.get("host") or address.host or ""
        if not _HERE.fullmatch(str(host)) and address.query.get("sslmode") != "verify-full":
            raise ValueError("a database on another machine is spoken to with sslmode=verify-full (or plain_inside)")
        if not self.s3_secure and not _HERE.fullmatch(self.s3_endpoint.rpartition(":")[0] or self.s3_endpoint):
            raise ValueError("a store on another machine is spoken to with s3_secure (or plain_inside)")
        return self

    @classmethod
    def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then files of secrets."""
        folder = os.environ.get(SECRETS)
        files = (SecretsSettingsSource(settings_cls, folder),) if folder else ()
        return init_settings, env_settings, *files

    @property
    def browser_store(self) -> str:
        """scheme://host:port of the store as browsers reach it: in presigned addresses and in the content policy.

        A public endpoint may name its scheme, for a proxy may speak TLS before a store that does not.
        """
        public = self.s3_public_endpoint or self.s3_endpoint
        return public if "://" in public else f"{'https' if self.s3_secure else 'http'}://{public}"
