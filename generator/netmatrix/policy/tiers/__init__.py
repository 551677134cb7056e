"""ClusterNetworkPolicy (policy.networking.k8s.io): the tiers before and beneath NetworkPolicies, and what all decide.

Source of every rule: the API's types, `apis/v1alpha2/clusternetworkpolicy_types.go` of sigs.k8s.io/network-policy-api
0.3.0 (below "API"), which v1beta1 repeats. Standard features alone are judged; what an experimental one does is not
guessed.
"""
