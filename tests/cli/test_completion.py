"""Tab, in the real shells."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.scenarios import ROOT

BIN = Path(sys.executable).parent
SHELLS = ("bash", "zsh", "fish")


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return {**kept, "PATH": f"{BIN}:{os.environ['PATH']}", "TERM": "dumb", **more}


def required(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"there is no {shell} here")
    return found


def offered_by_bash(line: str, cwd: Path = ROOT) -> list[str]:
    """What bash puts into COMPREPLY, by the function that the script registers for the command."""
    script = (
        "source <(netmatrix completion bash) || exit 3\n"
        "registered=$(complete -p netmatrix) || exit 4; function=${registered#*-F }; function=${function%% *}\n"
        'read -r -a COMP_WORDS <<< "$1"; [[ $1 == *" " ]] && COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); $function netmatrix\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    command = [required("bash"), "--noprofile", "--norc", "-c", script, "bash", line]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def offered_by_fish(line: str, home: Path) -> list[str]:
    script = "netmatrix completion fish | source; complete --do-complete $argv[1]"
    settings = environment(HOME=str(home), XDG_CONFIG_HOME=str(home))
    command = [required("fish"), "--no-config", "--command", script, line]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    return [item.split("\t")[0] for item in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("netmatrix ver", {"verify"}),
        ("netmatrix verify --environment ", {"prod", "dev"}),
        ("netmatrix validate --environment p", {"prod"}),
        ("netmatrix verify --form", {"--format"}),
        ("netmatrix verify --format sa", {"sarif"}),
        ("netmatrix validate --set flows.cron-to-m", {"flows.cron-to-mongo.enabled="}),
        ("netmatrix explain jobs or", {"orchestrator"}),
        ("netmatrix lint --explain NM630", {"NM630"}),
        ("netmatrix completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes_commands_options_and_what_they_take(line: str, offered: set[str]) -> None:
    assert set(offered_by_bash(line)) == offered


def test_a_matrix_that_is_not_there_or_broken_offers_nothing(tmp_path: Path) -> None:
    assert offered_by_bash("netmatrix verify --environment ", tmp_path) == []
    (tmp_path / "matrix.yaml").write_text("pods: [\n", encoding="utf-8")
    assert offered_by_bash("netmatrix verify --environment ", tmp_path) == []


def test_fish_completes_the_same(tmp_path: Path) -> None:
    assert offered_by_fish("netmatrix ver", tmp_path) == ["verify"]
    assert set(offered_by_fish("netmatrix verify --environment ", tmp_path)) == {"prod", "dev"}


def typed(command: list[str], setup: str, keys: str, until: str, home: Path) -> str:
    """What a terminal shows after somebody has typed `keys` into a shell, until a text is seen."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(ROOT)
        os.execve(command[0], command, environment(HOME=str(home), ZDOTDIR=str(home), PS1="ready> "))
    shown = ""
    try:
        for text, mark in ((f"{setup}; echo set-'up'\r", "set-up"), (keys, until)):
            os.write(terminal, text.encode())
            shown = _read(terminal, mark)
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    return shown


def _read(terminal: int, until: str, patience: float = 60.0) -> str:
    shown, end = "", time.monotonic() + patience
    while until not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1.0)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
    assert until in shown, shown
    return shown


@pytest.mark.parametrize(
    ("shell", "setup"),
    [("bash", ""), ("zsh", "autoload -U compinit; compinit -u; ")],
)
def test_tab_completes_a_word_at_the_prompt(shell: str, setup: str, tmp_path: Path) -> None:
    options = {"bash": ["--noprofile", "--norc", "-i"], "zsh": ["-f", "-i"]}[shell]
    line = f"{setup}source <(netmatrix completion {shell})"
    shown = typed([required(shell), *options], line, "netmatrix vali\t--help\r", "Judge values files", tmp_path)
    assert re.search(r"Usage: netmatrix validate", shown)


def test_the_script_is_click_s_for_that_shell(netmatrix: Run) -> None:
    for shell in SHELLS:
        result = netmatrix("completion", shell)
        assert (result.status, result.err) == (0, "")
        assert "_NETMATRIX_COMPLETE" in result.out
    assert netmatrix("completion", "tcsh").status == 2
