"""Every setting of a Palio server, in one place, with its unit in its name.

Only entry points (`web`, `cli`, `pipeline.app`) read this; everything below gets values.
Each field is set by the environment variable ``PALIO_<FIELD>`` or in a ``palio.env`` file.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from palio.core.storage import Reserve


class UnsafeSettingsError(ValueError):
    """The settings would be unsafe in production, so nothing starts."""


class Settings(BaseSettings):
    """Settings of one server.

    Attributes:
        environment: ``laptop`` (defaults that work alone) or ``production`` (unsafe ones refused).
        data_folder: Where files, SQLite database and broker folder live unless set otherwise.
        database_url: SQLAlchemy address; empty = SQLite in the data folder.
        broker_url: Celery broker; empty = a folder in the data folder, no server needed.
        proxies: Addresses or networks, with commas, of proxies that say who asks.
        public_url: Address people type, without trailing slash; used in links and cookies.
        secret_key: Signs form proofs. Empty on a laptop = made once and kept in the data folder.
        signing_key_file: Signs receipts and checkpoints; None = made once in the data folder.

    """

    model_config = SettingsConfigDict(
        env_prefix="PALIO_", env_file="palio.env", extra="ignore", frozen=True
    )

    environment: Literal["laptop", "production"] = "laptop"
    data_folder: Path = Path("palio-data")
    database_url: str = ""
    broker_url: str = ""
    secret_key: SecretStr = SecretStr("")
    signing_key_file: Path | None = None

    host: str = "127.0.0.1"
    port: int = Field(default=8300, ge=1, le=65535)
    proxies: str = "127.0.0.1,::1"
    public_url: str = ""
    sign_up_open: bool = True

    upload_max_bytes: int = Field(default=2 * 2**30, gt=0)
    model_max_bytes: int = Field(default=10 * 2**30, gt=0)  # of an image, or a zip with code
    upload_idle_seconds: int = Field(default=60, gt=0)
    storage_reserve_share: float = Field(default=0.1, ge=0, lt=1)
    storage_reserve_max_bytes: int = Field(default=5 * 2**30, ge=0)
    form_max_bytes: int = Field(default=2**20, gt=0)
    rate_limits_scale: float = Field(default=1.0, ge=0)  # of the web's own rates; 0 = none

    password_hash_threads: int = Field(default=2, gt=0)
    password_min_chars: int = Field(default=12, ge=8)
    session_idle_hours: int = Field(default=12, gt=0)
    session_days: int = Field(default=14, gt=0)
    token_days: int = Field(default=90, gt=0)

    worker_processes: int = Field(default=2, gt=0)
    job_lease_seconds: int = Field(default=60, gt=0)
    job_attempts: int = Field(default=3, gt=0)
    sweep_seconds: float = Field(default=5.0, gt=0)
    broker_poll_seconds: float = Field(default=0.02, gt=0)
    worker_quiet_seconds: int = Field(default=120, gt=0)

    model_processes: int = Field(default=1, gt=0)
    sandbox_backend: Literal["auto", "docker", "bubblewrap", "none"] = "auto"
    sandbox_level_code: Literal["namespaces", "container", "gvisor"] = "namespaces"
    sandbox_level_images: Literal["namespaces", "container", "gvisor"] = "namespaces"
    sandbox_docker_socket: Path | None = None
    sandbox_folder: Path | None = None
    sandbox_wheels_folder: Path | None = None
    sandbox_keep_days: int = Field(default=7, gt=0)

    @field_validator("proxies")
    @classmethod
    def _only_addresses(cls, value: str) -> str:
        try:
            for each in value.split(","):
                ip_network(each.strip())
        except ValueError as error:  # "*" too: it would believe anybody
            raise UnsafeSettingsError(
                "PALIO_PROXIES must be addresses or networks with commas between them"
            ) from error
        return value

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.environment != "production":
            return self
        faults = self._unsafe_boxes()
        if len(self.secret_key.get_secret_value()) < 32:  # noqa: PLR2004 (256 bits in hex is 64)
            faults.append("PALIO_SECRET_KEY must have at least 32 characters")
        if not self.public_url.startswith("https://"):
            faults.append("PALIO_PUBLIC_URL must start with https://")
        if not self.database_url.startswith("postgresql"):
            faults.append("PALIO_DATABASE_URL must name a PostgreSQL database")
        if not self.broker_url.startswith(("redis://", "rediss://")):
            faults.append("PALIO_BROKER_URL must name a Redis server")
        if faults:
            raise UnsafeSettingsError("; ".join(faults))
        return self

    def _unsafe_boxes(self) -> list[str]:
        if self.sandbox_backend != "bubblewrap":
            return []
        return [
            f"PALIO_SANDBOX_LEVEL_{what} asks for a stronger box than PALIO_SANDBOX_BACKEND allows"
            for what, level in (
                ("CODE", self.sandbox_level_code),
                ("IMAGES", self.sandbox_level_images),
            )
            if level != "namespaces"
        ]

    @property
    def storage_reserve(self) -> Reserve:
        """What of the disk stays free."""
        return Reserve(share=self.storage_reserve_share, max_bytes=self.storage_reserve_max_bytes)

    @property
    def database(self) -> str:
        """SQLAlchemy address of the database in use."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{self.data_folder.absolute() / 'palio.sqlite3'}"

    @property
    def broker(self) -> str:
        """Celery address of the broker in use."""
        return self.broker_url or f"folder://{self.data_folder.absolute() / 'broker'}"

    @property
    def blobs_folder(self) -> Path:
        """Where uploaded files and public data are kept."""
        return self.data_folder.absolute() / "blobs"

    @property
    def sealed_folder(self) -> Path:
        """Where compiled answers are kept; in production readable by scoring workers alone."""
        return self.data_folder.absolute() / "sealed"

    @property
    def hidden_folder(self) -> Path:
        """Where hidden features are kept; in production readable by workers for models alone."""
        return self.data_folder.absolute() / "hidden"

    @property
    def boxes_folder(self) -> Path:
        """Where images, runtimes and unpacked packages are kept; may be emptied while stopped."""
        return (self.sandbox_folder or self.data_folder / "boxes").absolute()

    @property
    def signing_key(self) -> Path:
        """File of the key that signs receipts and checkpoints."""
        return (self.signing_key_file or self.data_folder / "signing-key").absolute()

    @property
    def log_name(self) -> str:
        """What a new signing key, and by it the log, is called."""
        return f"{self.url.partition('://')[2]}/log"

    @property
    def url(self) -> str:
        """Address people type, without trailing slash."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"
