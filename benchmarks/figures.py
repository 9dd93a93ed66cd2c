"""Figures about the code: sizes, complexity, typing, docstrings, comments and imports.

Run it as ``python -m benchmarks.figures [DIRECTORY ...]``; without directories it measures the product.
Migrations are left out. It exits with 1 if a bound of ``BOUNDS`` is broken.
"""

import ast
import io
import statistics
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grimp
from radon.complexity import cc_visit

ROOT = Path(__file__).parent.parent
PRODUCT = ("config", "crm", "people", "pipelines", "leads")
COMPLEX_ABOVE = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Figures:
    """Counts over all files that hold code."""

    files: list[int] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    blocks: int = 0
    complex_blocks: int = 0
    typed: int = 0
    documented: int = 0
    give: int = 0
    comments: int = 0
    any_lines: int = 0
    imports: list[int] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return sum(self.files)

    def per_100_lines(self, number: int) -> float:
        return 100 * number / max(self.lines, 1)

    def add(self, source: str) -> None:
        """Count one file; a file without code counts only by its comments."""
        tree = ast.parse(source)
        if not tree.body:
            return
        self.files.append(len(source.splitlines()))
        self.any_lines += len(set(_lines_with(source, "Any")))
        self.comments += sum(
            token.type == tokenize.COMMENT for token in tokenize.generate_tokens(io.StringIO(source).readline)
        )
        blocks = [block for block in cc_visit(source) if not hasattr(block, "methods")]
        self.blocks += len(blocks)
        self.complex_blocks += sum(block.complexity > COMPLEX_ABOVE for block in blocks)
        for node in ast.walk(tree):
            if isinstance(node, Function | ast.ClassDef | ast.Module):
                self.give += (ast.get_docstring(node) or "").startswith("Give ")
            if isinstance(node, Function):
                self.functions.append((node.end_lineno or node.lineno) - node.lineno + 1)
                self.typed += node.returns is not None
                self.documented += ast.get_docstring(node) is not None


def _lines_with(source: str, name: str) -> Iterator[int]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and token.string == name:
            yield token.start[0]


def percentile(numbers: Sequence[int], share: int) -> float:
    """Return the number below which this share in percent of the numbers lies."""
    if len(numbers) < 2:
        return numbers[0]
    return statistics.quantiles(numbers, n=100, method="inclusive")[share - 1]


def source_files(directories: Sequence[str]) -> Iterator[Path]:
    for directory in directories:
        for path in sorted((ROOT / directory).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def measure(directories: Sequence[str]) -> Figures:
    """Return the figures of all Python files below some directories of the repository."""
    figures = Figures()
    for path in source_files(directories):
        figures.add(path.read_text())
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph(*PRODUCT)
    for path in source_files(directories):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module in graph.modules and path.stat().st_size:
            figures.imports.append(len(graph.find_modules_directly_imported_by(module)))
    return figures


#: What the code promises: the name of a row, and whether the figures keep it.
BOUNDS: dict[str, Callable[[Figures], bool]] = {
    "docstrings that begin with Give: 0": lambda figures: figures.give == 0,
    "Any per 100 lines: at most 2.5": lambda figures: figures.per_100_lines(figures.any_lines) <= 2.5,
    "comments per 100 lines: at least 2.5": lambda figures: figures.per_100_lines(figures.comments) >= 2.5,
    "longest file: at most 300 lines": lambda figures: max(figures.files) <= 300,
}


def table(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield the rows of the table: a name and its figures."""
    files, functions, imports = figures.files, figures.functions, figures.imports or [0]
    yield "lines / files that hold code", f"{figures.lines:,} / {len(files)}"
    yield (
        "median / p90 / longest file",
        f"{statistics.median(files):.0f} / {percentile(files, 90):.0f} / {max(files)}",
    )
    yield (
        "function median / p95 / longest",
        f"{statistics.median(functions):.0f} / {percentile(functions, 95):.0f} / {max(functions)}",
    )
    yield f"complexity over {COMPLEX_ABOVE}", f"{100 * figures.complex_blocks / max(figures.blocks, 1):.1f} %"
    yield "return types", f"{100 * figures.typed / len(functions):.0f} %"
    yield "functions with a docstring", f"{100 * figures.documented / len(functions):.0f} %"
    yield "docstrings that begin with Give", str(figures.give)
    yield "comments per 100 lines", f"{figures.per_100_lines(figures.comments):.1f}"
    yield (
        "internal imports a module, mean / p95",
        f"{statistics.mean(imports):.1f} / {percentile(imports, 95):.0f}",
    )
    yield "lines with Any per 100 lines", f"{figures.per_100_lines(figures.any_lines):.1f}"


def main(directories: Sequence[str]) -> int:
    figures = measure(directories or PRODUCT)
    for name, value in table(figures):
        print(f"{name:40} {value}")  # noqa: T201 - its output
    broken = [name for name, holds in BOUNDS.items() if not holds(figures)]
    for name in broken:
        print(f"broken: {name}", file=sys.stderr)  # noqa: T201 - its output
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
