"""Installs the package; what it needs stands in requirements.txt."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="tcm",
    version="0.1.0",
    description="Turn a CLIP model into a scene text reader",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["tcm", "tcm.*"]),
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    extras_require={
        "mmocr": ["pyclipper>=1.3"],  # MMOCR's integer offsets, digit for digit
        "dev": ["pyclipper>=1.3", "pytest>=8", "ruff>=0.8", "mypy>=1.13", "pre-commit>=4"],
    },
)
