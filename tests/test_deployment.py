"""Manifests by the schemas of Kubernetes, dashboard and alert rules by what is exported."""

import csv
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml
from conftest import DIGITS, REPOSITORY
from fastapi.testclient import TestClient

from app.settings import Settings

DEPLOY = REPOSITORY / "deploy"
NAMES = {path.stem for path in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization"}
KUBERNETES = ("1.29", "1.33", "1.37")


def manifest(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / f"kubernetes/{name}.yaml").read_text()))


def container() -> dict[str, Any]:
    (one,) = manifest("deployment")["spec"]["template"]["spec"]["containers"]
    return dict(one)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_manifest_is_as_kubernetes_wants_it(name: str, version: str) -> None:
    kubernetes_validate.validate(manifest(name), version, strict=True)


def test_kustomization_names_every_manifest() -> None:
    kustomization = manifest("kustomization")
    assert {name.removesuffix(".yaml") for name in kustomization["resources"]} == NAMES
    (image,) = kustomization["images"]
    assert image["name"] == container()["image"]


def test_all_select_the_same_pods() -> None:
    deployment = manifest("deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert manifest("service")["spec"]["selector"] == labels
    assert manifest("poddisruptionbudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("networkpolicy")["spec"]["podSelector"]["matchLabels"] == labels
    for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == labels
    scaled = manifest("horizontalpodautoscaler")["spec"]["scaleTargetRef"]
    assert scaled["name"] == manifest("deployment")["metadata"]["name"]


def test_ports_are_the_containers() -> None:
    (port,) = container()["ports"]
    assert f"PORT={port['containerPort']}" in (REPOSITORY / "Dockerfile").read_text()
    assert manifest("service")["spec"]["ports"][0]["targetPort"] == port["name"]
    assert manifest("networkpolicy")["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probe_is_answered(client: TestClient, probe: str) -> None:
    assert client.get(container()[probe]["httpGet"]["path"]).status_code == 200


def test_settings_are_those_of_the_service() -> None:
    names = {entry["name"].lower() for entry in container()["env"]}
    assert names <= Settings.model_fields.keys()


def test_pod_has_the_time_to_drain() -> None:
    values = {entry["name"]: float(entry["value"]) for entry in container()["env"]}
    pod = manifest("deployment")["spec"]["template"]["spec"]
    needed = values["DRAIN_SECONDS"] + values["GRACE_SECONDS"]
    assert needed < pod["terminationGracePeriodSeconds"]
    readiness = container()["readinessProbe"]
    seen = readiness["periodSeconds"] * readiness["failureThreshold"] + readiness["timeoutSeconds"]
    assert seen < values["DRAIN_SECONDS"]


def scrape_job() -> dict[str, Any]:
    configuration = yaml.safe_load((DEPLOY / "monitoring/prometheus.yaml").read_text())
    (job,) = configuration["scrape_configs"]
    return dict(job)


def test_prometheus_finds_the_deployments_pods() -> None:
    job = scrape_job()
    (discovery,) = job["kubernetes_sd_configs"]
    ((name, value),) = manifest("deployment")["spec"]["selector"]["matchLabels"].items()
    assert discovery["selectors"] == [{"role": "pod", "label": f"{name}={value}"}]
    (port,) = container()["ports"]
    kept = [one["regex"] for one in job["relabel_configs"] if one["action"] == "keep"]
    assert kept == [port["name"]]


def test_rules_look_for_the_job_that_prometheus_has() -> None:
    selectors = [
        node
        for group in yaml.safe_load((DEPLOY / "monitoring/alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
        for node in re.findall(r"\{([^}]*)\}", rule["expr"])
    ]
    assert selectors
    for selector in selectors:
        (job,) = re.findall(r'job=~"([^"]*)"', selector)
        assert re.fullmatch(job, scrape_job()["job_name"])


def test_copies_follow_from_the_figures() -> None:
    with (REPOSITORY / "benchmarks/results/serve.csv").open() as file:
        rates = {row["what"]: row["value"] for row in csv.DictReader(file)}
    text = (DEPLOY / "README.md").read_text()
    most = float(rates["tinydigits, form, 16 connections, 1/s"])
    assert f"answers {most:,.0f} pictures a second" in text
    assert f"70 % of that, {0.7 * most:,.0f} a second" in text
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for rate, copies in rows:
        assert int(copies) == math.ceil(int(rate.replace(",", "")) / (0.7 * most)) + 1


def expressions() -> dict[str, str]:
    """PromQL by where it stands; Grafana's variables replaced by what they may become."""
    found = {}
    for group in yaml.safe_load((DEPLOY / "monitoring/alerts.yaml").read_text())["groups"]:
        found |= {rule["alert"]: rule["expr"] for rule in group["rules"]}
    dashboard = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m").replace("$job", ".*")
            found[f"{panel['title']} {target['refId']}"] = expression
    return found


def metrics_in(node: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The metrics that an expression asks for, with the labels that are compared by equality."""
    if isinstance(node, promql_parser.VectorSelector):
        labels = {
            one.name: one.value for one in node.matchers.matchers if str(one.op).endswith("Equal")
        }
        yield str(node.name), labels
        return
    for name in ("lhs", "rhs", "expr", "vector_selector", "args"):
        child = getattr(node, name, None)
        for one in child if isinstance(child, list) else [child]:
            if one is not None:
                yield from metrics_in(one)


@pytest.fixture
def exported(client: TestClient) -> str:
    """What Prometheus reads after a request for each path."""
    client.post("/predict", content=DIGITS[0].read_bytes())
    client.post("/predict", content=b"seven")
    return client.get("/metrics").raise_for_status().text


@pytest.mark.parametrize("place", expressions())
def test_expression_asks_for_what_is_exported(place: str, exported: str) -> None:
    found = list(metrics_in(promql_parser.parse(expressions()[place])))
    assert found
    for name, labels in found:
        if name == "up":  # Prometheus' own
            continue
        samples = [line for line in exported.splitlines() if re.match(rf"{name}[{{ ]", line)]
        assert samples, f"{name} is not exported"
        if "path" in labels:
            assert any(f'path="{labels["path"]}"' in line for line in samples)


def test_every_label_that_is_grouped_by_is_exported(exported: str) -> None:
    added_by_prometheus = {"instance", "job", "le"}
    for expression in expressions().values():
        for group in re.findall(r"by \(([^)]*)\)", expression):
            for label in {name.strip() for name in group.split(",")} - added_by_prometheus:
                assert f'{label}="' in exported, f"no metric has the label {label}"
