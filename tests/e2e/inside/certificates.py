"""The keys of one cluster, made by openssl: an authority, the API server's and its client's certificates."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.addresses import API_SERVICE, DOMAIN, NODE, NODE_IPV4, NODE_IPV6
from tests.e2e.inside.commands import run
from tests.e2e.paths import RUN

PKI = RUN / "pki"
AUTHORITY = PKI / "authority.crt"
ACCOUNTS = PKI / "accounts.key"
"""Signs the tokens of service accounts."""

_NAMES = [
    *(f"DNS:{name}" for name in ("localhost", NODE, "kubernetes", "kubernetes.default", "kubernetes.default.svc")),
    f"DNS:kubernetes.default.svc.{DOMAIN}",
    *(f"IP:{address}" for address in ("127.0.0.1", "::1", API_SERVICE, NODE_IPV4, NODE_IPV6)),
]
_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
_DAYS = ["-days", "2"]


def certificate(name: str) -> Path:
    """The file of a certificate; its key is beside it."""
    return PKI / f"{name}.crt"


def key(name: str) -> Path:
    """The file of a private key."""
    return PKI / f"{name}.key"


def prepare() -> None:
    """Make all of them."""
    PKI.mkdir(mode=0o700)
    own = ["-keyout", str(PKI / "authority.key"), "-out", str(AUTHORITY)]
    run("openssl", "req", "-x509", *_KEY, *_DAYS, *own, "-subj", "/CN=netmatrix test cluster")
    # Kubernetes reads a private key as a public one too, but not in the form that `openssl genpkey` writes.
    run("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(ACCOUNTS))
    _signed("apiserver", "/CN=kube-apiserver", [f"subjectAltName={','.join(_NAMES)}", "extendedKeyUsage=serverAuth"])
    _signed("kubelet-client", "/O=system:masters/CN=kube-apiserver", ["extendedKeyUsage=clientAuth"])


def _signed(name: str, subject: str, extensions: list[str]) -> None:
    options = [text for extension in extensions for text in ("-addext", extension)]
    authority = ["-CA", str(AUTHORITY), "-CAkey", str(PKI / "authority.key")]
    files = ["-keyout", str(key(name)), "-out", str(certificate(name))]
    run("openssl", "req", "-x509", *_KEY, *_DAYS, *files, "-subj", subject, *authority, *options)
