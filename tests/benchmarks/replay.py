"""Sends recorded requests to a PVE server: the floor under everything that sends the same ones."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import requests

FORM = "application/x-www-form-urlencoded"


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    with requests.Session() as session:
        # neither a bundle nor a proxy of the environment
        session.trust_env = False
        session.verify = asked["trust"]
        session.headers["Authorization"] = asked["authorization"]
        for each in asked["requests"]:
            url = f"{asked['url']}{each['path']}{'?' if each['query'] else ''}{each['query']}"
            headers = {"Content-Type": FORM} if each["body"] else {}
            session.request(
                each["verb"], url, data=each["body"] or None, headers=headers, timeout=60
            ).raise_for_status()


if __name__ == "__main__":
    main()
