import pytest

from rlvr_eval.report.bundle import bundle


def test_modules_come_after_what_they_import_and_see_only_what_is_exported() -> None:
    script = bundle(
        {
            "main.js": 'import { twice } from "./numbers.js";\n\nconst hidden = twice(2);\n',
            "numbers.js": '/** @import { A } from "./a" */\nconst hidden = 2;\n'
            "export function twice(x) {\n  return hidden * x;\n}\n",
            "unused.js": "nothing();\n",
        },
        "main.js",
    )
    assert script == (
        '(() => {\n"use strict";\nconst modules = {};\n'
        'modules["numbers.js"] = (() => {\n'
        "const hidden = 2;\nfunction twice(x) {\n  return hidden * x;\n}\n"
        "return { twice };\n})();\n\n"
        'modules["main.js"] = (() => {\n'
        'const { twice } = modules["numbers.js"];\n\nconst hidden = twice(2);\n'
        "return {  };\n})();\n})();\n"
    )


@pytest.mark.parametrize(
    ("other", "fault"),
    [
        ('import { a } from "./main.js";\nexport const b = a;\n', "main.js -> x.js -> main.js"),
        ("const b = 1;\n", "main.js imports b, which x.js does not export"),
        ('import { c } from "./y.js";\nexport const b = c;\n', "y.js: no such module"),
        ('import * as all from "./main.js";\nexport const b = 1;\n', "cannot bundle"),
        ("export const b = 1;\nexport default b;\n", "cannot bundle"),
    ],
)
def test_what_cannot_be_bundled_is_refused(other: str, fault: str) -> None:
    modules = {"main.js": 'import { b } from "./x.js";\nb();\n', "x.js": other}
    with pytest.raises(ValueError, match=fault):
        bundle(modules, "main.js")
