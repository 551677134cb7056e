"""The documentation does what it says: every command is run, every shown output compared, every link followed.

What a reader would type stands in fenced blocks of two kinds. A `console` block has a command after each `$ ` and below
it what the command prints, both streams; a line `...` stands for any lines, and `...` within one for any text. A
command that fails is followed by `$ echo $?`; one that ends with `&` stays until the page ends. An `sh` block has
commands alone, all of which must succeed. A comment directly above a block directs it:

- `<!-- needs: cluster -->`: its commands are run by `make e2e`, in the test cluster;
- `<!-- file: NAME -->`: the reader writes the block to that file;
- `<!-- insert: NAME after: LINE -->`: the reader adds it to that file, below the line that starts so.

A page is run from top to bottom in a copy of the project of its own: without a cluster, the blocks that need none; with
one, all of them. `make docs` writes the outputs that a page shows; no output is typed in.
"""
