"""Bad input ends in an answer or in a clear error at its place: never in a traceback, never with a policy dropped."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netmatrix.document import Finding
from netmatrix.policy import ManifestError, Reach, connections, parse_manifests, read_manifests
from tests.policy.samples import lines, pod, policy, read

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\n"
LIST = '{"apiVersion":"v1","kind":"List","items":['


def spec(text: str) -> str:
    return f"{HEAD}spec: {text}\n"


def peer(text: str) -> str:
    return spec("{ingress: [{from: [" + text + "]}]}")


def port(text: str) -> str:
    return spec("{ingress: [{ports: [" + text + "]}]}")


def selector(text: str) -> str:
    return spec("{podSelector: " + text + "}")


REFUSED = {
    "one page of a list": (LIST.replace('"items"', '"metadata":{"continue":"abc"},"items"') + "]}", "1:57", "NM517"),
    "an unknown field": (spec("{podSelector: {}, ingres: []}"), "4:25", "NM501"),
    "an unknown field of a peer": (peer("{podSelectr: {}}"), "4:27", "NM501"),
    "an unknown field of the object": (f"{HEAD}specs: {{}}\n", "4:1", "NM501"),
    "an unknown field of metadata": (HEAD.replace("name: x", "name: x, lables: {}"), "3:21", "NM501"),
    "a key twice": (spec("{podSelector: {}, podSelector: {}}"), "4:25", "NM009"),
    "a list for a mapping": (selector("[]"), "4:21", "NM502"),
    "a mapping for a list": (spec("{ingress: {}}"), "4:17", "NM502"),
    "a number for a label": (selector("{matchLabels: {a: 1}}"), "4:39", "NM502"),
    "a bare on for a label": (selector("{matchLabels: {a: on}}"), "4:39", "NM012"),
    "a bare on for a label's key": (selector("{matchLabels: {on: a}}"), "4:36", "NM010"),
    "a rule that is null": (spec("{ingress: [null]}"), "4:18", "NM502"),
    "a peer that says nothing": (peer("{}"), "4:26", "NM508"),
    "a peer of selectors that are null": (peer("{podSelector: null}"), "4:26", "NM508"),
    "a peer with an ipBlock and a selector": (peer("{ipBlock: {cidr: 0.0.0.0/0}, podSelector: {}}"), "4:26", "NM508"),
    "an ipBlock without cidr": (peer("{ipBlock: {}}"), "4:36", "NM503"),
    "port 0": (port("{port: 0}"), "4:34", "NM507"),
    "port 65536": (port("{port: 65536}"), "4:34", "NM507"),
    "port -1": (port("{port: -1}"), "4:34", "NM507"),
    "a port in quotes": (port("{port: '80'}"), "4:34", "NM507"),
    "a port name that is too long": (port("{port: abcdefghijklmnop}"), "4:34", "NM507"),
    "a port name of two hyphens": (port("{port: a--b}"), "4:34", "NM507"),
    "a port with a fraction": (port("{port: 80.0}"), "4:34", "NM502"),
    "an octal port": (port("{port: 0120}"), "4:34", "NM012"),
    "endPort alone": (port("{endPort: 80}"), "4:37", "NM507"),
    "endPort beside a name": (port("{port: http, endPort: 80}"), "4:49", "NM507"),
    "endPort below port": (port("{port: 80, endPort: 79}"), "4:47", "NM507"),
    "endPort 65536": (port("{port: 80, endPort: 65536}"), "4:47", "NM507"),
    "an unknown protocol": (port("{protocol: tcp}"), "4:38", "NM507"),
    "an unknown policy type": (spec("{policyTypes: [ingress]}"), "4:22", "NM511"),
    "three policy types": (spec("{policyTypes: [Ingress, Egress, Egress]}"), "4:21", "NM511"),
    "an unknown operator": (selector("{matchExpressions: [{key: a, operator: in, values: [b]}]}"), "4:60", "NM506"),
    "In without values": (selector("{matchExpressions: [{key: a, operator: In}]}"), "4:41", "NM506"),
    "Exists with values": (selector("{matchExpressions: [{key: a, operator: Exists, values: [b]}]}"), "4:76", "NM506"),
    "no operator": (selector("{matchExpressions: [{key: a}]}"), "4:41", "NM503"),
    "a bad label key": (selector("{matchLabels: {a b: c}}"), "4:36", "NM505"),
    "a bad label value": (selector("{matchLabels: {a: -b}}"), "4:39", "NM505"),
    "a bad name": (HEAD.replace("name: x", "name: X_y"), "3:18", "NM504"),
    "a bad namespace": (HEAD.replace("name: x", "name: x, namespace: a.b"), "3:32", "NM504"),
    "no name": (HEAD.replace("name: x", ""), "3:11", "NM503"),
    "an except that is the whole": (peer("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}"), "4:64", "NM510"),
    "an except outside": (peer("{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}"), "4:64", "NM510"),
    "an except of the other family": (peer("{ipBlock: {cidr: 0.0.0.0/0, except: ['fd00::/8']}}"), "4:63", "NM510"),
    "a tag": (spec("!!map {}"), "4:7", "NM011"),
    "an alias of nothing": (spec("*x"), "4:7", "NM006"),
    "a recursive alias": (spec("&x {podSelector: *x}"), "4:7", "NM015"),
    "text after the separator": (f"--- {{a: b}}\n{HEAD}", "1:1", "NM019"),
    "text that hangs on the separator": (f"{HEAD}spec: {{}}\n---b: |\n {HEAD}", "5:1", "NM019"),
    "a separator that ends no line": (f"{HEAD}spec: {{}}\r---\r{HEAD}", "6:1", "NM019"),
    "a scalar": ("hello", "1:1", "NM513"),
    "an object without kind": ("apiVersion: v1\n", "1:1", "NM513"),
    "nothing": ("", "1:1", "NM516"),
    "comments alone": ("# nothing\n---\n", "1:1", "NM516"),
    "a truncated flow mapping": (spec("{podSelector: {}")[:-2], "5:1", "NM006"),
    "a truncated key": (spec("{}")[:-6], "4:1", "NM006"),
    "JSON cut off": (f'{LIST}{{"apiVersion": "v1", ', "2:1", "NM006"),
    "an alias bomb": (
        "a: &a [x]\nb: &b [*a,*a]\n"
        + "".join(f"{chr(99 + i)}: &{chr(99 + i)} [{','.join(['*' + chr(98 + i)] * 10)}]\n" for i in range(9)),
        "1:1",
        "NM014",
    ),
    "brackets without end": ("[" * 100_000, "1:1", "NM013"),
    "brackets 100,000 deep": ("[" * 100_000 + "]" * 100_000, "1:1", "NM013"),
    "lists 100,000 deep": ("- " * 100_000, "1:1", "NM013"),
    "a List in a List in a List ...": (LIST * 20 + "]}" * 20, "1:337", "NM514"),
    "a List that holds a number": (f"{LIST}1]}}", "1:43", "NM513"),
    "a container port misspelt": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{ports: [{containerPorts: 1}]}]}\n",
        "4:30",
        "NM503",
    ),
    "containers misspelt": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {Containers: [{}], containers: [{}]}\n",
        "4:8",
        "NM501",
    ),
}


def test_a_file_of_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(policy()), encoding="utf-8")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "gone")
    with pytest.raises(ManifestError, match=r"b\.yaml:1:1: NM001 it cannot be read: no such file"):
        read_manifests([str(tmp_path)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_in_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(policy()), encoding="utf-8")
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(ManifestError, match="closed:1:1: NM001 it cannot be read: permission denied"):
        read_manifests([str(tmp_path)])


CIDRS = (
    *("10.0.0.1/8", "010.0.0.0/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/255.0.0.0", "10.0.0/8"),
    *("::/129", "fe80::1%eth0/64", "::ffff:1.2.3.4/128", "", "abc", "10.0.0.0/-1", " 10.0.0.0/8"),
    "1.2.3.4/" + "9" * 5000,
)


@pytest.mark.parametrize(("text", "place", "rule"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_at_its_place(text: str, place: str, rule: str) -> None:
    with pytest.raises(ManifestError) as refused:
        parse_manifests(text.encode(), "f.yaml")
    assert (f"f.yaml:{place}", rule) in [(str(item.place), item.rule.id) for item in refused.value.findings]


@pytest.mark.parametrize("cidr", CIDRS)
def test_a_bad_cidr_is_refused(cidr: str) -> None:
    with pytest.raises(ManifestError, match="NM509"):
        read(policy(ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}]))


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "10.0.0.1/32", "::/0", "fd00::1/128"])
def test_the_widest_and_the_narrowest_cidr_are_read(cidr: str) -> None:
    assert read(policy(ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}])).policies


def test_a_range_that_ends_among_ipv4_in_ipv6_reads_the_same_on_every_python() -> None:
    block = {"cidr": "::fffe:0:0/95"}
    found = connections(Reach(read(pod("a"), policy(podSelector={}, ingress=[{"from": [{"ipBlock": block}]}]))))
    assert "::fffe:0:0-::ffff:ffff:ffff" in {item.source for item in found}


def test_overlapping_excepts_are_taken_out_once() -> None:
    block = {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9", "10.0.0.0/16", "10.0.0.0/9"]}
    found = lines(pod("a"), policy(podSelector={}, ingress=[{"from": [{"ipBlock": block}]}]))
    assert "10.128.0.0-10.255.255.255 => default/a[Pod] : All Connections" in found
    assert len(found) == 2


@pytest.mark.parametrize("where", ["name", "label", "value", "kind"])
def test_ten_megabytes_in_one_value_are_told_in_one_line(where: str) -> None:
    long = "x" * 10_000_000
    item = policy(podSelector={"matchLabels": {long if where == "label" else "a": long if where == "value" else "b"}})
    if where in ("name", "kind"):
        (item["metadata"] if where == "name" else item)[where] = long
    if where == "kind":
        assert len(read(item).notes[0].message) < 300
        return
    with pytest.raises(ManifestError) as refused:
        read(item)
    assert all(len(found.message) < 300 for found in refused.value.findings)


def test_a_selector_with_a_thousand_values() -> None:
    values = [f"a{number}" for number in range(1000)]
    pods = [pod(f"a{number}") for number in (0, 999)]
    wanted = {"matchExpressions": [{"key": "app", "operator": "In", "values": values}]}
    found = lines(*pods, pod("b"), policy(podSelector={}, ingress=[{"from": [{"podSelector": wanted}]}]))
    assert "default/a0[Pod] => default/b[Pod] : All Connections" in found
    assert "default/b[Pod] => default/a0[Pod] : All Connections" not in found


def test_ten_thousand_policies_that_select_everything() -> None:
    policies = [
        policy(f"p{number}", podSelector={}, ingress=[{"ports": [{"port": number + 1}]}]) for number in range(10_000)
    ]
    assert "default/a[Pod] => default/b[Pod] : TCP 1-10000" in lines(*policies, pod("a"), pod("b"))


def test_thousands_of_overlapping_ranges_each_with_a_port_of_its_own() -> None:
    """Each range leaves out one piece of all the others: every union of ports that is open somewhere is another."""
    count = 5_000

    def block(number: int) -> dict[str, object]:
        return {"cidr": "10.0.0.0/8", "except": [f"10.{number // 256}.{number % 256}.0/24"]}

    policies = [
        policy(f"p{n}", podSelector={}, ingress=[{"from": [{"ipBlock": block(n)}], "ports": [{"port": n + 1}]}])
        for n in range(count)
    ]
    found = lines(*policies, pod("a"))
    assert f"10.0.0.0-10.0.0.255 => default/a[Pod] : TCP 2-{count}" in found
    assert f"10.1.2.0-10.1.2.255 => default/a[Pod] : TCP 1-258,260-{count}" in found
    assert f"10.19.136.0-10.255.255.255 => default/a[Pod] : TCP 1-{count}" in found
    assert sum(" => default/a[Pod]" in line for line in found) == count + 1


def test_thousands_of_overlapping_selectors_each_with_a_port_of_its_own() -> None:
    def some(number: int) -> dict[str, object]:
        names = [f"a{bit}" for bit in range(12) if (number + 1) >> bit & 1]
        return {"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": names}]}}

    policies = [
        policy(f"p{n}", podSelector={}, ingress=[{"from": [some(n)], "ports": [{"port": n + 1}]}]) for n in range(4_095)
    ]
    found = lines(*policies, *(pod(f"a{bit}") for bit in range(12)))
    odd = ",".join(str(port) for port in range(1, 4_096, 2))
    assert f"default/a0[Pod] => default/a1[Pod] : TCP {odd}" in found
    assert "default/a11[Pod] => default/a1[Pod] : TCP 2048-4095" in found


def test_foreign_kinds_and_versions_are_counted_and_named() -> None:
    def foreign(version: str, kind: str) -> dict[str, object]:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": {"podSelector": 5}}

    manifests = read(
        foreign("cilium.io/v2", "CiliumNetworkPolicy"),
        foreign("v1", "Service"),
        foreign("v1", "Service"),
        foreign("extensions/v1beta1", "NetworkPolicy"),
    )
    assert [(item.api_version, item.kind, item.count) for item in manifests.foreign] == [
        ("cilium.io/v2", "CiliumNetworkPolicy", 1),
        ("extensions/v1beta1", "NetworkPolicy", 1),
        ("v1", "Service", 2),
    ]
    assert [note.severity for note in manifests.notes] == ["warning", "warning", "note"]


def test_all_errors_are_told_in_one_run() -> None:
    texts = [spec("{podSelectr: {}}"), port("{port: 0}"), peer("{}")]
    text = "---\n".join(text.replace("name: x", f"name: x{number}") for number, text in enumerate(texts))
    with pytest.raises(ManifestError) as refused:
        parse_manifests(text.encode(), "f.yaml")
    assert [str(item.place) for item in refused.value.findings] == ["f.yaml:4:8", "f.yaml:9:34", "f.yaml:14:26"]


def test_an_object_defined_in_two_ways_is_refused_and_in_one_way_is_harmless() -> None:
    assert len(read(policy(podSelector={}), policy(podSelector={})).policies) == 1
    with pytest.raises(ManifestError, match="NM512"):
        read(policy(podSelector={}), policy(podSelector={}, policyTypes=["Egress"]))


GOOD = json.dumps(
    policy(podSelector={}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}]}])
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.integers(0, len(GOOD)), st.binary(max_size=4), st.integers(0, 12), st.sampled_from(["f.json", "f.yaml"]))
def test_no_bytes_crash_the_reader(at: int, inserted: bytes, dropped: int, file: str) -> None:
    content = GOOD.encode()[:at] + inserted + GOOD.encode()[at + dropped :]
    errors: tuple[Finding, ...] = ()
    try:
        found = list(connections(Reach(parse_manifests(content, file))))
    except ManifestError as error:
        errors, found = error.findings, []
    assert found == []
    assert all(item.message and item.place.file == file for item in errors)
