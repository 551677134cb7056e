"""The policy matrix: matrix.yaml read into typed, cross-checked values. Imports only `document`."""
