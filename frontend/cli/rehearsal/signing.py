"""How anyone signs a paper of the platform: the private key stays with the signer."""

from typing import Any

from frontend.cli.client import ApiClient
from storage.crypto.canonical import from_base64, to_base64


def sign_paper(client: ApiClient, paper: str, capacity: str = "") -> dict[str, Any]:
    """Signs in a capacity, or in the one that the paper has for whoever is signed in."""
    if client.identity is None:
        raise ValueError("whoever signs is signed in with a certificate")
    path = f"/api/papers/{paper}"
    if not capacity:
        capacity = next(each.removeprefix("sign:") for each in client.get(path)["may"] if each.startswith("sign:"))
    prepared = client.act(f"{path}/prepare", {"capacity": capacity, "certificate": client.identity.certificate.pem})
    signature = client.identity.sign(from_base64(prepared["to_sign"], "to_sign"))
    signed: dict[str, Any] = client.act(f"{path}/sign", {"capacity": capacity, "signature": to_base64(signature)})
    return signed
