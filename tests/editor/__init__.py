"""Editors: the real yaml-language-server (npm), driven as an editor drives it, on the files that a user edits.

`python -m tests.editor` installs it, locked, under build/; it needs Node. Nothing of `make test` needs it.
"""
