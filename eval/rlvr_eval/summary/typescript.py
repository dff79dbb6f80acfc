"""Types for TypeScript from a JSON schema, as pydantic writes one.

The scripts of the report page are checked against those of summary.json (`make page`).
"""

import json
from collections.abc import Mapping
from typing import Any

_PLAIN = {
    "integer": "number",
    "number": "number",
    "string": "string",
    "boolean": "boolean",
    "null": "null",
}


def declarations(described: Mapping[str, Any]) -> str:
    """Write one interface for each object of a JSON schema, its root last."""
    parts = {**described["$defs"], described["title"]: described}
    return "\n".join(
        ["/* Made by python -m rlvr_eval.summary.schema; do not edit. */\n"]
        + [_interface(name, part) for name, part in parts.items()]
    )


def _interface(name: str, part: Mapping[str, Any]) -> str:
    required = part.get("required", [])
    fields = [
        f"  {key}{'' if key in required else '?'}: {_type(value)};"
        for key, value in part["properties"].items()
    ]
    if part.get("additionalProperties") is True:
        fields.append("  [key: string]: unknown;")
    return "\n".join([f"export interface {name} {{", *fields, "}\n"])


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in value:
        return " | ".join(_type(each) for each in value["anyOf"])
    if "const" in value or "enum" in value:
        return " | ".join(json.dumps(each) for each in value.get("enum", [value.get("const")]))
    match value.get("type"):
        case "array" if "prefixItems" in value:
            return f"[{', '.join(_type(each) for each in value['prefixItems'])}]"
        case "array":
            return f"Array<{_type(value['items'])}>"
        case "object":
            held = value.get("additionalProperties", True)
            return f"Record<string, {'unknown' if held is True else _type(held)}>"
        case kind:
            return _PLAIN.get(str(kind), "unknown")
