#!/usr/bin/python3
"""Writes docs/api-reference.md from the CRD, so that the page cannot say anything else than the API server does.

    tools/write_api_reference.py           writes it
    tools/write_api_reference.py --check   says whether it is as the CRD is now (exit 1 where not); a test runs this
"""

import argparse
import difflib
import sys
from pathlib import Path

import yaml

TREE = Path(__file__).resolve().parent.parent
PAGE = TREE / "docs/api-reference.md"
HEADER = """# API reference

Generated from [crds/softmigration.io_softmigrations.yaml](../crds/softmigration.io_softmigrations.yaml) by `tools/write_api_reference.py`: change it there.
`kubectl explain softmigration.spec` says the same on a cluster. Fields marked * are required. A list is shown as `[]`, and its own fields in a section of their own. What a field
must hold beyond its type stands under its table, in the words with which the API server refuses it.
"""
SECTION_NAMES = {"spec": "Spec: what you want", "status": "Status: where it is"}


def escaped(text):
    """In a cell of a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def code(text):
    """Where the text holds a backtick itself, the fence is longer."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{escaped(text)}{fence}"


def type_of(schema):
    kind = schema.get("type", "any")
    if kind == "array":
        return type_of(schema["items"]) + "[]"
    if kind == "object" and "additionalProperties" in schema:
        return f"map of {type_of(schema['additionalProperties'])}"
    if kind == "object" and "properties" not in schema:
        return "object (any fields)"
    if schema.get("format") == "date-time":
        return "time"
    return {"boolean": "true or false"}.get(kind, kind)


def bounds(schema, nouns):
    """"1 to 8 entries", "at most 63 characters": low and high of what is counted."""
    low, high, noun = schema.get(nouns[0]), schema.get(nouns[1]), nouns[2]
    if low is None and high is None:
        return []
    if low is None:
        return [f"at most {high}{noun}"]
    if high is None:
        return [f"at least {low}{noun}"]
    return [f"{low} to {high}{noun}"]


def limits(schema):
    found = []
    if "enum" in schema:
        found.append("one of " + ", ".join(code(str(value)) for value in schema["enum"]))
    found += bounds(schema, ("minimum", "maximum", ""))
    found += bounds(schema, ("minItems", "maxItems", " entries"))
    found += bounds(schema, ("minProperties", "maxProperties", " entries"))
    found += bounds(schema, ("minLength", "maxLength", " characters"))
    if "pattern" in schema:
        found.append("matches " + code(schema["pattern"]))
    if "default" in schema:
        value = schema["default"]
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        found.append(f"default {code(shown)}")
    items = schema.get("items", {})
    if items.get("type") not in (None, "object"):
        found += [f"each {text}" for text in limits(items)]
    return found


def rules_of(path, schema):
    """(path, message) of the CEL rules on this node, and on what has no section of its own: texts, and lists."""
    return [(path + rule.get("fieldPath", ""), rule["message"]) for rule in schema.get("x-kubernetes-validations", [])]


def section_of(path, schema):
    """The object of which `path` gets a section: itself, or a list's entries; with the path that says so."""
    if schema.get("type") == "array":
        return section_of(path + "[]", schema["items"])
    return path, schema


def row(name, schema, required):
    meaning = escaped(schema.get("description", schema.get("items", {}).get("description", "")))
    rest = "; ".join(limits(schema))
    cell = " ".join(text for text in (meaning, f"({rest})" if rest and meaning else rest) if text)
    return f"| {code(name)}{'*' if required else ''} | {type_of(schema)} | {cell} |"


def write_section(path, schema, out):
    heading = SECTION_NAMES.get(path)
    out.append(f"\n## {heading}\n" if heading else f"\n### {code(path)}\n")
    if not heading and schema.get("description"):
        out.append(escaped(schema["description"]) + "\n")
    out += ["| field | type | meaning |", "|---|---|---|"]
    rules = rules_of(path, schema)
    below = []
    for name, child in schema["properties"].items():
        out.append(row(name, child, name in schema.get("required", [])))
        child_path, inner = section_of(f"{path}.{name}", child)
        if child is not inner:
            rules += rules_of(f"{path}.{name}", child)
        if "properties" in inner:
            below.append((child_path, inner))
        else:
            rules += rules_of(child_path, inner)
    if rules:
        out.append("")
        out += [f"- {code(where)}: {escaped(message)}" for where, message in rules]
    for child_path, inner in below:
        write_section(child_path, inner, out)


def page():
    out = [HEADER.rstrip("\n")]
    for path in sorted((TREE / "crds").glob("*.yaml")):
        crd = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = crd["spec"]["names"]
        for version in crd["spec"]["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            short = ", ".join(names.get("shortNames", []))
            out.append(f"\n`{crd['spec']['group']}/{version['name']}`, kind `{names['kind']}`, {crd['spec']['scope'].lower()}; short name `{short}`.")
            rules = rules_of("", schema)
            if rules:
                out.append("")
                out += [f"- {code(where.lstrip('.'))}: {escaped(message)}" for where, message in rules]
            for top in ("spec", "status"):
                write_section(top, schema["properties"][top], out)
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    wanted = page()
    if not arguments.check:
        arguments.page.write_text(wanted, encoding="utf-8")
        return
    found = arguments.page.read_text(encoding="utf-8") if arguments.page.exists() else ""
    if found == wanted:
        return
    difference = difflib.unified_diff(found.splitlines(), wanted.splitlines(), "docs/api-reference.md", "the CRD now", lineterm="", n=1)
    print("\n".join(list(difference)[:40]))
    sys.exit("docs/api-reference.md is stale: run tools/write_api_reference.py")


if __name__ == "__main__":
    main()
