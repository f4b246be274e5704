"""docs/design.md, the contracts of import-linter and the imports themselves say the same."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text("utf-8")


def table(head: str) -> list[list[str]]:
    """The cells of the table whose first line begins with `head`."""
    (found,) = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.M)
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in found.splitlines()]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


@pytest.fixture(scope="module")
def allowed() -> dict[str, set[str]]:
    """What each package may import, in the order of the page."""
    out: dict[str, set[str]] = {}
    for package, _, imports in table("package"):
        (name,) = names(package)
        out[name] = set(out) if imports == "all" else set(imports.replace("-", "").replace(",", " ").split())
    return out


@pytest.fixture(scope="module")
def contracts() -> list[dict[str, Any]]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, Any]] = config["tool"]["importlinter"]["contracts"]
    return found


def test_each_row_imports_only_rows_above_it(allowed: dict[str, set[str]]) -> None:
    seen: set[str] = set()
    for package, imports in allowed.items():
        assert imports <= seen, package
        seen.add(package)


def test_the_layers_are_the_rows(allowed: dict[str, set[str]], contracts: list[dict[str, Any]]) -> None:
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert layers == list(reversed(allowed))


def test_packages_import_what_the_page_allows(allowed: dict[str, set[str]]) -> None:
    graph = grimp.build_graph("fingerprint", cache_dir=None)
    found = defaultdict(set)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            here, there = module.split(".")[1:2], imported.split(".")[1:2]
            if here and there and here != there and here != ["__main__"]:
                found[here[0]].add(there[0])
    too_much = {package: imports - allowed[package] for package, imports in found.items()}
    assert not {package: imports for package, imports in too_much.items() if imports}


def test_other_packages_are_imported_where_the_page_says(contracts: list[dict[str, Any]]) -> None:
    page = {frozenset(names(packages)): names(modules) for packages, modules, _ in table("imported package")}
    enforced = {
        frozenset(contract["forbidden_modules"]): {
            line.split(" -> ")[0].removeprefix("fingerprint.").removesuffix(".**")
            for line in contract["ignore_imports"]
        }
        for contract in contracts
        if contract["type"] == "forbidden"
    }
    assert enforced == page
