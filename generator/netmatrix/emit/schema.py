"""The JSON Schema of the chart's values (draft-07), closed at every level, derived from the matrix.

Patterns are written so that Python and Go (RE2) read them alike: ASCII classes, no lookaround, both anchors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netmatrix.emit.audit_schema import AMOUNTS, AUDIT, IMAGE, PULL_POLICY, RESOURCES
from netmatrix.emit.removed import with_removed
from netmatrix.matrix.model import Endpoint, EndpointKind, Matrix, Namespace, Pod
from netmatrix.matrix.names import DIGEST, LONGEST_NAME

Schema = dict[str, Any]

_DNS_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_LABEL_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4_RANGE = rf"{_OCTET}(\.{_OCTET}){{3}}/(3[0-2]|[12]?[0-9])"
_IPV6_RANGE = "[0-9a-f:]{2,39}/(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
_CONTROL = "\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\ufeff\ufffe\uffff"

PEERS_OF_ANYONE = 32
EXCEPTIONS = 64

_DEFINITIONS: Schema = {
    "port": {"title": "a port number, 1 to 65535", "type": "integer", "minimum": 1, "maximum": 65535},
    "namespaceName": {
        "title": "a namespace's name: lower-case letters, digits and hyphens, 63 characters at most",
        "type": "string",
        "pattern": f"^{_DNS_LABEL}$",
    },
    "label": {
        "title": "a label as key=value, both given",
        "type": "string",
        "maxLength": 253,
        "pattern": rf"^({_DNS_LABEL}(\.{_DNS_LABEL})*/)?{_LABEL_WORD}={_LABEL_WORD}$",
    },
    "selector": {
        "title": "a list of key=value labels, all of them demanded",
        "type": "array",
        "minItems": 1,
        "maxItems": 16,
        "uniqueItems": True,
        "items": {"$ref": "#/definitions/label"},
    },
    "cidr": {
        "title": "an address range such as 10.0.0.0/8 or 2001:db8::/32",
        "type": "string",
        "pattern": f"^({_IPV4_RANGE}|{_IPV6_RANGE})$",
    },
    "line": {
        "title": "one line of text, 300 characters at most",
        "type": "string",
        "maxLength": 300,
        "pattern": f"^[^{_CONTROL}]*[^ {_CONTROL}][^{_CONTROL}]*$",
    },
    "date": {
        "title": "a day as YYYY-MM-DD",
        "type": "string",
        "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    },
}


def values_schema(matrix: Matrix) -> Schema:
    """The schema of the merged values. An empty or missing `environment` passes: the chart's guard speaks of it."""
    properties = {
        "environment": {
            "description": "Which of the matrix's environments this cluster is. Set by an environment file.",
            "type": "string",
            "enum": ["", *matrix.environments],
            "title": "one of the environments: " + ", ".join(matrix.environments),
        },
        "namespaces": _closed(
            "The application's namespaces. Kubernetes' own cannot be renamed.",
            {id_: _namespace(item) for id_, item in matrix.namespaces.items() if not item.fixed},
        ),
        "pods": _closed(
            "How pods are recognised and where they listen. Both ends of a flow follow.",
            {id_: _pod(pod) for id_, pod in matrix.pods.items()},
        ),
        "endpoints": _closed(
            "The parties that are not pods of ours.", {id_: _endpoint(item) for id_, item in matrix.endpoints.items()}
        ),
        "flows": _closed(
            "Which flows are on. A flow that is not named is off.",
            {
                flow.id: _flow(f"{flow.source.id} -> {flow.destination.id}", flow.reason)
                for flow in matrix.without_audit().flows.values()
            },
            required=(),
        ),
        "exceptions": _exceptions(matrix),
        "backends": _backends(),
        **({"audit": _audit()} if matrix.audit_pod else {}),
        "test": _test(),
    }
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Values of {matrix.chart_name}",
        "description": "They narrow or retarget what the matrix grants; only exceptions go beyond it.",
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name != "environment"],
        "properties": {
            **properties,
            "global": {"description": "Reserved by Helm for values shared between charts; not used.", "type": "object"},
        },
        "patternProperties": {"^x-": {"description": "For your own anchors and notes; not used."}},
        "definitions": _DEFINITIONS,
    }
    return with_removed(schema, matrix.removed)


def bare_schema(schema: Any) -> Any:
    """The same schema for the chart's own judge: without what only people read, and each definition said once."""
    if isinstance(schema, list):
        return [bare_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare: Schema = {}
    for key, value in schema.items():
        if key == "definitions":
            bare[key] = value
        elif key in ("properties", "patternProperties"):
            bare[key] = {name: bare_schema(item) for name, item in value.items()}
        elif key not in ("description", "$schema", "$comment"):
            bare[key] = bare_schema(value)
    name = next((name for name, definition in _DEFINITIONS.items() if bare == definition), None)
    return {"$ref": f"#/definitions/{name}"} if name else bare


def _closed(description: str, properties: Mapping[str, Schema], required: tuple[str, ...] | None = None) -> Schema:
    schema: Schema = {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
    }
    names = list(properties if required is None else required)
    return {**schema, "required": names} if names else schema


def _ref(name: str, description: str) -> Schema:
    """A reference with its description beside it: through allOf, since draft-07 ignores what stands beside a $ref."""
    return {**_DEFINITIONS[name], "description": description} if name != "selector" else _selector(description)


def _selector(description: str) -> Schema:
    return {**_DEFINITIONS["selector"], "description": description}


def _list(description: str, item: str, *, least: int = 0, most: int) -> Schema:
    schema: Schema = {
        "description": description,
        "type": "array",
        "maxItems": most,
        "uniqueItems": True,
        "items": {"$ref": f"#/definitions/{item}"},
    }
    return {**schema, "minItems": least} if least else schema


def _boolean(description: str) -> Schema:
    return {"description": description, "type": "boolean"}


def _keyed(description: str, item: Schema, *, most: int, longest: int = 40) -> Schema:
    """A map by an id of the operator's own choice."""
    return {
        "description": description,
        "type": "object",
        "maxProperties": most,
        "propertyNames": {
            "title": f"an id: lower-case letters, digits and single hyphens, {longest} characters at most",
            "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
            "maxLength": longest,
        },
        "additionalProperties": item,
    }


def _namespace(namespace: Namespace) -> Schema:
    return _closed(
        f"The namespace that the matrix calls {namespace.id}.",
        {
            "name": _ref("namespaceName", "Its name in this cluster."),
            "create": _boolean(
                "Whether the chart creates it where it is absent. It is kept on uninstall. "
                "The namespace that the release is installed into is Helm's to create."
            ),
            "lookup": _boolean(
                "Whether install and upgrade look it up: to stop where it is absent, to leave alone what others made."
            ),
        },
    )


def _pod(pod: Pod) -> Schema:
    properties = {"selector": _selector("The labels that its pods carry, as key=value; all are demanded.")}
    if pod.ports:
        properties["ports"] = _closed(
            "The ports that its pods listen on, by name.",
            {name: _ref("port", f"Its {name} port, {port.protocol}.") for name, port in pod.ports.items()},
        )
    return _closed(pod.description or f"The pods of {pod.id}.", properties)


def _endpoint(endpoint: Endpoint) -> Schema:
    description = endpoint.description or f"The endpoint {endpoint.id}."
    if endpoint.kind is EndpointKind.ANYONE:
        return _closed(description, _anyone())
    if endpoint.kind is EndpointKind.PODS:
        return _closed(description, _pods_endpoint(endpoint))
    if endpoint.ceiling is not None:
        return _closed(description, _retargetable_addresses(endpoint))
    return _closed(
        description,
        {
            "additionalExcept": _keyed(
                "Further ranges to take out, by an id each. A layer adds; the matrix's own exceptions always hold.",
                _ref("cidr", "A range strictly inside the endpoint's."),
                most=64,
            )
        },
    )


def _anyone() -> dict[str, Schema]:
    peer = _closed(
        "Either a range of addresses, or pods by namespace and labels.",
        {
            "cidr": _ref("cidr", "A range of addresses outside the cluster."),
            "namespace": _ref("namespaceName", "The namespace of the pods, by name."),
            "selector": _selector("The labels of the pods, as key=value; all are demanded."),
        },
        required=(),
    )
    return {
        "anyone": _boolean("Whether every source there is counts. Set it to false to name peers instead."),
        "peers": _keyed(
            "Who counts where anyone is false, by an id each. Nobody where it is empty.", peer, most=PEERS_OF_ANYONE
        ),
    }


def _pods_endpoint(endpoint: Endpoint) -> dict[str, Schema]:
    assert endpoint.ceiling is not None, "the matrix demands a ceiling of an endpoint of kind pods"
    peer = _closed(
        "Pods by namespace and labels.",
        {
            "namespace": _ref("namespaceName", "The namespace of the pods, by name; none of the application's own."),
            "selector": _selector("The labels of the pods, as key=value; all are demanded."),
        },
    )
    return {
        "peers": _keyed(
            "The pods, by an id each. Set an id to null to take one of the chart's away.",
            peer,
            most=endpoint.ceiling.peers,
        ),
        "cidrs": _list(
            "Addresses of pods that run in the host's network, as ranges of one address.",
            "cidr",
            most=endpoint.ceiling.cidrs,
        ),
        "ports": _closed(
            "The port that the pods listen on, by protocol.",
            {
                port.protocol.lower(): _ceiling_port(endpoint, f"The port over {port.protocol}.")
                for port in endpoint.ports
            },
        ),
    }


def _retargetable_addresses(endpoint: Endpoint) -> dict[str, Schema]:
    assert endpoint.ceiling is not None
    properties: dict[str, Schema] = {
        "cidrs": _list("Its address ranges in this cluster.", "cidr", most=endpoint.ceiling.cidrs),
        "ports": {
            "description": "Its TCP ports in this cluster; each goes with each range of cidrs.",
            "type": "array",
            "minItems": 1,
            "maxItems": len(endpoint.ceiling.ports),
            "uniqueItems": True,
            "items": _ceiling_port(endpoint, "A TCP port."),
        },
    }
    if endpoint.discovery:
        service = f"{endpoint.discovery.namespace}/{endpoint.discovery.service}"
        properties["discover"] = _boolean(
            f"Whether install and upgrade look up the EndpointSlices of the Service {service} and grant those too."
        )
    return properties


def _ceiling_port(endpoint: Endpoint, description: str) -> Schema:
    assert endpoint.ceiling is not None
    ports = list(endpoint.ceiling.ports)
    title = "one of the ports that the matrix allows here: " + ", ".join(str(port) for port in ports)
    return {"description": description, "title": title, "type": "integer", "enum": ports}


def _flow(ends: str, reason: str) -> Schema:
    description = f"{ends}. {reason}." if reason else f"{ends}."
    return _closed(
        description, {"enabled": _boolean("Whether the flow is on. An environment that does not grant it refuses it.")}
    )


def _exceptions(matrix: Matrix) -> Schema:
    properties = {
        "from": _exception_end(matrix, "Who opens the connection."),
        "to": _exception_end(matrix, "To whom."),
        "ports": _exception_ports(),
        "reason": _ref("line", "Why it is needed."),
        "owner": _ref("line", "Who answers for it."),
        "expires": _ref("date", "The last day on which it is good."),
    }
    form = "Exactly one of pod, endpoint, cidr, or namespace with selector at each end."
    return _keyed(
        "What this cluster needs beyond the matrix, by an id each: from, to, ports, reason, owner, expires. "
        "A never line of the matrix wins over it.",
        _closed(f"A connection beyond the matrix. {form}", properties),
        most=EXCEPTIONS,
        longest=LONGEST_NAME - len(f"{matrix.prefix}-exception--ingress-") - DIGEST,
    )


def _exception_end(matrix: Matrix, description: str) -> Schema:
    endpoint = {"description": "An endpoint of the matrix.", "type": "string", "enum": list(matrix.endpoints)}
    return _closed(
        description,
        {
            "pod": {"description": "A pod of the matrix.", "type": "string", "enum": list(matrix.without_audit().pods)},
            **({"endpoint": endpoint} if matrix.endpoints else {}),
            "cidr": _ref("cidr", "A range of addresses."),
            "namespace": _ref("namespaceName", "The namespace of other pods, by name; with selector."),
            "selector": _selector("The labels of other pods; with namespace."),
        },
        required=(),
    )


def _backends() -> Schema:
    switch = {"enabled": _boolean("Whether they are rendered.")}
    return _closed(
        "The same matrix once more, in the words of other APIs. Their objects stand beside the NetworkPolicies.",
        {
            "cilium": _closed(
                "Every flow as CiliumNetworkPolicies too: the API server by name instead of by address, DNS as DNS.",
                switch,
            ),
            "clusterNetworkPolicy": _closed(
                "The default-deny as a ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2) of the Baseline tier, "
                "which nobody who may only edit a namespace can delete.",
                switch,
            ),
        },
    )


def _audit() -> Schema:
    rooms = {name: _closed(text, AMOUNTS) for name, text in RESOURCES.items()}
    return _closed(
        "A CronJob that compares the cluster with the matrix, with the permissions that it needs and no others. "
        "Its pod and its flow are there only where it is switched on. A finding fails its Job.",
        {
            "enabled": _boolean("Whether it is installed."),
            **AUDIT,
            "resources": _closed("What its container asks for and what it may use.", rooms),
        },
    )


def _test() -> Schema:
    image = {
        "description": "An image with agnhost, of Kubernetes' own network tests, and a shell; your registry's copy.",
        "title": "an image's name, 255 characters at most",
        "type": "string",
        "maxLength": 255,
        "pattern": f"^{IMAGE}$",
    }
    return _closed("The pods of `helm test` and `netmatrix probe`.", {"image": image, "pullPolicy": PULL_POLICY})


def _exception_ports() -> Schema:
    port = {
        "protocol": {"description": "Its protocol.", "type": "string", "enum": ["TCP", "UDP", "SCTP"]},
        "port": _ref("port", "Its number."),
    }
    return {
        "description": "On which ports.",
        "type": "array",
        "minItems": 1,
        "maxItems": 32,
        "uniqueItems": True,
        "items": _closed("A port of the destination.", port),
    }
