"""A second machine: a Linux kernel that runs as a program, user-mode Linux, with control groups of version 2 alone.

A controller is in one hierarchy at a time for a whole machine, so that on one which uses version 1 a cluster cannot be
tried on version 2. The guest sees this machine's files below a layer of its own in memory: it has every program and
changes none of them. One setting of this machine is another while it runs: vm.max_map_count, where it is too low for
so large a program. The guest has no network device, and one slow processor.
"""
