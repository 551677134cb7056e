"""Which plugin connects the pods, whether it enforces policies, and whether its ipBlocks match pods."""

from __future__ import annotations

from collections.abc import Iterator

from netmatrix.cluster import Item, Snapshot
from netmatrix.discover import objects
from netmatrix.discover.facts import About, Fact, Learned, Question, some
from netmatrix.discover.platform import Platform, platforms
from netmatrix.discover.plugins import Answer, Enforcement, Plugin, recognised
from netmatrix.discover.settings import server_arguments

_PROBE = "`netmatrix probe` with the values of this cluster: it connects, and says whether policies are enforced"
_IN_K3S = "k3s' own policy controller (kube-router)"


def about_plugin(snapshot: Snapshot) -> Iterator[Learned]:
    """Facts about the plugins that were recognised; questions where none was, or where its settings do not tell."""
    found = recognised(snapshot)
    judged = [(plugin, item, plugin.judge(item, snapshot)) for plugin, item in found]
    built_in = list(_k3s(snapshot)) if Platform.K3S in platforms(snapshot) else []
    for plugin, item, enforcement in judged:
        yield Fact(About.PLUGIN, f"{plugin.name} ({item}) {_words(enforcement)}.", (str(item),))
    yield from built_in
    enforcing = any(enforcement.answer is Answer.YES for _, _, enforcement in judged)
    is_built_in = any("enforces policies" in item.text for item in built_in if isinstance(item, Fact))
    if is_built_in:
        yield Fact(
            About.PLUGIN, f"ipBlocks match pods: yes, {_IN_K3S} matches addresses, whoever has them.", ("Nodes",)
        )
    for plugin, item, enforcement in judged:
        if enforcement.answer is not Answer.NO:
            yield from _ip_blocks(plugin, item)
    if not enforcing and not is_built_in:
        yield from _nobody(snapshot, judged, built_in)


def _words(enforcement: Enforcement) -> str:
    match enforcement.answer:
        case Answer.YES:
            return f"enforces policies: {enforcement.why}"
        case Answer.NO:
            return f"ENFORCES NO POLICIES: {enforcement.why}"
        case Answer.UNKNOWN:
            return f"may enforce policies: {enforcement.why}"


def _k3s(snapshot: Snapshot) -> Iterator[Learned]:
    """k3s enforces by itself, unless its servers run with `--disable-network-policy` (k3s documentation, Networking
    Services, "Network Policy Controller"). It runs inside of k3s, so that no DaemonSet tells of it.
    """
    servers = server_arguments(snapshot)
    if any(objects.option(line, "disable-network-policy") not in (None, "false") for line, _ in servers):
        yield Fact(About.PLUGIN, f"{_IN_K3S} is switched off by --disable-network-policy.", _names(servers))
    elif servers:
        text = f"{_IN_K3S} enforces policies: no server runs with --disable-network-policy."
        yield Fact(About.PLUGIN, text, _names(servers))
    else:
        text = "is the policy controller of k3s on? No node tells with which arguments a server of it runs."
        yield Question("plugin-enforces", About.PLUGIN, text, f"the servers' /etc/rancher/k3s/config.yaml, or {_PROBE}")


def _names(servers: list[tuple[list[str], Item]]) -> tuple[str, ...]:
    return tuple(str(node) for _, node in servers)


def _ip_blocks(plugin: Plugin, item: Item) -> Iterator[Learned]:
    if plugin.matches_pods is Answer.UNKNOWN:
        text = f"do the ipBlocks of {plugin.name} match pods' addresses? {plugin.why.capitalize()}."
        answer = "`netmatrix verify` proves the values in both models; where both hold, it does not matter"
        yield Question("plugin-ipblocks", About.PLUGIN, text, answer)
    else:
        text = f"ipBlocks match pods: {plugin.matches_pods}, {plugin.name}: {plugin.why}."
        yield Fact(About.PLUGIN, text, (str(item),))
    if plugin.remark:
        yield Fact(About.PLUGIN, plugin.remark, (str(item),))


def _nobody(
    snapshot: Snapshot, judged: list[tuple[Plugin, Item, Enforcement]], built_in: list[Learned]
) -> Iterator[Learned]:
    """No plugin is known to enforce: a question, unless all that there are say that they do not."""
    if any(isinstance(item, Question) for item in built_in):
        return
    off = bool(built_in) or any(enforcement.answer is Answer.NO for _, _, enforcement in judged)
    unknown = [plugin.name for plugin, _, enforcement in judged if enforcement.answer is Answer.UNKNOWN]
    if unknown:
        text = f"does {some(unknown)} enforce policies here?"
    elif off:
        text = "nothing that was found here enforces policies: is there anything else that does?"
    else:
        why = snapshot.why_not("DaemonSet", group="apps")
        text = "which network plugin is it, and does it enforce policies? No DaemonSet of a known one was found" + (
            f": {why.said}." if why else "."
        )
        if Platform.MINIKUBE in platforms(snapshot):
            text += " minikube's default, a bridge, enforces none; `minikube start --cni=calico` does."
    yield Question("plugin-enforces", About.PLUGIN, text, _PROBE)
