"""Whether manifests grant a matrix exactly: for every packet between pods that could exist and addresses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from netmatrix.policy.objects import Foreign
from netmatrix.policy.read import Manifests
from netmatrix.policy.tiers.together import Policies
from netmatrix.proof.backend import BackendVerdict
from netmatrix.proof.backends import proved, rendered_by
from netmatrix.proof.coverage import Coverage, coverage
from netmatrix.proof.deviations import Deviation
from netmatrix.proof.exactly import (
    CounterExample,
    Ground,
    counter_example,
    deviating,
    ground,
    model_dependent,
    open_world,
)
from netmatrix.proof.grants import Granted


@dataclass(frozen=True)  # without slots: a cached property needs the instance's dictionary
class Verdict:
    """Whether the claim holds, what it covers, and every way in which it fails.

    `backends` says the same of the objects of each other API that the values switch on. `unjudged` are policies of
    kinds that are not understood here, and that may override or add to those that are; `foreign` are all that are no
    NetworkPolicies.
    """

    on: Ground
    counter_examples: tuple[CounterExample, ...]
    coverage: Coverage
    backends: tuple[BackendVerdict, ...] = ()
    unjudged: tuple[Foreign, ...] = ()
    foreign: tuple[Foreign, ...] = ()

    @property
    def granted(self) -> Granted:
        """What the manifests were compared with."""
        return self.on.granted

    @cached_property
    def model_dependent(self) -> tuple[Deviation, ...]:
        """What is granted only where an ipBlock matches the addresses of pods, as with some network plugins it does.

        The claim holds in both models, and these packets differ between them.
        """
        return model_dependent(self.on)

    @property
    def holds(self) -> bool:
        """Whether the manifests allow exactly what the matrix grants, as far as all of them were understood."""
        return not self.counter_examples and not self.unjudged and all(item.holds for item in self.backends)


def verify(granted: Granted, manifests: Manifests, file: str) -> Verdict:
    """Compare what `manifests` allow with what is `granted`.

    The claim: for every source and destination (all pods that could ever exist, with every namespace, label set and
    address that selectors and ranges tell apart, and all IPv4 and IPv6 addresses), protocol and port, of which one end
    at least is in a governed namespace, the connection is allowed if and only if it is granted; in both models of what
    an ipBlock matches. It is made of the NetworkPolicies, and then of each back end (see `backends`). Raises ProofError
    where that cannot be decided, ManifestError where an object of a back end cannot be read; `file` is what they name.
    """
    policies = Policies(manifests.policies)
    rendered = rendered_by(granted, manifests)
    mentioned = policies.mentioned() | granted.mentioned()
    for item in rendered:
        mentioned |= item.mentioned()
    on = ground(granted, open_world(mentioned, manifests.namespaces, file))
    foreign = tuple(item for item in manifests.foreign if item.is_policy)
    return Verdict(
        on,
        tuple(counter_example(granted, policies, item) for item in deviating(on, policies)),
        coverage(granted, manifests.policies, on.world),
        tuple(proved(item, on, policies, rendered, file) for item in rendered),
        tuple(item for item in foreign if not any(known.reads(item) for known in rendered)),
        foreign,
    )
