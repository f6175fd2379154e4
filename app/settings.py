"""Everything about the service that can be set, from the environment or the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.cores import available_cores

MEBIBYTE = 1024 * 1024


def _number_of_workers(value: Any) -> Any:
    return available_cores() if value == "auto" else value


def _listed(value: Any) -> Any:
    """The items of a list with commas; the command line hands it over in a list of its own."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not all(isinstance(one, str) for one in texts):
        return value
    return [item.strip() for text in texts for item in text.split(",") if item.strip()]


class Settings(BaseSettings):
    """Settings of the service; ``max_pixels`` is set by ``MAX_PIXELS`` or ``--max-pixels``."""

    model_config = SettingsConfigDict(
        cli_kebab_case=True, cli_hide_none_type=True, cli_prog_name="python -m app"
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: Annotated[int, BeforeValidator(_number_of_workers)] = Field(
        1, ge=1, description="Number of processes; auto takes the cores that the container has."
    )
    weights: Path = Field(
        Path(__file__).parent.parent / "weights",
        description="Directory of the checkpoint: digits.onnx and digits.json.",
    )
    max_upload_bytes: int = Field(
        10 * MEBIBYTE, ge=1, description="Largest image file accepted, in bytes."
    )
    max_pixels: int = Field(
        50_000_000, ge=1, description="Largest picture accepted, width times height."
    )
    max_batch_bytes: int = Field(
        32 * MEBIBYTE, ge=1, description="Largest body of /predict/batch accepted, in bytes."
    )
    max_batch_images: int = Field(
        20_000, ge=1, description="Most images accepted in one request to /predict/batch."
    )
    decoder_threads: int = Field(
        2, ge=1, description="Threads per process for large pictures and batches."
    )
    max_in_flight: int = Field(
        64, ge=1, description="Requests that a process works on at a time; others get 503."
    )
    max_connections: int = Field(
        1000,
        ge=1,
        description="Connections that a process holds; for one more, the one that has kept it "
        "waiting longest is closed.",
    )
    max_buffered_bytes: int = Field(
        256 * MEBIBYTE,
        ge=1,
        validate_default=True,
        description="Bytes of request bodies that a process holds in memory; others get 503.",
    )

    upload_seconds: float = Field(
        10,
        gt=0,
        description="Time for a request to arrive, and for the client to take the answer; "
        "longer for bodies, by MIN_UPLOAD_RATE.",
    )
    min_upload_rate: int = Field(
        8192, ge=1, description="Slowest upload that is waited for, in bytes a second."
    )
    keep_alive_seconds: float = Field(
        5, gt=0, description="Time that an idle connection is kept open."
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        description="After SIGTERM, time in which /health/ready says 503 and all else goes on, so "
        "that load balancers notice.",
    )
    grace_seconds: int = Field(
        20, ge=1, description="After that, time for the requests on their way to be answered."
    )
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (),
        description="Keys, with commas between; if any are set, requests need one of them as "
        "Authorization: Bearer, as X-API-Key, or as the password of a browser's dialogue.",
    )
    metrics: Literal["open", "key", "off"] = Field(
        "open", description="Who may read /metrics: all, who has a key, no one."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), description="Origins whose pages may ask the service, with commas between; * for all."
    )
    access_log: bool = Field(True, description="Write one line a request to standard output.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Form of the log: auto is text in a terminal, JSON elsewhere."
    )
    tracing: bool = Field(
        False,
        description="Send traces to OTEL_EXPORTER_OTLP_ENDPOINT; needs tinydigits[otel].",
    )

    @field_validator("max_buffered_bytes")
    @classmethod
    def _holds_the_largest_body(cls, value: int, info: ValidationInfo) -> int:
        for name in ("max_upload_bytes", "max_batch_bytes"):
            if value < info.data.get(name, 0):
                raise PydanticCustomError(
                    "too_small", "Input should be at least {name}", {"name": name.upper()}
                )
        return value
