"""CiliumNetworkPolicy (cilium.io/v2), as far as it says what a NetworkPolicy can say: read strictly into its terms.

Sources: Cilium 1.20's documentation (below "Docs"), "Policy Enforcement Modes", "Layer 3 Policies" and "Layer 4
Policies"; and `pkg/policy/api` of its code (below "API"), where that says more.
"""
