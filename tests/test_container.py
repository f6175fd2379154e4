"""The image: built from the Dockerfile and run for real, by ``scripts/test_container.sh``."""

import os
import shutil
import subprocess

import pytest
from conftest import DIGITS, REPOSITORY, label_of


def can_build() -> bool:
    """Whether a Docker engine runs, or buildah can take its place."""
    if shutil.which("docker"):
        engine = subprocess.run(["docker", "info"], capture_output=True, check=False)
        if engine.returncode == 0:
            return True
    base = os.environ.get("BASE") or shutil.which("debootstrap")
    return bool(shutil.which("buildah") and base and os.geteuid() == 0)


def test_image_is_built_and_serves() -> None:
    if not (os.environ.get("CI") or os.environ.get("TINYDIGITS_CONTAINER_TEST")):
        pytest.skip("takes a minute or two; set TINYDIGITS_CONTAINER_TEST=1")
    if not can_build():
        pytest.skip("needs a running Docker engine, or root, buildah and debootstrap")
    seven = next(path for path in DIGITS if label_of(path) == 7)
    script = REPOSITORY / "scripts/test_container.sh"
    assert subprocess.run([script, seven, "7"], check=False).returncode == 0
