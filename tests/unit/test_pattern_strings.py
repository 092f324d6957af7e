"""Strings: random ones, entries, the user's lines, and names."""

import pytest
import torch
from pydantic import ValidationError

from memlab.draws import Draws
from memlab.patterns import names
from memlab.patterns.lines import Lines
from memlab.patterns.names import Names
from memlab.patterns.strings import Entries, Strings

DRAWS = Draws(seed=2, replicates=(0, 1, 2))
WORDS = [f"w{k}" for k in range(20)]


def read(source, count, draws=DRAWS):
    """What every replicate has drawn, in letters."""
    space, strings = source.space, source.draw(count, draws)
    assert space.check(strings) is strings
    return [["".join(space.spelled(s[space.valid(s)])[:-1]) for s in own] for own in strings]


@pytest.fixture
def lines(tmp_path):
    """Make a source of some lines, or of bytes."""

    def made(content, **settings):
        file = tmp_path / "own.txt"
        whole = content if isinstance(content, bytes) else "\n".join(content).encode()
        file.write_bytes(whole)
        return Lines(file, **settings)

    return made


# --- drawn at random ------------------------------------------------------------------------


def test_random_strings_differ_and_have_every_length_and_letter_there_is():
    found = read(Strings(letters=3, shortest=2, longest=4), 60)
    assert found[0] != found[1]
    assert all(len(set(own)) == 60 for own in found)
    assert {len(string) for string in found[0]} == {2, 3, 4}
    assert set("".join(found[0])) == set("abc")


@pytest.mark.parametrize("source", [Strings(), Entries(), Strings(letters=62, longest=20)])
def test_a_string_does_not_depend_on_how_many_are_drawn_nor_for_whom(source):
    few, many = read(source, 3), read(source, 9)
    assert few == [own[:3] for own in many]
    assert read(source, 3, Draws(2, (1,))) == few[1:2]


def test_more_strings_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"only 6 distinct ones of 7.*raise letters"):
        Strings(letters=2, shortest=1, longest=2).draw(7, DRAWS)


def test_lengths_the_wrong_way_round_are_refused():
    with pytest.raises(ValidationError, match="shortest must be at most longest=3, got 4"):
        Strings(longest=3)


def test_entries_are_a_key_a_separator_and_a_value():
    found = read(Entries(letters=4, key=2, value=3), 16)
    for own in found:
        keys, values = zip(*(entry.split(":") for entry in own), strict=True)
        assert len(set(keys)) == 16
        assert {len(key) for key in keys} == {2}
        assert {len(value) for value in values} == {3}
    with pytest.raises(ValueError, match=r"only 16 distinct ones of 17.*raise letters or key"):
        Entries(letters=4, key=2).draw(17, DRAWS)


# --- lines of a file ------------------------------------------------------------------------


def test_lines_are_taken_in_their_order_each_once(lines):
    source = lines(["b", "ab", "b", "ba"])
    assert read(source, 3) == [["b", "ab", "ba"]] * 3
    assert source.names(3) == ("b", "ab", "ba")
    with pytest.raises(ValueError, match="4 lines were asked for, but there are 3"):
        source.draw(4, DRAWS)


def test_markers_and_any_alphabet_may_be_in_the_data(lines):
    odd = [">_^$", "äöü 東京", "\ttab ", "·", "0,1"]
    source = lines(odd)
    assert read(source, 5)[0] == odd
    assert source.space.alphabet == "".join(sorted(set("".join(odd))))
    assert source.space.shape == (7,)


def test_endings_of_other_systems_are_no_letters(lines):
    windows = lines(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read(windows, 2)[0] == ["one", "two"]


@pytest.mark.parametrize(
    ("content", "settings", "why"),
    [
        (b"", {}, "own.txt must hold a string a line, but is empty"),
        (b"ab\n\ncd\n", {}, "own.txt, line 2: a line must hold a string"),
        (b"\n", {}, "own.txt, line 1: a line must hold a string"),
        (b"ab\n\n", {}, "own.txt, line 2: a line must hold a string"),
        (b"ab\nc\xff\n", {}, "own.txt, line 2: text must be UTF-8, but byte 2 is 0xff"),
        (b"ab\nabc\n", {"alphabet": "ab"}, "own.txt, line 2: letters must be .*, got 'c'"),
        (b"ab\nabc\n", {"longest": 2}, "own.txt, line 2: .*at most longest=2 letters, got 3"),
        (b"ab\nabc\n", {"held_out": 3}, "held_out must be at most the 2 strings"),
        (b"ab\n", {"alphabet": "aba"}, "name each letter once"),
        (b"aa\n", {}, "an end and two symbols or more"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(lines, content, settings, why):
    with pytest.raises(ValidationError, match=why):
        lines(content, **settings)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="path must be a file that can be read"):
        Lines(tmp_path / "nowhere")
    with pytest.raises(ValidationError, match="path must be a file that can be read"):
        Lines(tmp_path)


def test_a_declared_alphabet_and_length_make_the_space(lines):
    source = lines(["ab", "b"], alphabet="cba", longest=4)
    assert source.space.shape == (5,)
    assert source.draw(2, DRAWS)[0].tolist() == [[3, 2, 0, 0, 0], [2, 0, 0, 0, 0]]


# --- what is held out -----------------------------------------------------------------------


def test_each_replicate_holds_out_its_own_sample_and_none_of_it_comes_again(lines):
    source = lines([*WORDS, *WORDS], held_out=5)
    found = read(source, 20)
    assert len({tuple(own[:5]) for own in found}) == 3
    for own in found:
        assert sorted(own) == sorted(WORDS)
        assert own[5:] == [word for word in WORDS if word not in own[:5]]  # as listed
    assert read(source, 7) == [own[:7] for own in found]
    assert source.names(2) == ("line_0", "line_1")


def test_a_random_order_is_each_replicates_own(lines):
    found = read(lines(WORDS, order="random", held_out=2), 20)
    assert len({tuple(own[2:]) for own in found}) == 3
    assert all(sorted(own) == sorted(WORDS) for own in found)


def test_makemore_holds_out_the_last_of_one_permutation_with_their_duplicates(lines):
    whole = [*WORDS, *WORDS]
    source = lines(whole, sample="makemore", held_out=6)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3407)).tolist()
    expected = [whole[k] for k in order[-6:]]
    found = read(source, 40)
    assert found == [found[0]] * 3
    assert found[0][:6] == expected
    assert found[0][6:] == [whole[k] for k in sorted(order[:-6])]
    assert set(found[0][:6]) & set(found[0][6:])  # it leaks, which is why it is not the default
    assert source.names(2) == tuple(expected[:2])


def test_without_anything_held_out_makemore_is_the_list_as_it_is(lines):
    source = lines(["a", "b", "a"], sample="makemore")
    assert read(source, 3)[0] == ["a", "b", "a"]
    assert source.names(3) == ("a", "b", "a_2")


# --- names ----------------------------------------------------------------------------------


def test_names_of_a_year_are_girls_then_boys_by_frequency():
    source = Names()
    assert source.space.shape == (16,)
    assert source.space.symbols == 27
    assert read(source, 3)[0] == ["emma", "olivia", "ava"]
    assert read(Names(sex="M"), 2)[0] == ["liam", "noah"]
    assert Names(year=1880).names(2) == ("mary", "anna")


def test_a_year_has_so_many_names_and_no_more():
    assert Names().draw(29_910, Draws(0, (0,)))[0].unique(dim=0).shape == (29_910, 16)
    with pytest.raises(ValueError, match="29911 names were asked for, but there are 29910"):
        Names().draw(29_911, DRAWS)
    with pytest.raises(ValueError, match="but there are 32469"):
        Names(sample="makemore").draw(40_000, DRAWS)


def test_of_all_years_each_name_comes_once():
    assert read(Names(year=None), 3, Draws(0, (0,))) == [["james", "john", "robert"]]
    assert read(Names(year=None, sex="F"), 1, Draws(0, (0,))) == [["mary"]]


def test_other_names_can_follow_the_first_ones():
    source = Names(sex="F", then="M", first=40, order="random")
    found = read(source, 80)
    girls = set(read(Names(sex="F"), 18_309, Draws(0, (0,)))[0])
    for own in found:
        assert set(own[:40]) <= girls
        assert not set(own[40:]) & girls
    assert len({tuple(own[40:]) for own in found}) == 3
    assert read(source, 50) == [own[:50] for own in found]
    assert source.names(41)[38:] == ("girl_38", "girl_39", "boy_0")


@pytest.mark.parametrize("sex", [None, "M"])
def test_what_follows_is_of_the_other_sex(sex):
    with pytest.raises(ValidationError, match="then=M needs the other sex before it"):
        Names(sex=sex, then="M")


def test_too_many_names_before_the_others_are_refused():
    with pytest.raises(ValidationError, match="20000 girls were asked for, but there are 18309"):
        Names(sex="F", then="M", first=20_000)


def test_without_the_package_one_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r'pip install "memlab\[names\]"'):
        Names()
