import json
import subprocess
from pathlib import Path

import pytest

from persona_batch.reporting.document import ENTRY, page_folder
from persona_batch.reporting.joining import CannotJoin, join


def joined(**modules: str) -> str:
    return join("main.js", lambda name: modules[name.removesuffix(".js")])


def test_modules_see_what_they_import_under_the_names_they_ask_for(tmp_path: Path) -> None:
    script = joined(
        main='import { a, b as c } from "./one.js";\nimport {\n  K,\n} from "./two.js";\n'
        "console.log(JSON.stringify([a(), c, new K().m, typeof hidden]));\n",
        one='import { K } from "./two.js";\nconst hidden = 1;\nexport function a() { return hidden + new K().m; }\n'
        "export const b = 'b';\n",
        two="export class K { m = 2; }\nexport async function later() {}\n",
    )
    assert script.count("class K") == 1
    (tmp_path / "script.mjs").write_text(script, encoding="utf-8")
    done = subprocess.run(["node", tmp_path / "script.mjs"], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout or done.stderr) == [3, "b", 2, "undefined"]


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"main": 'import { a } from "./one.js";', "one": 'import { b } from "./main.js";'}, "main.js → one.js → main"),
        ({"main": 'import a from "./one.js";'}, "import a from"),
        ({"main": 'import * as a from "./one.js";'}, "import \\* as a"),
        ({"main": 'import "./one.js";'}, "no import or export that can be joined"),
        ({"main": 'const a = await import("./one.js");'}, "import\\("),
        ({"main": "export default 1;"}, "export default"),
        ({"main": "const a = 1;\nexport { a };"}, "export { a }"),
        ({"main": "export let a = 1;"}, "export let"),
        ({"main": 'export * from "./one.js";'}, "export \\*"),
        ({"main": "const a = '</SCRIPT>';"}, "would end the script"),
        ({"main": "// <!-- a comment"}, "would end the script"),
    ],
)
def test_what_cannot_be_joined_is_refused(modules: dict[str, str], message: str) -> None:
    with pytest.raises(CannotJoin, match=message):
        joined(**modules)


def test_all_modules_of_the_page_are_of_the_known_forms() -> None:
    folder = page_folder()
    script = join(ENTRY, lambda name: (folder / name).read_text(encoding="utf-8"))
    used = {line.split("// ")[1] for line in script.splitlines() if line.startswith("const module_")}
    shipped = {file.name for file in folder.iterdir() if file.name.endswith(".js")}
    assert used <= shipped
    assert ENTRY in used
