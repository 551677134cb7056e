"""A real Kubernetes in namespaces of its own, the chart installed into it by Helm, and packets through the matrix.

`make e2e`, `make harness`, `make cgroup-v2` and `make operations` run the tests of this folder, `make cluster` leaves
the cluster up for a person. It needs Linux, root, Go and Debian's packages. The cluster is one process tree below one
`unshare`: ended, it leaves nothing.
"""
