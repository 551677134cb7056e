"""Run one command, its output to /dev/null, and print what it cost: seconds, peak KiB, exit status.

A process of its own, and a small one: what Linux reports as the peak of a process includes that of the process that
started it, up to the moment of exec (the child runs in its parent's memory, or a copy of it, until then). Started from
the benchmark itself, which holds synthetic clusters, every command would seem to need as much as that. Imports no more
than it needs, for the same reason.
"""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    command = sys.argv[1:]
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    print(seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
