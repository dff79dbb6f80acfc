"""The JSON schema of summary.json, made from its types, and the page's types made from that.

The schema is installed as summary.schema.json, for readers in other languages. After a change of
`rlvr_eval.summary.format`, write both files anew with `python -m rlvr_eval.summary.schema`.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from rlvr_eval.summary.format import FORMAT, RunSummary
from rlvr_eval.summary.typescript import declarations

SCHEMA_FILE = "summary.schema.json"
TYPES_FILE = Path(__file__).parents[1] / "report" / "page" / "summary.d.ts"


def schema() -> dict[str, Any]:
    """Generate the JSON schema of summary.json from the types above."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"format {FORMAT}; made by python -m rlvr_eval.summary.schema",
        **RunSummary.model_json_schema(),
    }


def as_text(value: dict[str, Any]) -> str:
    """Write a schema as its file holds it."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def shipped_schema() -> str:
    """Read the text of the schema that is installed."""
    return (resources.files("rlvr_eval") / "summary" / SCHEMA_FILE).read_text("utf-8")


if __name__ == "__main__":
    Path(__file__).with_name(SCHEMA_FILE).write_text(as_text(schema()), encoding="utf-8")
    TYPES_FILE.write_text(declarations(schema()), encoding="utf-8")
