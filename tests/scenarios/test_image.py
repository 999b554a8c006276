"""The image, built and started wherever a builder is at hand; as `make image` does it."""

import json

import pytest

from scripts.image import BUILDERS, NO_BUILDER, RUNNERS, build, check, find_tool


@pytest.mark.soak
def test_the_image_is_built_and_is_ready_without_any_right() -> None:
    builder, runner = find_tool(BUILDERS), find_tool(RUNNERS)
    if builder is None or runner is None:
        pytest.skip(NO_BUILDER)
    build(builder)
    assert json.loads(check(runner)) == {"status": "ready", "failing": []}
