"""Conditions that only sentences can answer, in other words than theirs."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator
from findall_frames.embedded.language.lexicon import read_lexicon

TOURS = Corpus.from_table(
    pa.table(
        {
            "Tour": ["Fjord Paddle", "Ridge Walk", "Old Town", "Night Ride"],
            "Country": ["Norway", "France", "Spain", "France"],
            "Price (€)": [900, 450, 30, 120],
            "About": [
                "Nights are spent in cabins, which the fee covers, and breakfast is served there. "
                "Novices are welcome. A party of six sets out with two boats. "
                "A deposit of 200 euros is due at once. Only those over 18 may come.",
                "You should know how to read a map, and some practice on steep paths is needed. "
                "Bring a packed lunch; rooms are not included, but hotels lie nearby. "
                "At most twelve people walk together. Dogs are forbidden. "
                "All talks are held in French.",
                "No experience is needed to stroll through the lanes, and step-free paths lead "
                "past all the sights. Dinner at the end is part of the price. The guide speaks "
                "German. Twenty guests can join. You can bring your dog.",
                "The ride isn't for beginners. A deposit of 50 euros is asked of everybody. "
                "Lodging costs extra, while drinks are on us. Three riders at most set out. "
                "Those who finish receive a diploma, and music by night is banned.",
            ],
        }
    ),
    name="tours",
)

PLANTS = Corpus.from_table(
    pa.table(
        {
            "name": ["Flax", "Hemp", "Woad", "Madder"],
            "text": [
                "A blue-flowered herb that came to Ireland with the monks. Canada grows more of it "
                "than any other country. The stalks are cut about a hundred days after sowing.",
                "Its fibre makes ropes. In the United States it was outlawed for decades. China is "
                "the leading producer, and it ripens in four months.",
                "The leaves have dyed cloth blue since the Iron Age. France overtook Germany as "
                "the biggest producer. Eaten raw, it is safe in any amount.",
                "A climber from Persia, of which the roots give a red colouring. Large amounts are "
                "toxic to the kidneys. It is dug up three years after planting.",
            ],
        }
    ),
    name="plants",
)


BIRDS = Corpus.from_table(
    pa.table(
        {
            "bird": ["Ibis", "Starling", "Crane"],
            "notes": [
                "Eighty are left in the wild. It died out in Spain and was brought back. Watchers "
                "have to be 12 or older to join the society, which has three members of staff.",
                "It mimics sounds of the town. It is active by day and eats nearly anything.",
                "It migrates in autumn over two mountain ranges in flocks of up to fifty birds.",
            ],
        }
    ),
    name="birds",
)


MUSEUMS = Corpus.from_table(
    pa.table(
        {
            "Museum": ["Dock", "Tick", "Burg"],
            "Text": [
                "It opened in a former mill and closes on Mondays. Photographs may be taken.",
                "Strollers are not permitted. Children get in for nothing. Photography is banned.",
                "The labels are only in German. It won a prize in 2012.",
            ],
        }
    ),
    name="museums",
)


@pytest.mark.parametrize(
    ("corpus", "condition", "places"),
    [
        (TOURS, "Accommodation is included in the price", [0]),
        (TOURS, "The price includes lodging", [0]),
        (TOURS, "meals are provided", [0, 2]),
        (TOURS, "dinner is included", [2]),
        (TOURS, "Tour must be suitable for beginners", [0, 2]),
        (TOURS, "meant for beginners", [0, 2]),
        (TOURS, "requires previous experience", [1, 3]),
        (TOURS, "needs some prior experience", [1, 3]),
        (TOURS, "dogs are allowed", [2]),
        (TOURS, "dogs are welcome", [2]),
        (TOURS, "participants can get a certificate", [3]),
        (TOURS, "guests must obtain a certificate", [3]),
        (TOURS, "people in wheelchairs can join", [2]),
        (TOURS, "suitable for wheelchairs", [2]),
        (TOURS, "no more than six participants", [0]),
        (TOURS, "more than ten participants", [1, 2]),
        (TOURS, "asks for a deposit of more than 100 euros", [0]),
        (TOURS, "a deposit of at most 100 euros", [3]),
        (TOURS, "costs more than 100 euros", [0, 1, 3]),
        (TOURS, "only for adults", [0]),
        (TOURS, "dogs are not allowed", [1]),
        (TOURS, "dogs are banned", [1]),
        (TOURS, "lodging costs extra", [3]),
        (TOURS, "The tour is taught in French", [1]),
        (TOURS, "taught in German", [2]),
        (TOURS, "takes place in France", [1, 3]),
        (BIRDS, "Bird must be migratory", [2]),
        (BIRDS, "can imitate sounds", [1]),
        (BIRDS, "lives in flocks of more than 30 birds", [2]),
        (BIRDS, "fewer than 100 individuals remain", [0]),
        (BIRDS, "has been reintroduced", [0]),
        (BIRDS, "more than 200 members", []),
        (MUSEUMS, "prams are not allowed", [1]),
        (MUSEUMS, "pushchairs are forbidden", [1]),
        (MUSEUMS, "closed on Mondays", [0]),
        (MUSEUMS, "children get in free", [1]),
        (MUSEUMS, "photography is allowed", [0]),
        (MUSEUMS, "photography is not allowed", [1]),
        (PLANTS, "Canada is the largest producer", [0]),
        (PLANTS, "China is the biggest grower", [1]),
        (PLANTS, "Germany is the biggest producer", []),
        (PLANTS, "can be harvested within five months of sowing", [0, 1]),
        (PLANTS, "harvested less than a year after planting", [0, 1]),
        (PLANTS, "forbidden in some country", [1]),
        (PLANTS, "was prohibited somewhere", [1]),
        (PLANTS, "used as a dye", [2, 3]),
        (PLANTS, "Eating a lot of it is harmful", [3]),
    ],
)
def test_a_sentence_answers_in_its_own_words(
    corpus: Corpus, condition: str, places: list[int]
) -> None:
    """Narrower words and phrases count, what is denied does not, and each number has its noun."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", condition)], corpus)
    found = [
        at for at, (verdict,) in enumerate(judge.judge(range(len(corpus)))) if verdict.is_matched
    ]
    assert found == places, judge.readings


def test_what_a_text_says_in_other_words_is_never_taken_for_certain() -> None:
    """The sentence is cited as it stands, and the confidence is not high."""
    judge = RuleEvaluator().judge_for([MatchCondition("asked", "dogs are allowed")], TOURS)
    ((verdict,),) = list(judge.judge([2]))
    assert verdict.confidence != "high"
    assert [c.excerpts for c in verdict.citations] == [["You can bring your dog."]]


def test_a_lexicon_of_ones_own_says_in_which_words_texts_say_a_thing(tmp_path: Path) -> None:
    """A boat tells of watercraft where the file says so, and nowhere else."""
    path = tmp_path / "words.toml"
    path.write_text('[told]\nwatercraft = ["boat"]\n', encoding="utf-8")
    evaluator = RuleEvaluator(lexicon=read_lexicon(path))
    asked = [MatchCondition("asked", "uses watercraft")]
    found = [verdict.is_matched for (verdict,) in evaluator.judge_for(asked, TOURS).judge(range(4))]
    assert found == [True, False, False, False]
    plain = RuleEvaluator().judge_for(asked, TOURS)
    assert not any(verdict.is_matched for (verdict,) in plain.judge(range(4)))
