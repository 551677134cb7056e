"""The network as a picture: a graph of one set of values, its layout, and writers for SVG, Graphviz and Mermaid.

Imports `document`, `matrix` and `values` only. Coordinates come from a layout engine that is run on request
(`arrange`); everything else here is pure.
"""
