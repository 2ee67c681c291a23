"""Whatever a half-written file looks like, an editor gets an answer."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from polyrules.lsp import answers
from polyrules.lsp.draft import Draft

TEXT = (Path(__file__).parents[2] / "strategies" / "longshot_yes.yaml").read_text(
    "utf-8"
)
WHOLE = Draft(TEXT, "mine.yaml")
TYPED = st.text(st.sampled_from(" \n-:#,{}[]'\"|>.be\t\r\x85\u2028\ufeff"), max_size=4)


@given(at=st.integers(0, len(TEXT)), cut=st.integers(0, 30), typed=TYPED)
@settings(max_examples=120)
def test_every_place_of_a_half_written_file_has_an_answer(
    at: int, cut: int, typed: str
) -> None:
    text = TEXT[:at] + typed + TEXT[at + cut :]
    draft = Draft(text, "mine.yaml", WHOLE)

    for place in range(max(at - 2, 0), min(at + len(typed) + 2, len(text))):
        answers.completions(draft, place)
        found = answers.about(draft, place)
        assert found is None or found[1].start <= place <= found[1].end
        span = answers.definition(draft, place)
        assert span is None or 0 <= span.start < span.end <= len(text)
    assert all(problem.line >= 1 for problem in answers.problems(draft))


@given(at=st.integers(0, len(TEXT) - 1))
@settings(max_examples=200)
def test_every_name_that_is_offered_is_known_by_its_meaning(at: int) -> None:
    items = answers.completions(WHOLE, at)

    silent = {item.label for item in items if item.documentation is None}
    assert silent <= {"and", "or", "not", "in", "if", "else", "true", "false"}
