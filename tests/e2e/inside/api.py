"""What the API server says while the cluster starts: asked directly, as kubectl takes longer to start than to ask."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from tests.e2e.addresses import API_PORT, NODE_IPV4
from tests.e2e.inside import certificates, settings
from tests.e2e.patience import patient

_TIMEOUT = patient(5.0)


def get(path: str) -> str | None:
    """What it answers; nothing where it does not, or not yet with success."""
    token = json.loads(settings.kubeconfig("admin").read_bytes())["users"][0]["user"]["token"]
    context = ssl.create_default_context(cafile=str(certificates.AUTHORITY))
    connection = http.client.HTTPSConnection(NODE_IPV4, API_PORT, timeout=_TIMEOUT, context=context)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        return response.read().decode() if response.status == http.client.OK else None
    except (http.client.HTTPException, OSError):
        return None
    finally:
        connection.close()


def field(path: str, *keys: str) -> Any:
    """A field of an object; nothing where either is not there."""
    answer = get(path)
    found: Any = json.loads(answer) if answer else None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def condition(path: str, name: str) -> bool:
    """Whether an object has a condition."""
    found = field(path, "status", "conditions") or []
    return any(item["type"] == name and item["status"] == "True" for item in found)
