"""Conditions whose words are not those of the table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.language.lexicon import read_lexicon
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


def test_a_verb_of_ones_own_goes_before_that_of_the_package(tmp_path: Path) -> None:
    """Verbs of two words and nouns of two words are added too, however they are written."""
    path = tmp_path / "words.toml"
    path.write_text(
        'compounds = ["Ice Cream"]\nphrasal = [["Set Up", "installed"], ["Do Up", "restored"]]\n',
        encoding="utf-8",
    )
    lexicon = read_lexicon(path)
    assert lexicon.plain_verbs("was set up, do up") == "was installed, restored"
    assert "ice cream" in lexicon.compounds


@pytest.mark.parametrize(
    "text",
    [
        "same = 3",
        "synonyms = []",
        "same = [",
        "not_same = [[]]",
        'phrasal = [["set up"]]',
        'compounds = [["ice cream"]]',
    ],
)
def test_a_lexicon_of_another_form_is_refused(text: str, tmp_path: Path) -> None:
    """The message says what may stand in it."""
    path = tmp_path / "words.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match="lexicon"):
        read_lexicon(path)


CABINS = Corpus.from_table(
    pa.table(
        {
            "Cabin": ["Alder", "Birch", "Cedar", "Dogwood"],
            "Deck (0 = water, 9 = roof)": [0, 1, 3, 9],
            "Sauna (0 = none)": [2, 0, 1, 0],
            "Insulated": ["yes", "no", "partly", "no"],
            "Dogs": ["Y", "N", None, "Y"],
            "Borders": ["Norway / Sweden", "Norway", "Finland / Sweden / Norway", "Sweden"],
            "Shore": ["lake", "sea", "river", "sea"],
            "n_booked": [4, 9, None, 6],
            "n_offered": [6, 6, 8, 6],
            "est_opening": [dt.date(2025, month, 5) for month in (3, 6, 7, 9)],
            "last_insp": [dt.date(2024, month, 9) for month in (4, 8, 2, 5)],
            "checked": [dt.date(2025, month, 9) for month in (6, 2, 3, 6)],
            "stage": ["Opening soon", "Opened", "Opened", "Planned"],
            "noise_ctrl": [True, False, True, False],
            "open_ccs": [0, 3, 1, 0],
            "Weekly rate (€)": [300, 450, 700, 820],
            "sched_handover": [dt.date(2025, 5, day) for day in (1, 4, 9, 20)],
            "actual_handover": [dt.date(2025, 5, day) for day in (3, 4, 2, 20)],
            "Region": ["Lapland", "Uppland", "Lapland", "Telemark"],
            "Heating": ["wood stove", "gas", "pellet stove", "electric"],
            "About": [
                "Families like the shallow bay, and so do their small dogs.",
                "A cabin for two, far away from any road or neighbour.",
                "The jetty is safe, which is why many families come back.",
                "Anglers come here for the trout, families mostly for the swimming.",
            ],
        }
    ),
    name="cabins",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("it is not known whether dogs are allowed", [2]),
        ("whether it takes dogs is not stated", [2]),
        ("it is stated whether dogs are allowed", [0, 1, 3]),
        ("nothing is known about dogs", [2]),
        ("dogs are not stated", [2]),
        ("noise control is not recorded", []),
        ("there is no information on dogs", [2]),
        ("Cabin must be uninsulated", [1, 3]),
        ("cabins that are non-insulated", [1, 3]),
        ("It is on the water deck.", [0]),
        ("not on the roof deck", [0, 1, 2]),
        ("on the first deck or higher", [1, 2, 3]),
        ("below the 3rd deck", [0, 1]),
        ("between the first and third decks", [1, 2]),
        ("on the third deck or further up", [2, 3]),
        ("shares two borders", [0]),
        ("shared by three borders", [2]),
        ("booked fewer guests than offered", [0]),
        ("more booked than offered", [1]),
        ("as many booked as offered", [3]),
        ("did not book more guests than offered", [0, 3]),
        ("the handover was later than scheduled", [0]),
        ("actual handover before the scheduled handover", [2]),
        ("the estimated opening date is between May and July 2025", [1, 2]),
        ("estimated to open after August 2025", [3]),
        ("the last inspection date was before May 2024", [0, 2]),
        ("the last inspection was in May or August 2024", [1, 3]),
        ("checked in February or March 2025", [1, 2]),
        ("checked in March or June 2025", [0, 2, 3]),
        ("noise-controlled", [0, 2]),
        ("but not noise-controlled", [1, 3]),
        ("without a single open customer complaint", [0, 3]),
        ("does not have a single open customer complaint", [0, 3]),
        ("a one-sauna cabin", [2]),
        ("two-sauna cabins", [0]),
        ("on the sea or a river for less than 750 euros", [1, 2]),
        ("on a lake or the sea at under 400 euros", [0]),
        ("heated by gas or a stove", [0, 1, 2]),
        ("wood or pellet stoves in Lapland", [0, 2]),
        ("gas or electric heating on the sea or a lake", [1, 3]),
        ("either in Uppland or with a wood stove", [0, 1]),
        ("in Telemark or with two saunas", [0, 3]),
        ("with electric heating or a stove", [0, 2, 3]),
        ("for families in Lapland or Telemark", [0, 2, 3]),
        ("anglers in Uppland or Telemark", [3]),
        ("for anglers in Telemark", [3]),
        ("gas heating for a sea cabin", [1]),
    ],
)
def test_a_condition_finds_what_short_headers_and_other_columns_tell(
    condition: str, places: list[int]
) -> None:
    """Legends, abbreviations, a second column and what is missing all answer conditions."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], CABINS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings


PLAYS = Corpus.from_table(
    pa.table(
        {
            "Play": ["Ashes", "Bells", "Crows", "Dusk"],
            "Tickets sold": [90, 200, None, 120],
            "Tickets printed": [120, 150, 80, 120],
            "Cost (€)": [900.0, 400.0, 300.0, None],
            "Budget (€)": [800.0, 500.0, 300.0, 600.0],
        }
    ),
    name="plays",
)


@pytest.mark.parametrize(
    ("condition", "places"),
    [
        ("went over budget", [0]),
        ("stayed within its budget", [1, 2]),
        ("under budget", [1]),
        ("did not exceed its budget", [1, 2]),
        ("cost more than its budget", [0]),
        ("sold more tickets than were printed", [1]),
        ("more tickets printed than sold", [0]),
        ("sold as many tickets as were printed", [3]),
        ("did not sell fewer tickets than printed", [1, 3]),
    ],
)
def test_one_column_is_compared_with_another(condition: str, places: list[int]) -> None:
    """Each of the two may be said in part; where a cell is missing nothing can be told."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], PLAYS)
    found = [at for at, (verdict,) in enumerate(judge.judge(range(4))) if verdict.is_matched]
    assert found == places, judge.readings
