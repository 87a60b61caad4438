"""How many functions of each folder have types throughout, in percent, and whether that is at least what pyproject.toml demands.

`python -m tools.typed_share --raise` writes higher figures down; a lower one is an error.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "pyproject.toml"
TABLE = "[tool.fleetgate.typed-share]\n"
FOLDERS = (
    "plugins/action",
    "plugins/filter",
    "plugins/module_utils",
    "plugins/plugin_utils",
    "tests/benchmarks",
    "tests/simulators",
    "tests/support",
    "tools",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(folder: Path) -> Iterator[Function]:
    for path in sorted(folder.rglob("*.py")):
        yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function))


def is_typed(function: Function) -> bool:
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    named = [one for one in parameters if one is not None and one.arg not in ("self", "cls")]
    return function.returns is not None and all(one.annotation is not None for one in named)


def shares() -> dict[str, int]:
    """Percent by folder, rounded down; a folder without functions has none to lose."""
    found = {}
    for folder in FOLDERS:
        typed = [is_typed(function) for function in functions(ROOT / folder)]
        found[folder] = 100 * sum(typed) // len(typed) if typed else 100
    return found


def main() -> int:
    text = SETTINGS.read_text()
    demanded: dict[str, int] = tomllib.loads(text)["tool"]["fleetgate"]["typed-share"]
    actual = shares()
    fallen = {folder: share for folder, share in actual.items() if share < demanded.get(folder, 0)}
    for folder, share in fallen.items():
        print(
            f"{folder}: {share} % of the functions have types throughout, and it was {demanded[folder]} %: add type hints",
            file=sys.stderr,
        )
    if "--raise" in sys.argv[1:]:
        rows = "".join(f'"{folder}" = {max(share, demanded.get(folder, 0))}\n' for folder, share in actual.items())
        SETTINGS.write_text(re.sub(re.escape(TABLE) + r"[^\[]*", lambda _found: TABLE + rows, text))
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
