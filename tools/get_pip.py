"""Stands in for the script that ansible-test fetches from the web to get pip: the pip that comes with Python does as well."""

import ensurepip
import glob
import os
import sys


def main() -> int:
    wheels = glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl"))
    sys.path.insert(0, sorted(wheels)[-1])
    from pip._internal.cli.main import main as pip

    return pip(
        ["install", *(argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel"))]
    )


if __name__ == "__main__":
    sys.exit(main())
