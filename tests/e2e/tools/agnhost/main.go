// Command agnhost is Kubernetes' own, with those of its subcommands that netmatrix runs, and none of the others: what
// these bring along makes a start take thirty milliseconds, and a test starts it ten thousand times.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/test/images/agnhost/connect"
	"k8s.io/kubernetes/test/images/agnhost/netexec"
)

func main() {
	root := &cobra.Command{Use: "app"}
	root.AddCommand(connect.CmdConnect, netexec.CmdNetexec)
	os.Exit(cli.Run(root))
}
