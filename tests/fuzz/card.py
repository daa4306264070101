"""Coverage-guided fuzzing of the chip: docs/reference/card.md says how it is run.

A file of the corpus is a list of steps (`tests.card.planted.read_steps`): commands, the right PIN of
an application, a selection, a reset. What must hold after each is what the property tests hold.
"""

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.seeds import SEEDS


def main():
    """Fuzz until something fails, or for as long as the arguments of libFuzzer say."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["kumihimo.card"]):
        planted = importlib.import_module("tests.card.planted")
    with TemporaryDirectory(prefix="kumihimo-fuzz-") as folder:
        for name, seed in SEEDS.items():
            (Path(folder) / name).write_bytes(seed)
        atheris.Setup([*sys.argv, folder], planted.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
