"""Fixtures of the unit tests."""

import pytest
import torch


@pytest.fixture
def threads():
    """Sets the number of threads for the rest of one test."""
    yield torch.set_num_threads
    torch.set_num_threads(1)
