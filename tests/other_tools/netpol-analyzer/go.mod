module netmatrix.invalid/other-tools

go 1.24

require github.com/np-guard/netpol-analyzer v1.4.4
