"""One thread: the machine may be shared, and results do not depend on the number."""

import torch

torch.set_num_threads(1)
