//go:build tools

// Package tools pins the tool that ours is compared with.
package tools

import _ "github.com/np-guard/netpol-analyzer/cmd/netpolicy/cli"
