"""`netmatrix completion`: the script by which a shell completes commands, options and what they take."""

from __future__ import annotations

import click

from netmatrix.cli.exit_status import ExitStatus

VARIABLE = "_NETMATRIX_COMPLETE"
"""Set by that script where it asks what to offer."""


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> ExitStatus:
    """Print the script by which a shell completes commands, options, files, environments and flows.

    Bash: 4.4 or newer. Zsh: after compinit. Put the line into the file that the shell reads when it starts.

    \b
    Examples:
      netmatrix completion bash      # in ~/.bashrc: source <(netmatrix completion bash)
      netmatrix completion zsh       # in ~/.zshrc: source <(netmatrix completion zsh)
      netmatrix completion fish      # in ~/.config/fish/config.fish: netmatrix completion fish | source
    """
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None, "click knows these shells"
    click.echo(completer(context.find_root().command, {}, "netmatrix", VARIABLE).source())
    return ExitStatus.HOLDS
