"""The command line of each program of the cluster."""

from __future__ import annotations

from collections.abc import Iterable

from tests.e2e.addresses import API_PORT, DOMAIN, NODE, NODE_IPV4, NODE_IPV6, POD_RANGES, SERVICE_RANGES
from tests.e2e.inside import certificates, settings
from tests.e2e.inside.network import OUTSIDE
from tests.e2e.paths import RUN
from tests.e2e.programs import BINARIES

_SERVICES = ",".join(SERVICE_RANGES)
_PODS = ",".join(POD_RANGES)
_NODE_PORTS = "32766-32767"
"""As few as may be: kube-router lets every pod reach the node on all of them."""

_ETCD = "http://127.0.0.1:2379"


def etcd() -> list[str]:
    """The database, in memory."""
    peers = "http://127.0.0.1:2380"
    return [
        "etcd",
        f"--data-dir={RUN / 'etcd'}",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]


def kube_apiserver() -> list[str]:
    """The API server, on all addresses of both families."""
    return [
        str(BINARIES / "kube-apiserver"),
        f"--etcd-servers={_ETCD}",
        "--bind-address=::",
        f"--secure-port={API_PORT}",
        f"--advertise-address={NODE_IPV4}",
        f"--service-cluster-ip-range={_SERVICES}",
        f"--service-node-port-range={_NODE_PORTS}",
        f"--cert-dir={RUN / 'apiserver'}",
        f"--tls-cert-file={certificates.certificate('apiserver')}",
        f"--tls-private-key-file={certificates.key('apiserver')}",
        f"--kubelet-client-certificate={certificates.certificate('kubelet-client')}",
        f"--kubelet-client-key={certificates.key('kubelet-client')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--token-auth-file={settings.TOKENS}",
        "--authorization-mode=Node,RBAC",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={certificates.ACCOUNTS}",
        f"--service-account-signing-key-file={certificates.ACCOUNTS}",
        "--allow-privileged",
        "--profiling=false",
    ]


def kube_controller_manager() -> list[str]:
    """The controllers; they give the node its pod ranges."""
    return [
        *_client("kube-controller-manager"),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--use-service-account-credentials",
        "--kube-api-qps=500",  # it asks for an account for each controller: by default it waits for seconds in between
        "--kube-api-burst=500",
        f"--service-account-private-key-file={certificates.ACCOUNTS}",
        f"--root-ca-file={certificates.AUTHORITY}",
        "--allocate-node-cidrs",
        f"--cluster-cidr={_PODS}",
        f"--service-cluster-ip-range={_SERVICES}",
        "--node-cidr-mask-size-ipv4=24",
        "--node-cidr-mask-size-ipv6=64",
        f"--flex-volume-plugin-dir={settings.VOLUME_PLUGINS}",
    ]


def kube_scheduler() -> list[str]:
    """The scheduler."""
    return [*_client("kube-scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1"]


def containerd() -> list[str]:
    """The container run-time."""
    return ["containerd", f"--config={settings.CONTAINERD}"]


def kubelet() -> list[str]:
    """The node."""
    return [
        *_client("kubelet"),
        f"--config={settings.KUBELET}",
        f"--root-dir={RUN / 'kubelet'}",
        f"--cert-dir={RUN / 'kubelet' / 'pki'}",
        f"--hostname-override={NODE}",
        f"--node-ip={NODE_IPV4},{NODE_IPV6}",
    ]


def kube_proxy() -> list[str]:
    """Services."""
    return [
        *_client("kube-proxy"),
        "--proxy-mode=iptables",
        f"--cluster-cidr={_PODS}",
        f"--hostname-override={NODE}",
        "--conntrack-max-per-core=0",
        "--nodeport-addresses=primary",
        "--iptables-min-sync-period=100ms",
        f"--oom-score-adj={settings.own_oom_score()}",
    ]


def kube_router() -> list[str]:
    """NetworkPolicy, and nothing else of what it can do."""
    return [
        *_client("kube-router"),
        "--run-router=false",
        "--run-firewall=true",
        "--run-service-proxy=false",
        "--run-loadbalancer=false",
        "--enable-ipv4=true",
        "--enable-ipv6=true",
        "--netpol-default-deny=true",
        *(f"--service-cluster-ip-range={services}" for services in SERVICE_RANGES),
        f"--service-node-port-range={_NODE_PORTS}",
        f"--hostname-override={NODE}",
        "--metrics-port=0",
        "--v=1",  # the tests wait for what it logs of each time that it programs the policies
    ]


def hosts_outside(addresses: Iterable[str], ports: Iterable[int]) -> list[str]:
    """The hosts outside the cluster, which answer on every port."""
    return ["nsenter", f"--net=/run/netns/{OUTSIDE}", "--", *_standin(addresses, OUTSIDE, ports)]


def control_plane(ports: Iterable[int]) -> list[str]:
    """What answers on the API server's node, on every port but its own."""
    return _standin((NODE_IPV4, NODE_IPV6), NODE, (port for port in ports if port != API_PORT))


def _standin(addresses: Iterable[str], name: str, ports: Iterable[int]) -> list[str]:
    return [str(BINARIES / "standin"), "-bind", ",".join(addresses), name, *map(str, ports)]


def _client(name: str) -> list[str]:
    return [str(BINARIES / name), f"--kubeconfig={settings.kubeconfig(name)}"]
