"""Installs the package; what it needs stands in requirements.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "tcm/__init__.py").read_text())[1]

setup(
    name="tcm",
    version=VERSION,
    description="Turn a CLIP model into a scene text reader",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["tcm", "tcm.*"]),
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    extras_require={
        "docs": ["mkdocs-material>=9.7", "mkdocstrings[python]>=1"],  # make docs
        # pyclipper makes MMOCR's offsets in whole pixels, which its oracles hold.
        "dev": [
            "hypothesis>=6.100",  # property-based tests
            "pyclipper>=1.3",
            "pytest>=8",
            "pytest-xdist>=3.6",  # tests on all cores
            "pytest-cov>=5",  # make coverage
            "ruff>=0.8",
            "mypy>=1.13",
            "pre-commit>=4",
        ],
    },
)
