"""What words have to do with each other, where a question says another than the data."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from findall_frames.api.models import MatchCondition
from findall_frames.embedded.data.corpus import Corpus
from findall_frames.embedded.evaluate import RuleEvaluator, RuleJudge
from findall_frames.embedded.language import thesaurus
from findall_frames.embedded.language.lexicon import Lexicon, default_lexicon, read_lexicon

SUPPLIERS = Corpus.from_table(
    pa.table(
        {
            "supplier": ["Alder", "Birch", "Cedar", "Dogwood", "Elm"],
            "profile": [
                "Alder distils gin in a former mill. Its products are sold in six countries.",
                "Birch brews lager. Visitors are welcome, but smoking is prohibited.",
                "Cedar runs a foundry. Two lorries take the castings to the harbour.",
                "Dogwood rents out canoes. It does not sell whisky.",
                "Elm weaves linen and wool. Its personnel come from the village.",
            ],
        }
    ),
    name="suppliers",
)

STALLS = Corpus.from_table(
    pa.table(
        {
            "stall": ["Ann", "Bea", "Cat", "Dot", "Eve"],
            "goods": ["apple", "carrot", "pear", "salmon", "sofa"],
            "mass_kg": [1.5, 2.0, 9.0, None, 40.0],
            "tariff": [3, 4, 2, 9, 120],
            "transport": ["lorry", "bicycle", "lorry", "van", None],
            "secondhand": [False, False, False, False, True],
            "proprietor": ["Ray", "Sue", "Ray", "Tom", "Uma"],
        }
    ),
    name="stalls",
)

HOTELS = Corpus.from_table(
    pa.table(
        {
            "hotel": ["Alba", "Brenner", "Corso", "Dune", "Elba"],
            "about": [
                "Alba has a view of the bay. Breakfast costs extra and dogs stay outside.",
                "Brenner is shut in summer, and bicycles can be hired.",
                "Corso lies near the cathedral. Its trattoria serves trout. Smoking is prohibited.",
                "Dune was refurbished in 2021 and has an elevator. You may work from home here.",
                "Elba used to be a monastery. A minibus takes visitors to the airfield.",
            ],
        }
    ),
    name="hotels",
)


def found(corpus: Corpus, condition: str, *, lexicon: Lexicon | None = None) -> set[str]:
    """The names of the rows that a condition selects."""
    judge = judge_of(corpus, condition, lexicon=lexicon)
    names = corpus.names(range(len(corpus)))
    rows = judge.judge(range(len(corpus)))
    return {str(name) for name, (verdict,) in zip(names, rows, strict=True) if verdict.is_matched}


def judge_of(corpus: Corpus, condition: str, *, lexicon: Lexicon | None = None) -> RuleJudge:
    """What judges one condition."""
    evaluator = RuleEvaluator(lexicon=lexicon or default_lexicon())
    return evaluator.judge_for([MatchCondition("asked", condition)], corpus)


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("makes spirits", {"Alder"}),
        ("produces alcoholic drinks or alcohol", {"Alder", "Birch"}),
        ("smoking is forbidden", {"Birch"}),
        ("has a factory", {"Cedar"}),
        ("rents out boats", {"Dogwood"}),
        ("whisky is sold", set()),
        ("weaves fabric", {"Elm"}),
        ("the staff come from the village", {"Elm"}),
    ],
)
def test_a_text_is_met_in_other_words_and_by_a_kind(condition: str, names: set[str]) -> None:
    """A synonym, a kind of it, a kind of a kind; what is denied stays denied."""
    assert found(SUPPLIERS, condition) == names


@pytest.mark.parametrize(
    ("condition", "names", "reading"),
    [
        ("weighs more than 1.8 kg", {"Bea", "Cat", "Eve"}, "Mass_kg is more than 1.8."),
        ("costs less than 4", {"Ann", "Cat"}, "Tariff is less than 4."),
        ("the owner is Ray", {"Ann", "Cat"}, "Proprietor is Ray."),
        ("sells fruit", {"Ann", "Cat"}, "Goods is apple or pear, kinds of 'fruit'."),
        ("sells furniture", {"Eve"}, "Goods is sofa, a kind of 'furniture'."),
        (
            "sells vegetables or fish",
            {"Bea", "Dot"},
            "Goods is carrot, a kind of 'vegetables' or goods is salmon, a kind of 'fish'.",
        ),
        (
            "does not sell fruit",
            {"Bea", "Dot", "Eve"},
            "Not (goods is apple or pear, kinds of 'fruit').",
        ),
        (
            "is delivered by truck",
            {"Ann", "Cat"},
            "Transport is lorry, another word for 'truck', leaving aside 'delivered'.",
        ),
        ("is used", {"Eve"}, "Secondhand is true."),
        ("is new", {"Ann", "Bea", "Cat", "Dot"}, "Not (secondhand is true)."),
    ],
)
def test_a_column_and_its_values_are_found_by_other_words(
    condition: str, names: set[str], reading: str
) -> None:
    """A synonym of a header, a value by another name, and all values of a kind."""
    assert judge_of(STALLS, condition).readings == [reading]
    assert found(STALLS, condition) == names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("by air", {"plane"}),
        ("by public transport", {"train", "ferry"}),
        ("by ship", {"ferry"}),
        ("from home", {"plane"}),
        ("money back", {"train"}),
        ("is not refundable", {"ferry", "plane"}),
    ],
)
def test_a_flag_and_a_single_common_name_are_found_by_other_words(
    condition: str, names: set[str]
) -> None:
    """By a phrase of which the name of the column is a kind, or the other way round."""
    table = pa.table(
        {
            "mode": ["train", "ferry", "plane"],
            "telework": [False, False, True],
            "refundable": [True, False, False],
        }
    )
    assert found(Corpus.from_table(table, name="modes"), condition) == names


def test_a_value_that_stands_there_goes_before_other_words() -> None:
    """What is only a kind of what was asked for is not looked for where it is there itself."""
    table = pa.table({"item": ["A", "B", "C"], "kind": ["fruit", "apple", "bread"]})
    corpus = Corpus.from_table(table, name="items")
    assert found(corpus, "is fruit") == {"A"}
    judge = judge_of(corpus, "is a kind of food")
    assert all(v.confidence == "low" for (v,) in judge.judge(range(3)))


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("has a place to eat", {"Corso"}),
        ("serves fish", {"Corso"}),
        ("was renovated", {"Dune"}),
        ("has a lift", {"Dune"}),
        ("no smoking", {"Corso"}),
        ("smoking is allowed", set()),
        ("was a religious building", {"Elba"}),
        ("closed in the summer months", {"Brenner"}),
        ("offers transport", {"Elba"}),
        ("pets are allowed", set()),
        ("pets are not allowed", {"Alba"}),
    ],
)
def test_a_guest_asks_a_prospectus_in_other_words(condition: str, names: set[str]) -> None:
    """Also by a phrase for a kind of thing, and for what is prohibited."""
    assert found(HOTELS, condition) == names


@pytest.mark.parametrize("condition", ["is a fruit", "sells poultry", "is made of metal"])
def test_a_name_or_a_place_is_no_kind_of_thing(condition: str) -> None:
    """Apple is a company, Turkey a country, and nothing stands for a word with other meanings."""
    table = pa.table(
        {
            "company": ["Apple", "Orbis", "Castle"],
            "country": ["Turkey", "Chile", "Peru"],
            "about": ["It makes phones.", "It has the lead in rivets.", "It rents out cranes."],
        }
    )
    assert found(Corpus.from_table(table, name="companies"), condition) == set()


def test_who_is_unharmed_was_not_injured() -> None:
    """The opposite by its prefix, also of a synonym; the others are told of in other words."""
    texts = [
        "A van ran off the road in the morning, but its driver was unharmed.",
        "A cook slipped on the wet floor of the kitchen and broke his wrist.",
        "The pump in the cellar failed at noon and was replaced the same day.",
    ]
    table = pa.table({"report": ["A", "B", "C"], "what happened": texts})
    corpus = Corpus.from_table(table, name="reports", name_column="report")
    assert found(corpus, "somebody was injured") == {"B"}
    assert found(corpus, "nobody was injured") == {"A"}


def test_a_word_with_other_meanings_stands_only_for_what_a_table_has() -> None:
    """In running text nothing tells which of them is meant."""
    lexicon = default_lexicon()
    assert ("ship",) in lexicon.synonyms("dispatch")
    assert ("ship",) not in lexicon.synonyms("dispatch", in_text=True)
    assert ("lead",) in lexicon.kinds_of("metal")
    assert ("lead",) not in lexicon.kinds_of("metal", in_text=True)


def test_a_file_of_words_switches_a_relation_off(tmp_path: Path) -> None:
    """What `not_same` lists is something else, and only that."""
    path = tmp_path / "words.toml"
    path.write_text('not_same = [["spirits", "gin", "brandy"]]\n', encoding="utf-8")
    lexicon = read_lexicon(path)
    assert found(SUPPLIERS, "makes spirits", lexicon=lexicon) == set()
    assert ("rum",) in lexicon.kinds_of("spirits")
    assert ("gin",) not in lexicon.kinds_of("spirits")


def test_every_line_of_the_thesaurus_relates_words() -> None:
    """None is of another form, and none relates a word to itself."""
    path = Path(str(thesaurus.__file__)).with_name("thesaurus.txt")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            words = [word.strip() for part in line.split(" > ") for word in part.split(" ! ")]
            listed = [one.strip() for word in words for one in word.split(",")]
            assert len(listed) > 1, line
            assert all(listed), line
            assert len(set(listed)) == len(listed), line


def test_a_phrase_that_has_kinds_is_also_met_by_its_own_words_apart() -> None:
    """Who asks for an energy source is told by sources of energy, not by half of it."""
    about = [
        "The island lives on many sources of energy.",
        "Its main source of income is tea.",
        "A reactor is the only nuclear plant.",
    ]
    places = Corpus.from_table(
        pa.table({"place": ["Ada", "Bol", "Cis"], "about": about}), name="places"
    )
    asked = MatchCondition("energy", "has an energy source")
    rows = RuleEvaluator().judge_for([asked], places).judge(range(3))
    assert [row[0].is_matched for row in rows] == [True, False, True]
