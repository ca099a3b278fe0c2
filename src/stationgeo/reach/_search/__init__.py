"""Shortest paths over the graph, and how points beside it join them."""
