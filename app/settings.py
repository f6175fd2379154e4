"""Everything about the service that can be set, from the environment or the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.cores import available_cores

MEBIBYTE = 1024 * 1024


def _number_of_workers(value: Any) -> Any:
    return available_cores() if value == "auto" else value


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
