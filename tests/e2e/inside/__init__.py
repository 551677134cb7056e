"""What runs within the cluster's namespaces: its first process, which mounts, connects and starts everything."""
