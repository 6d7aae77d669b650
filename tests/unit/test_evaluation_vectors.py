"""The known answers that browsers check are those of the platform itself."""

from tests.vectors.make_evaluation_1 import FILE, made


def test_the_vectors_of_sheet_and_draw_are_what_the_platform_computes() -> None:
    assert FILE.read_text() == made()
