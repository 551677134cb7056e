"""`python -m netmatrix` is the command `netmatrix`."""

from netmatrix.cli import main

main()
