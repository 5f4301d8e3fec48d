"""Conditions whose words are not those of the table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.lexicon import read_lexicon
from findall_frames.errors import CorpusError

HOTELS = Corpus.from_table(
    pa.table(
        {
            "Hotel": ["Baur au Lac", "Ritz Paris", "The Plaza", "Burj Al Arab"],
            "City": ["Zurich", "Paris", "New York", "Dubai"],
            "Country": ["Switzerland", "France", "United States", "United Arab Emirates"],
            "Amenities": ["spa, pool", "spa, pool, bar", "bar", "pool, beach, spa"],
            "Price per night (USD)": [950.0, 1700.0, None, 1500.0],
            "Pet friendly": [True, True, True, False],
            "publicly_owned": [False, False, True, False],
            "Status": ["open", "closed", "open", "open"],
            "first_owner": ["Baur", "Ritz", "Sterry", "Jumeirah"],
            "present_owner": ["Kracht", "Ritz", "Katara", "Jumeirah"],
            "Guests (2020)": [21_000, 30_500, None, 64_000],
        }
    ),
    name="hotels",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("pets are welcome", [0, 1, 2]),
        ("no pets", [3]),
        ("Hotel must be in Europe", [0, 1]),
        ("European hotels", [0, 1]),
        ("Hotel must be private", [0, 1, 3]),
        ("hotels in Paris or Zurich without a bar", [0]),
        ("still open", [0, 2, 3]),
        ("the price is not known", [2]),
        ("more than 30,000 guests", [1, 3]),
        ("has three amenities", [1, 3]),
        ("The present owner is the first owner", [1, 3]),
        ("The present owner is not the first owner", [0, 2]),
        ("goes to Dubai", [3]),
        ("Hotel must be outside France and Switzerland", [2, 3]),
    ],
)
def test_a_condition_finds_its_column_by_what_it_means(condition: str, places: list[int]) -> None:
    """Opposites, parts of a name, larger places and other columns all lead to a column."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], HOTELS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


PLAYERS = Corpus.from_table(
    pa.table(
        {
            "Player": ["Messi", "Mbappé", "Modrić", "Neuer"],
            "Nationality": ["Argentina", "France", "Croatia", "Germany"],
            "Position": ["Forward", "Forward", "Midfielder", "Goalkeeper"],
            "Club": ["Inter Miami", "Real Madrid", "Real Madrid", "Bayern Munich"],
            "Style": ["technical", "dynamic", "technical", "static"],
            "Market value (€M)": [20.0, 180.0, 6.0, None],
            "World rank": [3, 1, 12, 40],
            "followers_m": [500.0, 120.0, 40.0, 14.0],
        }
    ),
    name="players",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("plays for Real Madrid", [1, 2]),
        ("does not play for Real Madrid or Bayern Munich", [0]),
        ("plays as a goalkeeper or midfielder", [2, 3]),
        ("worth more than €10 million", [0, 1]),
        ("ranked in the top 10", [0, 1]),
        ("followed by more than 100 million followers", [0, 1]),
        ("plays dynamically", [1]),
        ("Player must be Argentine or Croatian", [0, 2]),
    ],
)
def test_a_verb_says_how_a_value_belongs_and_names_nobody(
    condition: str, places: list[int]
) -> None:
    """Who plays for a club is no name of a player, and worth is a value."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PLAYERS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("the highest market value", [1]),
        ("Player must have the fewest followers", [3]),
        ("not the most followers", [1, 2, 3]),
    ],
)
def test_a_superlative_is_about_the_whole_table(condition: str, places: list[int]) -> None:
    """The highest is looked for among all rows, whichever are being judged."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PLAYERS)
    found = [at for at in range(4) if judge.judge([at])[0][0].is_matched]
    assert found == places, judge.readings


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("Person must be older than 30", [0]),
        ("aged under 30", [1]),
        ("between 20 and 30 years old", [1]),
        ("not older than 30", [1]),
    ],
)
def test_an_age_is_told_by_the_day_of_birth(condition: str, places: list[int]) -> None:
    """Whose birth is not known is neither old nor young."""
    year = dt.date.today().year
    born = [f"{year - 41}-01-01", f"{year - 25}-01-01", None]
    table = pa.table({"Person": ["Ann", "Bob", "Cid"], "Born": born})
    judge = RuleEvaluator().judge_for(
        [MatchCondition("asked", condition)], Corpus.from_table(table, name="people")
    )
    found = [at for at, (verdict,) in enumerate(judge.judge(range(3))) if verdict.is_matched]
    assert found == places, judge.readings


COMPOSERS = Corpus.from_table(
    pa.table(
        {
            "name": ["Bach", "Mozart", "Beethoven", "Verdi"],
            "text": [
                "Bach was born in Eisenach in 1685 and wrote more than 1,000 works. He never "
                "wrote an opera. He died in 1750.",
                "Mozart was born in Salzburg in 1756. He wrote 22 operas and 41 symphonies. "
                "He died in Vienna in 1791.",
                "Beethoven, from Bonn, wrote nine symphonies and one opera. He died in 1827.",
                "Verdi composed 28 operas. He was elected in 1861 and died in Milan in 1901. "
                "He was a deputy until 1865.",
            ],
        }
    ),
    name="composers",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("wrote at least 20 operas", [1, 3]),
        ("more than five symphonies", [1, 2]),
        ("died after 1900", [3]),
        ("born in 1685 or 1756", [0, 1]),
        ("never wrote an opera", [0]),
        ("born in Europe", []),
        ("Composer must be a deputy", []),
    ],
)
def test_a_number_in_a_text_belongs_to_its_noun_or_verb(condition: str, places: list[int]) -> None:
    """Spelled numbers count, and what is told of nobody else is not taken for so."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], COMPOSERS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


def test_a_place_of_the_same_name_elsewhere_is_not_taken_for_it() -> None:
    """Georgia among the states of America does not lie in Asia."""
    table = pa.table({"State": ["Georgia", "Ohio", "Maine", "Texas"], "Votes": [16, 17, 4, 40]})
    corpus = Corpus.from_table(table, name="states")
    judge = RuleEvaluator().judge_for([MatchCondition("asked", "State must be in Asia")], corpus)
    assert not any(verdict.is_matched for (verdict,) in judge.judge(range(4)))
    assert judge.readings[0].startswith("Not understood")


def test_a_lexicon_of_ones_own_adds_words_to_those_of_the_package(tmp_path: Path) -> None:
    """What a word means in a trade can be said in a file."""
    path = tmp_path / "words.toml"
    path.write_text('same = [["spa", "wellness area"]]\n', encoding="utf-8")
    condition = [MatchCondition("asked", "Hotel must have a wellness area")]
    judge = RuleEvaluator(lexicon=read_lexicon(path)).judge_for(condition, HOTELS)
    assert [verdict.is_matched for (verdict,) in judge.judge(range(4))] == [True, True, False, True]
    plain = RuleEvaluator().judge_for(condition, HOTELS)
    assert not any(verdict.is_matched for (verdict,) in plain.judge(range(4)))


@pytest.mark.parametrize("text", ["same = 3", "synonyms = []", "same = ["])
def test_a_lexicon_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    """The message says what may stand in it."""
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match="lexicon"):
        read_lexicon(path)
