"""Pictures as the report takes them up."""

import base64
import io

import numpy as np
import xarray as xr
from PIL import Image

from kgmm.figures.drawing import publish
from kgmm.figures.kinds.empty import MANY_VARIABLES
from kgmm.report.pictures import pictures_of


def picture(folder, name: str, colour: int) -> str:
    path = folder / f"{name}.png"
    Image.fromarray(np.full((20, 30, 3), colour, dtype=np.uint8)).save(path, dpi=(192, 192))
    return str(path)


def test_pictures_are_embedded_without_loss_at_the_size_they_were_drawn(tmp_path):
    paths = [picture(tmp_path, name, colour) for name, colour in (("first", 10), ("second", 200))]
    found = pictures_of([*paths, paths[0]], threads=2)
    assert list(found) == paths and found == pictures_of(paths, threads=1)
    for path, colour in zip(paths, (10, 200)):
        shown = found[path]
        assert (shown["width"], shown["height"]) == (15, 10)
        with Image.open(io.BytesIO(base64.b64decode(shown["image"]))) as image:
            assert image.format == "WEBP" and np.unique(np.asarray(image)).tolist() == [colour]
    assert found[paths[0]]["files"][0] == f"{tmp_path.name}/first.pdf"


def test_a_picture_of_nothing_is_its_reason(tmp_path):
    files = [tmp_path / f"none.{suffix}" for suffix in ("png", "pdf", "nc")]
    publish(xr.Dataset(attrs={"kind": "empty", "reason": MANY_VARIABLES}), *files)
    (found,) = pictures_of([str(files[0])]).values()
    assert found == {"text": MANY_VARIABLES, "title": "none"}
