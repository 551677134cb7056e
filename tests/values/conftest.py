"""A small matrix, its values schema, and a way to validate values that are written as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from netmatrix.document.reader import Document, parse_mapping
from netmatrix.emit.schema import values_schema
from netmatrix.matrix.load import load_matrix
from netmatrix.matrix.model import Matrix
from netmatrix.values.command_line import CommandLineValues
from netmatrix.values.schema import Schemas
from netmatrix.values.validate import Validated, validate_values

TODAY = date(2026, 6, 15)

# By hand, so that places in it can be told; `test_defaults.py` holds it against the generated defaults.
DEFAULTS = b"""\
environment: ""
namespaces:
  front: {name: shop, create: false, lookup: true}
  back: {name: shop-data, create: true, lookup: true}
pods:
  web: {selector: ["app=web"], ports: {http: 80, https: 443, quic: 443}}
  cart: {selector: ["app=cart"], ports: {http: 8080}}
  db: {selector: ["app=db"], ports: {sql: 5432}}
endpoints:
  dns:
    peers:
      kube-dns: {namespace: kube-system, selector: ["k8s-app=kube-dns"]}
    cidrs: []
    ports: {udp: 53, tcp: 53}
  api: {cidrs: [10.96.0.1/32], ports: [443], discover: true}
  internet: {additionalExcept: {}}
  world: {anyone: true, peers: {}}
flows: {}
exceptions: {}
backends: {cilium: {enabled: false}, clusterNetworkPolicy: {enabled: false}}
test: {image: "registry.k8s.io/e2e-test-images/agnhost:2.63.0", pullPolicy: IfNotPresent}
"""


@pytest.fixture(scope="session")
def shop() -> Matrix:
    return load_matrix(str(Path(__file__).parent / "shop.yaml"))


@pytest.fixture(scope="session")
def schemas(shop: Matrix) -> Schemas:
    return Schemas.of(values_schema(shop))


@pytest.fixture(scope="session")
def defaults() -> Document:
    return parse_mapping(DEFAULTS, "chart/values.yaml")


@pytest.fixture(scope="session")
def validate(shop: Matrix, schemas: Schemas, defaults: Document) -> Callable[..., Validated]:
    """Validate values written as YAML texts, named a.yaml, b.yaml and so on.

    A layer before them chooses `environment`, `prod` unless a test says otherwise; None leaves that layer out.
    """

    def run(
        *layers: str,
        environment: str | None = "prod",
        today: date = TODAY,
        command_line: CommandLineValues | None = None,
    ) -> Validated:
        documents = [parse_mapping(text.encode(), f"{'abcdef'[index]}.yaml") for index, text in enumerate(layers)]
        if environment is not None:
            documents.insert(0, parse_mapping(f"environment: {environment}\n".encode(), "environment.yaml"))
        return validate_values(shop, schemas, defaults, documents, command_line=command_line, today=today)

    return run
