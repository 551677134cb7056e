"""What Kubernetes objects must satisfy before anything is said about them, by rule id. NM001 to NM019 hold as well."""

from __future__ import annotations

from netmatrix.document import FindingsError, Rule

UNKNOWN_FIELD = Rule("NM501", "a field is one that the Kubernetes API defines")
TYPE = Rule("NM502", "a field holds the type that the Kubernetes API defines")
REQUIRED = Rule("NM503", "a field that the Kubernetes API demands is there")
NAME = Rule("NM504", "the names of objects are valid")
LABEL = Rule("NM505", "the keys and values of labels are valid")
SELECTOR = Rule("NM506", "a label selector has known operators, with values where they need them")
PORT = Rule("NM507", "a port is a number from 1 to 65535, a range, or a port name")
PEER = Rule("NM508", "a peer is an ipBlock, or one or two selectors")
CIDR = Rule("NM509", "an address range is a CIDR in its canonical form")
EXCEPT = Rule("NM510", "an except lies strictly inside its CIDR")
POLICY_TYPE = Rule("NM511", "a policy type is Ingress or Egress, and there are no more than two")
DEFINED_TWICE = Rule("NM512", "an object is defined once, or always alike")
NOT_AN_OBJECT = Rule("NM513", "a document is a Kubernetes object: it has an apiVersion and a kind")
NESTED_LIST = Rule("NM514", "a List is no more than 8 levels deep")
FILE_SIZE = Rule("NM515", "a file of manifests is no larger than 512 MiB")
NO_MANIFESTS = Rule("NM516", "there is something to read")
WHOLE_LIST = Rule("NM517", "a list is the whole of it, and not one page of several")

FOREIGN = Rule("NM520", "objects of other kinds and versions are counted, and not judged")
NAMESPACE_UNKNOWN = Rule("NM521", "a namespace whose labels decide is part of the input")
HOST_NETWORK = Rule("NM522", "pods on the host's network are taken for their node, and not judged")
COMPLETED = Rule("NM523", "completed pods and retired revisions are left out")
ADDRESS_UNKNOWN = Rule("NM524", "the addresses of pods are known where address ranges decide about pods")

RULES = tuple(value for value in dict(vars()).values() if isinstance(value, Rule))


class ManifestError(FindingsError):
    """The manifests cannot be judged: its findings say where and why. None of them was left out instead."""
