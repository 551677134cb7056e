"""What `never` lines forbid exceptions, in the shop of tests/values/shop.yaml: for Python's judge and for Helm's alike.

A case is the ends of an exception, the environment, what else values say, and the lines that forbid it.
"""

from __future__ import annotations

BOTH, OPEN, GUARDED, NONE = {"world-to-db", "web-to-db"}, {"world-to-db"}, {"web-to-db"}, set[str]()

HERE, ELSEWHERE, RELABELLED = "{}", "namespaces: {back: {name: vault}}", "pods: {db: {selector: [app=base]}}"

CASES = [
    # Anyone is everything but a pod of ours, and world-to-db binds in prod alone.
    ("from: {endpoint: world}, to: {pod: db}", "prod", HERE, BOTH),
    ("from: {cidr: 192.0.2.0/24}, to: {pod: db}", "prod", HERE, BOTH),
    ("from: {endpoint: dns}, to: {pod: db}", "prod", HERE, OPEN),
    ("from: {endpoint: dns}, to: {pod: db}", "test", HERE, NONE),
    ("from: {namespace: far, selector: [a=b]}, to: {pod: db}", "prod", HERE, OPEN),
    ("from: {pod: cart}, to: {pod: db}", "prod", HERE, NONE),
    ("from: {endpoint: world}, to: {pod: cart}", "prod", HERE, NONE),
    # web-to-db binds everywhere: on whatever may turn out to be the web or the database.
    ("from: {endpoint: world}, to: {pod: db}", "test", HERE, GUARDED),
    ("from: {cidr: 192.0.2.0/24}, to: {pod: db}", "test", HERE, GUARDED),
    ("from: {pod: web}, to: {pod: db}", "test", HERE, GUARDED),
    ("from: {pod: db}, to: {pod: web}", "test", HERE, NONE),
    ("from: {pod: web}, to: {cidr: 192.0.2.0/24}", "test", HERE, GUARDED),
    ("from: {pod: web}, to: {endpoint: internet}", "test", HERE, GUARDED),
    ("from: {pod: web}, to: {endpoint: dns}", "test", HERE, NONE),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [tier=data]}", "test", HERE, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=db]}", "test", HERE, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=backup]}", "test", HERE, NONE),
    ("from: {pod: web}, to: {namespace: shop, selector: [tier=data]}", "test", HERE, NONE),
    # A pod that values move is where they say, and where the matrix says.
    ("from: {pod: web}, to: {namespace: vault, selector: [tier=data]}", "test", HERE, NONE),
    ("from: {pod: web}, to: {namespace: vault, selector: [tier=data]}", "test", ELSEWHERE, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=db]}", "test", ELSEWHERE, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=backup]}", "test", ELSEWHERE, NONE),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=base]}", "test", RELABELLED, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=db]}", "test", RELABELLED, GUARDED),
    ("from: {pod: web}, to: {namespace: shop-data, selector: [app=backup]}", "test", RELABELLED, NONE),
]
