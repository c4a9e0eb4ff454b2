#!/usr/bin/env python3
"""Parses every committed .sql file with PostgreSQL's own grammar, and the body of every plpgsql function.

usage: scripts/lint_sql.py [file...]      without arguments: all files that git knows
psql's backslash commands are taken out first; what pgrx generated is parsed like the rest.
"""

import re
import subprocess
import sys
from pathlib import Path

import pglast
from pglast import ast
from pglast.parser import ParseError, parse_plpgsql_json

ROOT = Path(__file__).resolve().parent.parent


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.sql"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split("\0")
    return [ROOT / name for name in names if name and "/expected/" not in name and (ROOT / name).exists()]


def without_psql(text: str) -> str:
    """The SQL of a psql script: no backslash commands, no variables, query buffers sent by \\g closed by a semicolon."""
    lines = []
    for line in text.split("\n"):
        if line.startswith("\\"):
            lines.append("")
        else:
            lines.append(re.sub(r"\\(g|gx|gset|gexec|crosstabview|gdesc)\b[^;\n]*$", ";", line))
    text = "\n".join(lines)
    return re.sub(r"(?<![:\w]):(?:'(\w+)'|\"(\w+)\"|(\w+))", lambda m: "'x'" if m[1] else "x", text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def is_plpgsql(statement: ast.Node) -> bool:
    options = getattr(statement, "options", None) or ()
    return isinstance(statement, ast.CreateFunctionStmt) and any(
        o.defname == "language" and o.arg.sval == "plpgsql" for o in options
    )


def check(path: Path) -> list[str]:
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    text = path.read_text(encoding="utf-8")
    if path.is_relative_to(ROOT / "tests") or re.search(r"^\\|\\g", text, re.MULTILINE):
        text = without_psql(text)
    # cargo-pgrx puts the library's name in for this marker.
    text = text.replace("@MODULE_PATHNAME@", "MODULE_PATHNAME").replace("@extschema@", "stellantis")
    try:
        statements = pglast.parse_sql(text)
    except ParseError as error:
        where = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0
        return [f"{name}:{line_of(text, where)}: {error.args[0]}"]
    problems = []
    for raw in statements:
        if is_plpgsql(raw.stmt):
            end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(text)
            try:
                parse_plpgsql_json(text[raw.stmt_location : end])
            except ParseError as error:
                # The parser has no catalog: a variable of a table's row type is beyond it, and no fault.
                if not str(error.args[0]).startswith("Not implemented"):
                    problems.append(f"{name}:{line_of(text, raw.stmt_location)}: plpgsql: {error.args[0]}")
    return problems


def main() -> int:
    files = [Path(a).resolve() for a in sys.argv[1:]] or tracked()
    problems = [problem for path in files for problem in check(path)]
    print("\n".join(problems) if problems else f"{len(files)} files parsed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
