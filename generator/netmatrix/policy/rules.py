"""What Kubernetes objects must satisfy before anything is said about them, by rule id. NM001 to NM019 hold as well."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

UNKNOWN_FIELD = Rule(
    "NM501",
    "a field is one that the Kubernetes API defines",
    "Mend the spelling, or the indentation: the field may belong one level further out.",
)
TYPE = Rule("NM502", "a field holds the type that the Kubernetes API defines", "Write the type that the message names.")
REQUIRED = Rule("NM503", "a field that the Kubernetes API demands is there", "Add the field.")
NAME = Rule("NM504", "the names of objects are valid", "Use lower-case letters, digits and hyphens.")
LABEL = Rule(
    "NM505",
    "the keys and values of labels are valid",
    "Write letters, digits, `-`, `_` and `.`, 63 characters at most, with a letter or digit at both ends.",
)
SELECTOR = Rule(
    "NM506",
    "a label selector has known operators, with values where they need them",
    "Use In or NotIn with values, or Exists or DoesNotExist without.",
)
PORT = Rule(
    "NM507",
    "a port is a number from 1 to 65535, a range, or a port name",
    "Write a number, a range with `endPort`, or the name of a container's port.",
)
PEER = Rule(
    "NM508",
    "a peer is an ipBlock, or one or two selectors",
    "Give either an ipBlock, or a podSelector, a namespaceSelector or both.",
)
CIDR = Rule("NM509", "an address range is a CIDR in its canonical form", "Write it as the message says.")
EXCEPT = Rule(
    "NM510",
    "an except lies strictly inside its CIDR",
    "Name a range inside the CIDR and smaller than it, or remove it.",
)
POLICY_TYPE = Rule(
    "NM511", "a policy type is Ingress or Egress, and there are no more than two", "Write Ingress, Egress, or both."
)
DEFINED_TWICE = Rule("NM512", "an object is defined once, or always alike", "Remove one of the two definitions.")
NOT_AN_OBJECT = Rule(
    "NM513",
    "a document is a Kubernetes object: it has an apiVersion and a kind",
    "Give manifests alone: other YAML files do not belong here.",
)
NESTED_LIST = Rule("NM514", "a List is no more than 8 levels deep", "Write the objects out.")
FILE_SIZE = Rule("NM515", "a file of manifests is no larger than 512 MiB", "Split it.")
NO_MANIFESTS = Rule("NM516", "there is something to read", "Name the folder or file that holds the manifests.")
WHOLE_LIST = Rule(
    "NM517",
    "a list is the whole of it, and not one page of several",
    "Ask for the whole list, with `kubectl get` and without `--limit` or `--chunk-size`.",
)

FOREIGN = Rule(
    "NM520",
    "objects of other kinds and versions are counted, and not judged",
    "Nothing, unless one of them restricts the network: such policies are not judged.",
)
NAMESPACE_UNKNOWN = Rule(
    "NM521",
    "a namespace whose labels decide is part of the input",
    "Add the namespaces: `kubectl get networkpolicies,pods,namespaces -A -o json`.",
)
HOST_NETWORK = Rule(
    "NM522",
    "pods on the host's network are taken for their node, and not judged",
    "Nothing: no NetworkPolicy speaks for them.",
)
COMPLETED = Rule("NM523", "completed pods and retired revisions are left out", "Nothing: they do not run.")
ADDRESS_UNKNOWN = Rule(
    "NM524",
    "the addresses of pods are known where address ranges decide about pods",
    "Give pods as the cluster has them, with `status.podIPs`, and not their templates.",
)

BACKEND_FIELD = Rule(
    "NM975",
    "a field of a policy of another API says what its CRD allows",
    "Write it as the message says; the API server refuses the whole policy.",
)
BACKEND_FEATURE = Rule(
    "NM976",
    "a policy of another API says nothing whose effect is not decided here",
    "Say it in another way, or leave the policy out of the input, knowing that the verdict is then without it.",
)

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class ManifestError(FindingsError):
    """The manifests cannot be judged: its findings say where and why. None of them was left out instead."""
