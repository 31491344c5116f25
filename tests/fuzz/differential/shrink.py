"""Makes a program smaller while it still shows what it was kept for: statements are taken out, blocks replaced by what is
in them, expressions by their parts. `interesting` judges many candidates at once, since one process runs many."""

import ast
import copy
from typing import Callable

ROUND = 40  # candidates judged together


def statements_of(tree: ast.AST) -> list[tuple[list, int]]:
    """Every place of a statement: its list and position."""
    places = []
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                places += [(block, i) for i in range(len(block))]
    return places


def without(tree: ast.Module, first: int, count: int) -> str:
    made = copy.deepcopy(tree)
    places = statements_of(made)[first:first + count]
    gone = {id(block[i]) for block, i in places}
    for block in {id(b): b for b, _ in places}.values():
        block[:] = [s for s in block if id(s) not in gone]
    for node in ast.walk(made):  # a block may not be empty
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body.append(ast.Pass())
    return ast.unparse(ast.fix_missing_locations(made)) + "\n"


def opened(tree: ast.Module, at: int) -> str:
    """The statement at a place replaced by the statements in it."""
    made = copy.deepcopy(tree)
    block, i = statements_of(made)[at]
    inside = [s for field in ("body", "orelse", "finalbody") for s in getattr(block[i], field, []) if isinstance(s, ast.stmt)]
    if not inside or isinstance(block[i], (ast.FunctionDef, ast.ClassDef)):
        return ""
    block[i:i + 1] = inside
    return ast.unparse(ast.fix_missing_locations(made)) + "\n"


def expressions_of(tree: ast.AST) -> list[tuple[ast.AST, str, int | None]]:
    places = []
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and not isinstance(getattr(value, "ctx", None), (ast.Store, ast.Del)):
                places.append((node, field, None))
            elif isinstance(value, list):
                places += [(node, field, i) for i, v in enumerate(value) if isinstance(v, ast.expr) and not isinstance(getattr(v, "ctx", None), (ast.Store, ast.Del))]
    return places


def simpler(tree: ast.Module, at: int, which: int) -> str:
    """The expression at a place replaced by one of its parts, or taken out of its list; empty when there is none such."""
    made = copy.deepcopy(tree)
    node, field, i = expressions_of(made)[at]
    value = getattr(node, field) if i is None else getattr(node, field)[i]
    parts = [child for child in ast.iter_child_nodes(value) if isinstance(child, ast.expr)]
    if which < len(parts):
        new = parts[which]
    elif which == len(parts) and i is not None and field in ("args", "elts", "values") and not isinstance(node, (ast.BoolOp, ast.Dict, ast.JoinedStr)):
        del getattr(node, field)[i]
        return ast.unparse(ast.fix_missing_locations(made)) + "\n"
    else:
        return ""
    if i is None:
        setattr(node, field, new)
    else:
        getattr(node, field)[i] = new
    return ast.unparse(ast.fix_missing_locations(made)) + "\n"


def shrink(text: str, interesting: Callable[[list[str]], list[bool]]) -> str:
    def first(candidates: list[str]) -> str:
        made = [c for c in candidates if c and len(c) < len(text)]
        for begin in range(0, len(made), ROUND):
            chunk = made[begin:begin + ROUND]
            good = [c for c, yes in zip(chunk, interesting(chunk)) if yes]
            if good:
                return min(good, key=len)
        return ""

    unparsed = ast.unparse(ast.parse(text)) + "\n"
    if interesting([unparsed])[0]:
        text = unparsed
    for _ in range(60):
        tree = ast.parse(text)
        count = len(statements_of(tree))
        size = max(1, count // 2)
        found = ""
        while size >= 1 and not found:
            found = first([without(tree, at, size) for at in range(0, count, size)])
            size //= 2
        found = found or first([opened(tree, at) for at in range(count)])
        if not found:
            places = len(expressions_of(tree))
            found = first([simpler(tree, at, which) for at in range(places) for which in range(4)])
        if not found:
            return text
        text = found
    return text
