"""What the tables of several systems have in common."""

from __future__ import annotations

from pathlib import Path

LOGOS = Path(__file__).resolve().parents[1] / "logos"
LOGO = str(Path(__file__).resolve().parents[3] / "examples/homelab/files/proxmox.svg")

REALM = {"issuer_url": "https://id.example.org", "client_id": "proxmox", "client_key": "a-client-secret-of-a-realm"}


def proxmox_connection(server, secret, wired):
    """The connection options of PVE and PBS, with the token that every simulated server has."""
    return {
        "api_host": server.host,
        "api_port": server.port,
        "api_token_id": "root@pam!fleet",
        "api_token_secret": secret,
        "ca_path": str(wired.fleet.authority.bundle),
    }
