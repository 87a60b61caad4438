"""A simulated fleet for manual use or molecule: `python -m tests.simulators homelab --folder DIR`.

Writes DIR/inventory.yml, to be passed after the inventory of the example, and serves until SIGINT, SIGTERM or the
removal of DIR. The URL in DIR/control returns with GET /writes the requests that changed something since the last DELETE /journal.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

import yaml
from flask import Flask, Response, jsonify

from .fleet import FLEETS, Fleet, FleetServers
from .server import serve


def control(fleet: Fleet) -> Flask:
    """The control server for tests that run in another process."""
    app = Flask(__name__)

    @app.get("/writes")
    def writes() -> Response:
        return jsonify(
            [{"server": name, "verb": exchange.verb, "path": exchange.path} for name, exchange in fleet.writes()]
        )

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
        # written last, so that the other files exist when it does
        control_file = folder / "control"
        control_file.write_text(f"http://127.0.0.1:{port}")
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_signal: stopped.set())
        while control_file.exists() and not stopped.wait(0.2):
            pass


if __name__ == "__main__":
    main()
