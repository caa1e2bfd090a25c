import subprocess
import sys
from pathlib import Path

import tcm.annotations


def test_the_parsers_stand_on_the_ground_floor_and_need_no_torch():
    folder = Path(tcm.annotations.__file__).parent
    names = [f"tcm.annotations.{path.stem}" for path in folder.glob("*.py")]
    code = f"import sys, {', '.join(names)}\nprint(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = found.stdout.split()
    assert "torch" not in modules
    floors = {".".join(m.split(".")[:2]) for m in modules if m.split(".")[0] == "tcm"}
    ground = {"tcm", "tcm.annotations", "tcm.errors", "tcm.files", "tcm.geometry", "tcm.inputs"}
    assert floors == ground
