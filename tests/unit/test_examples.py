"""The examples of the docstrings run and print what they say, and every public name has one."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

import kgmm

SOURCE = Path(kgmm.__file__).parent
MODULES = sorted(
    ".".join(("kgmm", *file.relative_to(SOURCE).with_suffix("").parts))
    for file in SOURCE.rglob("*.py")
    if ">>> " in file.read_text()
)


@pytest.mark.filterwarnings("ignore:no estimate of the score is better than the Gaussian's")
@pytest.mark.parametrize("module", MODULES)
def test_examples_print_what_they_say(module):
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted > 0 and results.failed == 0


@pytest.mark.parametrize("name", kgmm.__all__)
def test_every_public_name_has_an_example(name):
    documentation = inspect.getdoc(getattr(kgmm, name))
    assert re.search(r"^Examples\n--------$", documentation, flags=re.MULTILINE) and ">>> " in documentation


@pytest.mark.parametrize("name", [name for name in kgmm.__all__ if inspect.isfunction(getattr(kgmm, name))])
def test_every_parameter_of_a_public_function_is_documented(name):
    function = getattr(kgmm, name)
    documentation = inspect.getdoc(function)
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+$|\Z)", documentation, flags=re.MULTILINE | re.DOTALL)
    described = re.findall(r"^(?=\S)(.*?)(?: :.*)?$", section.group(1), flags=re.MULTILINE) if section else []
    names = {name.strip(" *") for line in described for name in line.split(",")}
    assert set(inspect.signature(function).parameters) <= names
