"""Packets of a crowd by the million come to what brute force says of them one by one."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from functools import partial

from tests.policy.brute_force import Data, Packet, World, enters, leaves
from tests.proof.case import MODELS, Case
from tests.proof.crowd import Crowd
from tests.proof.granted import is_granted_in, is_granted_out
from tests.proof.packets import Grants, Judge, Policies, Sampler
from tests.proof.spoken import crowds_for

Says = Callable[[Packet], bool]
FEW = 1500


def test_two_judges_say_of_all_packets_what_they_say_of_each(shop: Case) -> None:
    policies = [with_a_name(item) for item in shop.objects if item["kind"] == "NetworkPolicy"]
    for model in MODELS:
        wanted = shop.wanted(ipblock_matches_pods=model)
        for crowd in crowds_for(policies, [], wanted, named=True):
            world = World(crowd.namespaces, [], policies, model)
            compare(crowd, Policies(world), partial(leaves, world), partial(enters, world))
            compare(crowd, Grants(wanted), partial(is_granted_out, wanted), partial(is_granted_in, wanted))


def with_a_name(policy: Data) -> Data:
    """The policy with a name for DNS' port."""
    named = copy.deepcopy(policy)
    for rule in named["spec"].get("egress") or []:
        for port in rule.get("ports") or []:
            port["port"] = "dns" if port["port"] == 53 else port["port"]
    return named


def compare(crowd: Crowd, judge: Judge, out: Says, into: Says) -> None:
    """Packets from and to pods that have something to say, judged in both ways."""
    sampler, chosen, answers = Sampler(crowd), random.Random(7), set()
    answer = sampler.ask(judge)
    for direction, says in (("Egress", out), ("Ingress", into)):
        talking = [at for at, columns in enumerate(answer.of[direction]) if any(columns)]
        for _ in range(FEW):
            own, port = chosen.choice(talking), chosen.randrange(len(crowd.ports))
            end = chosen.randrange(sampler.all_ends.bit_length())
            said = bool(answer.of[direction][own][port] >> end & 1)
            answers.add((direction, said))
            assert said == says(packet(sampler, direction, own, end, port))
    assert len(answers) == 4


def packet(sampler: Sampler, direction: str, own: int, end: int, port: int) -> Packet:
    """From or to the pod `own`, to or from another end."""
    crowd, outside = sampler.crowd, end - sampler.near * len(sampler.crowd.pods)
    pod = None if outside >= 0 else crowd.pods[end // sampler.near]
    ip = crowd.outside_ips[outside] if outside >= 0 else crowd.pod_ips[end % sampler.near]
    mine, at = crowd.pods[own], crowd.pod_ips[0]
    if direction == "Egress":
        return Packet(mine, at, pod, ip, *crowd.ports[port])
    return Packet(pod, ip, mine, at, *crowd.ports[port])
