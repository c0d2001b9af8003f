"""What is configured: one typed object, read once at the entry point from the environment and `.env`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.errors import BadSettings


class Settings(BaseSettings):
    """All settings of Mintage. S3's are boto3's own `AWS_*` and are not repeated here."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
    )

    database_url: str = Field(
        "sqlite:///.mintage/ledger.db", validation_alias="MINTAGE_DATABASE_URL"
    )
    store_url: str = Field("file:.mintage/store", validation_alias="MINTAGE_STORE_URL")
    replicate_api_token: SecretStr | None = Field(None, validation_alias="REPLICATE_API_TOKEN")
    replicate_base_url: str = Field(
        "https://api.replicate.com", validation_alias="REPLICATE_BASE_URL"
    )

    @field_validator("replicate_base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ValueError("it has to be an http or https address with a host")
        return value

    prefect_api_url: str | None = Field(None, validation_alias="PREFECT_API_URL")
    time_zone: str = Field("UTC", validation_alias="MINTAGE_TIME_ZONE")
    """Where the months and days of caps begin, such as Europe/Berlin; the same for everybody."""
    caps_file: Path | None = Field(None, validation_alias="MINTAGE_CAPS")
    """A YAML file with the caps of cost centres and providers."""
    gl_mapping_file: Path | None = Field(None, validation_alias="MINTAGE_GL_MAPPING")
    """A YAML file that says which accounts of the general ledger charges belong to."""
    signing_certificate: Path | None = Field(None, validation_alias="MINTAGE_SIGNING_CERTIFICATE")
    """The organisation's certificate and its issuers, in PEM: what is released is signed with it. It goes
    with its key; a machine that only proves files has the certificate among the trust anchors instead."""
    signing_key: Path | None = Field(None, validation_alias="MINTAGE_SIGNING_KEY")
    """The certificate's key, in PEM, readable by its owner alone; only where files are signed."""
    signing_timestamp_url: str | None = Field(
        None, validation_alias="MINTAGE_SIGNING_TIMESTAMP_URL"
    )
    """A time stamp authority (RFC 3161), with which signatures outlive their certificate."""
    trust_anchors: Path | None = Field(None, validation_alias="MINTAGE_TRUST_ANCHORS")
    """In PEM the roots that readers trust, and the signing certificates that are this organisation's."""
    photo_folder: Path | None = Field(None, validation_alias="MINTAGE_PHOTOS")
    """Where studio cards may take photographs from."""
    jobs_max: int = Field(100_000, ge=1, validation_alias="MINTAGE_JOBS_MAX")
    """Bound on jobs times attempts of one order."""
    inspectors: int | None = Field(None, ge=1, le=1_000, validation_alias="MINTAGE_INSPECTORS")
    """How many processes inspect files at once; as many as this process may use cores without it."""
    creates_per_minute: int = Field(600, ge=1, validation_alias="MINTAGE_CREATES_PER_MINUTE")
    """How many predictions may be created in a minute; Replicate's own limit is 600."""
    absent_after_s: Decimal | None = Field(None, ge=0, validation_alias="MINTAGE_ABSENT_AFTER_S")
    """How long after a lost answer the provider's list must still not show it to count as never created."""
    settle_timeout_s: Decimal = Field(
        Decimal(300), ge=0, validation_alias="MINTAGE_SETTLE_TIMEOUT_S"
    )
    """How long a run waits, when nothing else moves, for lost answers or for other runs' holds."""

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("there is no such time zone; write it as Europe/Berlin") from error
        return name

    @field_validator(
        "signing_certificate",
        "signing_key",
        "signing_timestamp_url",
        "trust_anchors",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("signing_timestamp_url")
    @classmethod
    def _asks_over_http(cls, value: str | None) -> str | None:
        address = urlsplit(value or "")
        if value is not None and (address.scheme not in {"http", "https"} or not address.hostname):
            raise ValueError("it has to be an http or https address with a host")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of caps."""
        return ZoneInfo(self.time_zone)


def read_settings() -> Settings:
    """Read the environment and `.env`.

    Raises:
        BadSettings: with the setting's name and what is wrong; never with its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        name = str(detail["loc"][0]) if detail["loc"] else "a setting"
        raise BadSettings(f"{name} cannot be used: {detail['msg']}.") from error
