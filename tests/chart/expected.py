"""What the chart must open, written by hand from Red Kite's documentation and deployment: the one place to add a line.

A line is a pod, a direction of its policies, the peer, and the ports.
"""

from __future__ import annotations

from tests.support.connections import ANY, ANYONE, Connection

# Where the pods run and which labels they carry: what the rendered selectors must demand.
DEVSPACE = {"app.kubernetes.io/name": "devspace-app"}
PODS = {
    "ui": ("stalker", DEVSPACE | {"app.kubernetes.io/component": "ui"}),
    "jobs-manager": ("stalker", DEVSPACE | {"app.kubernetes.io/component": "jobs-manager"}),
    "cron": ("stalker", DEVSPACE | {"app.kubernetes.io/component": "cron"}),
    "mongo": (
        "stalker",
        {
            "app.kubernetes.io/name": "mongodb",
            "app.kubernetes.io/instance": "mongo",
            "app.kubernetes.io/component": "mongodb",
        },
    ),
    "kafka": ("stalker", {"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": "kafka"}),
    "orchestrator": ("stalker", DEVSPACE | {"app.kubernetes.io/component": "orchestrator"}),
    "jobs": ("stalker-jobs", {"red-kite.io/component": "job"}),
    "jobs-consumer": ("stalker", DEVSPACE | {"app.kubernetes.io/component": "jobs-consumer"}),
    "dns": ("kube-system", {"k8s-app": "kube-dns"}),
}

AUDIT = {"audit": ("stalker", {"app.kubernetes.io/name": "netmatrix-audit"})}
"""A row only where values switch the audit on."""

NAMES = {
    "outside": ANYONE,
    "kubernetes-api": "10.96.0.1/32",
    "internet": "0.0.0.0/0 except 169.254.169.254/32, 172.16.0.0/12, 192.168.0.0/16, 10.0.0.0/8",
    "internet-ipv6": "2000::/3 except 2001::/32, 2002::/16",
}

COMMON = """
jobs-manager  ingress  cron            TCP 3000
jobs-manager  egress   dns             UDP 53, TCP 53
jobs-manager  egress   kafka           TCP 9092
jobs-manager  egress   mongo           TCP 27017
cron          egress   dns             UDP 53, TCP 53
cron          egress   jobs-manager    TCP 3000
cron          egress   mongo           TCP 27017
mongo         ingress  jobs-manager    TCP 27017
mongo         ingress  cron            TCP 27017
mongo         ingress  mongo           TCP 27017
mongo         egress   mongo           TCP 27017
kafka         ingress  jobs-manager    TCP 9092
kafka         ingress  kafka           TCP 9092, TCP 9093, TCP 9094
kafka         ingress  orchestrator    TCP 9092
kafka         egress   dns             UDP 53, TCP 53
kafka         egress   kafka           TCP 9092, TCP 9093, TCP 9094
orchestrator  ingress  jobs            TCP 80
orchestrator  egress   dns             UDP 53, TCP 53
orchestrator  egress   kubernetes-api  TCP 443
orchestrator  egress   kafka           TCP 9092
jobs          egress   orchestrator    TCP 80
jobs          egress   internet        any port
"""

ONLY = {
    "prod": """
ui            ingress  outside         TCP 80, TCP 443
ui            egress   dns             UDP 53, TCP 53
ui            egress   jobs-manager    TCP 3000
jobs-manager  ingress  ui              TCP 3000
""",
    "dev": """
ui            ingress  outside         TCP 4200
jobs-manager  ingress  outside         TCP 3000
cron          ingress  outside         TCP 3000
mongo         ingress  outside         TCP 27017
""",
}

OPERATIONAL = """
jobs           egress   dns            UDP 53, TCP 53
jobs           egress   internet-ipv6  any port
jobs-manager   egress   internet       TCP 443
mongo          egress   dns            UDP 53, TCP 53
jobs-consumer  egress   dns            UDP 53, TCP 53
jobs-consumer  egress   kafka          TCP 9092
jobs-consumer  egress   mongo          TCP 27017
kafka          ingress  jobs-consumer  TCP 9092
mongo          ingress  jobs-consumer  TCP 27017
"""


def rows(text: str) -> list[tuple[str, str, str, str]]:
    """The lines of a table above: pod, direction, peer, ports."""
    found = []
    for line in text.split("\n"):
        if line:
            pod, direction, peer, ports = line.split(maxsplit=3)
            found.append((pod, direction, peer, ports))
    return found


DOCUMENTED = tuple(pod for pod in PODS if pod in {row[0] for row in rows(COMMON + ONLY["prod"] + ONLY["dev"])})
"""The pods of the documented tables: those with a line that is not operational."""

DENY = {f"redkite-default-deny/{namespace}" for namespace in ("stalker", "stalker-jobs", "default")}
ENDPOINTS = {*NAMES, "dns"}
"""Those ends of flows whose policies are not ours: what leads there or comes from there has a policy of its own."""


def documented_policies(environment: str) -> set[str]:
    """The policies of an environment file alone: default-deny, two for each documented pod, one for each flow apart."""
    pods = {f"redkite-{pod}-{direction}" for pod in DOCUMENTED for direction in ("ingress", "egress")}
    lines = rows(COMMON + ONLY[environment])
    apart = {lone(environment, pod, direction, peer) for pod, direction, peer, _ in lines if peer in ENDPOINTS}
    return DENY | pods | apart


def lone(environment: str, pod: str, direction: str, peer: str) -> str:
    """The name of the policy of a flow that stands alone."""
    source, destination = (pod, peer) if direction == "egress" else (peer, pod)
    of_dev = (environment, peer, pod) == ("dev", "outside", "ui")
    return f"redkite-flow-{source}-to-{destination}{'-dev' if of_dev else ''}-{direction}"


def peers(environment: str, pod: str, direction: str) -> list[str]:
    """Who stands at the other end of the rules of a documented pod's own policy, in the tables' order."""
    lines = rows(COMMON + ONLY[environment])
    return [peer for *end, peer, _ in lines if end == [pod, direction] and peer not in ENDPOINTS]


def table(text: str) -> list[Connection]:
    """The lines of a table above as connections, in the reader's order."""
    return sorted(
        Connection(pod, direction, NAMES.get(peer, peer), *((ANY, ANY) if port == "any port" else port.split()))
        for pod, direction, peer, ports in rows(text)
        for port in ports.split(", ")
    )


def operational_policies() -> set[str]:
    """The policies that the operational overlay adds: one for each end of a flow that is a pod of ours."""
    return {lone("", pod, direction, peer) for pod, direction, peer, _ in rows(OPERATIONAL)}
