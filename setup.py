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
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    author="tcm contributors",
    project_urls={
        "FastTCM": "https://arxiv.org/abs/2308.10408",
        "TCM": "https://arxiv.org/abs/2302.14338",
        "CLIP4STR": "https://arxiv.org/abs/2305.14014",
    },
    keywords=[
        "scene text detection",
        "scene text spotting",
        "scene text recognition",
        "OCR",
        "CLIP",
    ],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Environment :: GPU :: NVIDIA CUDA",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    # The configs lie beside the code in a clone, and in it where it is installed (`tcm.shipped`).
    packages=[*find_packages(include=["tcm", "tcm.*"]), "tcm.configs"],
    package_dir={"tcm.configs": "configs"},
    package_data={
        "tcm": [
            "py.typed",
            "weights/**",
            "demo/page.html",
            "integrations/openmmlab/configs/**/*.py",
        ],
        "tcm.configs": ["**"],
    },
    entry_points={"console_scripts": ["tcm = tcm.cli.main:tcm"]},
    install_requires=(HERE / "requirements.txt").read_text(encoding="utf-8").split(),
    extras_require={
        "export": ["onnx>=1.17", "onnxscript>=0.5"],  # tcm export
        "hub": ["huggingface_hub>=0.24"],  # models from and to the Hugging Face Hub
        # What the backbones need inside MMOCR, whose PyTorch and NumPy are older than tcm's own.
        "openmmlab": (HERE / "requirements-openmmlab.txt").read_text(encoding="utf-8").split(),
        "pdf": ["pypdfium2>=4.30"],  # pages of PDFs as images
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
            "setuptools>=77",  # the wheel, whose content a test checks
            "selenium>=4.20",  # the page of tcm demo, where there is a Chromium
        ],
    },
)
