"""The image's packages: all of them locked, and what is said of the release said once."""

import re
import tomllib
from typing import Any

import pytest
from conftest import REPOSITORY
from packaging.requirements import Requirement

PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCKS = {
    "requirements.lock": PROJECT["project"]["dependencies"],
    "requirements-build.lock": PROJECT["build-system"]["requires"],
}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_holds_what_is_needed(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    for line in LOCKS[name]:
        requirement = Requirement(line)
        version = locked.get(requirement.name)
        assert version in requirement.specifier, f"{requirement}: make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes_and_no_address(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    for package in re.split(r"\n(?=[a-z])", text.replace("\\\n", "")):
        if "==" in package:
            assert "--hash=sha256:" in package
    assert "://" not in text


def test_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert f'image.version="{version}"' in (REPOSITORY / "Dockerfile").read_text()
    kustomization = (REPOSITORY / "deploy/kubernetes/kustomization.yaml").read_text()
    assert f"newTag: {version}\n" in kustomization
