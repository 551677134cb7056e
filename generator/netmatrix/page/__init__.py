"""One set of values, or manifests, as one HTML page for people who decide: verdict, grid, graph, connections, limits.

`contents` gathers what the page says, `page` writes it.
"""

from netmatrix.page.contents import Comparison, Contents, Evidence, contents
from netmatrix.page.render import page

__all__ = ["Comparison", "Contents", "Evidence", "contents", "page"]
