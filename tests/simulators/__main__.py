"""A simulated fleet to work with by hand, or for molecule: `python -m tests.simulators homelab --folder DIR`.

Writes DIR/inventory.yml, to be given after the inventory of the example, and serves until it is told to stop. The
address in DIR/control answers GET /writes with the requests that changed something since the last DELETE /journal.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

import yaml
from flask import Flask, Response, jsonify

from .fleet import FLEETS, Fleet, FleetServers
from .server import serve


def control(fleet: Fleet) -> Flask:
    """What a test asks about the fleet while it runs in another process."""
    app = Flask(__name__)

    @app.get("/writes")
    def writes() -> Response:
        return jsonify([{"server": name, "verb": one.verb, "path": one.path} for name, one in fleet.writes()])

    @app.delete("/journal")
    def forget() -> tuple[str, int]:
        fleet.forget()
        return "", 204

    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators", description=__doc__)
    parser.add_argument("fleet", choices=FLEETS)
    parser.add_argument("--folder", type=Path, required=True, help="where to write certificates, inventory and address")
    parser.add_argument("--real-ports", action="store_true", help="listen on 8006, 8007 and 8443 instead of free ports")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    with (
        FleetServers(FLEETS[arguments.fleet], folder, arguments.real_ports) as fleet,
        serve(control(fleet), None) as port,
    ):
        (folder / "inventory.yml").write_text(yaml.safe_dump(fleet.inventory()))
        (folder / "pid").write_text(str(os.getpid()))
        # written last: whoever waits for it finds everything else
        (folder / "control").write_text(f"http://127.0.0.1:{port}")
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_signal: stopped.set())
        stopped.wait()


if __name__ == "__main__":
    main()
