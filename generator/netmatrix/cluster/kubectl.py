"""kubectl: $KUBECTL, then the one on PATH, run to its end against one cluster."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netmatrix.cluster.rules import CRASHED, NO_KUBECTL, REFUSED, ClusterError
from netmatrix.document import Finding, Place, Rule
from netmatrix.document.program import Output, ProgramError, find_program, run_program, run_together

TIMEOUT = 60.0
"""Seconds. A cluster that does not answer must be given up some time."""
_REQUEST_TIMEOUT = "--request-timeout=20s"
"""What kubectl gives one request, so that it says itself that nobody answers."""
_HINT = "`kubectl cluster-info` tells whether it answers; --context and --kubeconfig choose another cluster"
_HINT_IN_POD = (
    "it is the API server of the pod's own cluster; where its address has moved, a network policy may keep the pod "
    "from it: `helm upgrade` looks the address up anew"
)


class RefusedError(ClusterError):
    """kubectl ended with another status than 0; `output` is what it left."""

    def __init__(self, finding: Finding, output: Output) -> None:
        super().__init__([finding])
        self.output = output


@dataclass(frozen=True, slots=True)
class Kubectl:
    """A kubectl, and the options that choose the cluster: `--context` and `--kubeconfig`, as the user gave them.

    `in_pod` tells that nothing chooses one and that it runs in a pod, so that it is that pod's cluster and account.
    """

    executable: Path
    options: tuple[str, ...] = ()
    in_pod: bool = False

    def run(self, *arguments: str, stdin: bytes = b"", timeout: float = TIMEOUT) -> Output:
        """Run it to its end; a non-zero status is no error here. Raises ClusterError where it cannot run."""
        try:
            return run_program(self.executable, self._arguments(arguments), stdin=stdin, timeout=timeout)
        except ProgramError as error:
            raise self._crashed(error) from error

    def run_together(self, calls: Iterable[tuple[Sequence[str], bytes]], *, timeout: float) -> list[Output]:
        """Run it once for each call, arguments and standard input, all at the same time.

        Raises ClusterError where one of them cannot run; an interrupt ends all.
        """
        asked = [((*self.options, *arguments), stdin) for arguments, stdin in calls]
        outputs: list[Output] = []
        for outcome in run_together(self.executable, asked, timeout=timeout):
            if isinstance(outcome, ProgramError):
                raise self._crashed(outcome) from outcome
            outputs.append(outcome)
        return outputs

    def ask_together(self, calls: Iterable[Sequence[str]], *, timeout: float) -> list[Output]:
        """As `run_together`, of calls that the API server answers by itself, each request in a limit of time."""
        return self.run_together([((*self._limits(), *call), b"") for call in calls], timeout=timeout)

    def do(self, *arguments: str, stdin: bytes = b"", timeout: float = TIMEOUT) -> str:
        """What it prints. Raises RefusedError, in kubectl's own words, where it does not succeed."""
        output = self.run(*arguments, stdin=stdin, timeout=timeout)
        if output.status != 0:
            raise self.refusal(arguments, output)
        return output.stdout.decode("utf-8", errors="replace")

    def get(self, *arguments: str) -> Any:
        """What `kubectl get` finds, as data. Raises RefusedError where it finds nothing, ClusterError for no JSON."""
        return self._data(self.do("get", *arguments, "--output=json"))

    def get_config(self) -> Any:
        """What is configured of the context that is used: its cluster and its user, without secrets."""
        return self._data(self.do("config", "view", "--minify", "--output=json"))

    def create(self, objects: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Create objects in one call, and return them as the cluster has them.

        Raises RefusedError where any of them is refused; the others are there then.
        """
        content = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}).encode()
        text = self.do("create", "--filename=-", "--output=json", stdin=content)
        found: list[Any] = []
        decoder, position, text = json.JSONDecoder(), 0, text.strip()
        while position < len(text):  # one document after the other
            item, position = decoder.raw_decode(text, position)
            found += item["items"] if item.get("kind") == "List" else [item]
            position += len(text[position:]) - len(text[position:].lstrip())
        return found

    def refusal(self, arguments: Sequence[str], output: Output) -> RefusedError:
        """The error of a kubectl that did not succeed, in its own words."""
        lines = [line.strip() for line in output.stderr.splitlines() if line.strip() and not _is_log(line)]
        said = " ".join(lines).removeprefix("error: ") or f"exit status {output.status}"
        message = f"`kubectl {arguments[0]}` failed: {said}"
        return RefusedError(self.finding(REFUSED, message, _HINT_IN_POD if self.in_pod else _HINT), output)

    def finding(self, rule: Rule, message: str, hint: str) -> Finding:
        """A finding about the cluster, of which kubectl is the place."""
        return Finding(rule, message, Place(str(self.executable), 0, 0), hint=hint)

    def _arguments(self, arguments: Sequence[str]) -> list[str]:
        return [*self.options, *self._limits(), *arguments]

    def _limits(self) -> tuple[str, ...]:
        """No limit for a request in a pod: any such option hides the pod's account, and kubectl asks localhost then.

        It takes the account only where what it was given equals its defaults (k8s.io/client-go, tools/clientcmd,
        DeferredLoadingClientConfig.ClientConfig).
        """
        return () if self.in_pod else (_REQUEST_TIMEOUT,)

    def _data(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise self._crashed(ProgramError("did not print JSON")) from None

    def _crashed(self, error: ProgramError) -> ClusterError:
        said = error.stderr.strip().splitlines()
        message = f"kubectl {error.what}" + (f": {said[0]}" if said else "")
        hint = f"try `{self.executable} version`; set $KUBECTL to another kubectl"
        return ClusterError([self.finding(CRASHED, message, hint)])


def find_kubectl(
    context: str | None = None, kubeconfig: str | None = None, environ: Mapping[str, str] | None = None
) -> Kubectl:
    """The kubectl to use, with its current context or a given one. Raises ClusterError where there is none.

    `environ` is the process's environment by default.
    """
    variables = os.environ if environ is None else environ
    hint = "install kubectl, or set $KUBECTL to one"
    try:
        found = find_program("kubectl", variables)
    except ProgramError as error:
        raise ClusterError([Finding(NO_KUBECTL, error.what, Place("kubectl"), hint=hint)]) from None
    if found is None:
        raise ClusterError([Finding(NO_KUBECTL, "there is no kubectl on PATH", Place("kubectl"), hint=hint)])
    given = {"--context": context, "--kubeconfig": kubeconfig}
    options = tuple(f"{flag}={value}" for flag, value in given.items() if value is not None)
    in_pod = "KUBERNETES_SERVICE_HOST" in variables and not options and not variables.get("KUBECONFIG")
    return Kubectl(found.executable, options, in_pod)


def _is_log(line: str) -> bool:
    """Whether a line is one of klog's, which repeat what the last one says: `E1125 23:01:02.000000 ...`."""
    return line[:1] in "EWI" and line[1:5].isdigit()
