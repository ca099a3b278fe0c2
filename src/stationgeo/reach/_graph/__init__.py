"""The street graph of one mode: what it may use and how fast, the nodes and edges, and the grid that finds them."""
