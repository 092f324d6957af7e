"""Description lengths against codes worked out by hand, and against streams that are read again."""

from collections import Counter
from math import factorial, log2

import pytest

from memlab.text import length
from memlab.text.automaton import minimal
from memlab.text.grammar import induced
from memlab.text.radix import Radix
from memlab.text.symbols import Mark
from tests.unit.first_names import NAMES

SETS = {"names": NAMES, "few": ["ab", "b", "abb", "ba", "bb"], "one": ["a"], "nested": ["", "a"]}
EACH = pytest.mark.parametrize("strings", SETS.values(), ids=SETS)


def adaptively(stream, kinds):
    """The bits of a stream, symbol after symbol."""
    bits, seen = 0.0, Counter()
    for symbol in stream:
        bits -= log2((seen[symbol] + 1 / 2) / (seen.total() + kinds / 2))
        seen[symbol] += 1
    return bits


def letters(strings):
    return len(set("".join(strings)))


def test_every_symbol_and_every_end_costs_the_same_and_the_order_nothing():
    told = 5  # bits that say there are three, 00100
    assert length.symbols(["a", "bc", ""]) == pytest.approx(told + 6 * log2(4) - log2(6))


def test_an_adaptive_code_is_its_probabilities_multiplied():
    assert length.adaptive(["a"]) == pytest.approx(3 - log2(1 / 2 * 1 / 4))
    stream = "".join(name + "_" for name in NAMES)
    order = log2(factorial(len(NAMES)))
    told = 2 * (len(NAMES) + 1).bit_length() - 1
    bits = told + adaptively(stream, 1 + letters(NAMES)) - order
    assert length.adaptive(NAMES) == pytest.approx(bits)


def test_a_tiny_trie_automaton_and_grammar_cost_what_they_do_by_hand():
    assert length.trie(["a"]) == pytest.approx(log2(4 * 6))  # a, its end
    assert length.automaton(["a"]) == pytest.approx(log2(3 * 5 * 7 * 3) + 1)  # and one new state
    assert length.grammar(["a"]) == pytest.approx(3 + 1 + 3)  # one string, no rule, two symbols


def spelled(memory):
    """The radix trie as a stream: labels, then … if strings part there, and ; after the last."""
    stack = [memory.root]
    while stack:
        node = stack.pop()
        if node == ";":
            yield ";"
            continue
        yield from (symbol for symbol in node.label if symbol is not Mark.START)
        if node.children:
            yield "…"
            stack += [";", *node.children.values()]


def read_trie(stream):
    strings, starts, prefix = set(), [], ""
    for symbol in stream:
        if symbol is Mark.END:
            strings.add(prefix)
            prefix = starts[-1] if starts else ""
        elif symbol == "…":
            starts.append(prefix)
        elif symbol == ";":
            starts.pop()
            prefix = starts[-1] if starts else ""
        else:
            prefix += symbol
    return strings


@EACH
def test_the_set_is_read_again_from_the_stream_of_the_trie_that_is_measured(strings):
    memory = Radix()
    for string in strings:
        memory.learn(string)
    stream = list(spelled(memory))
    assert read_trie(stream) == set(strings)
    assert length.trie(strings) == pytest.approx(adaptively(stream, 3 + letters(strings)))


def walked(machine):
    """The automaton as three streams: what states hold, is the next one new, and which if not."""
    holds, fresh, named, complete = [], [], [], {}

    def walk(state):
        accepting, edges = machine.states[state]
        holds.extend(["end"] * accepting)
        for symbol, target in edges:
            holds.append(symbol)
            fresh.append(target not in complete)
            if fresh[-1]:
                walk(target)
            else:
                named.append((complete[target], len(complete)))
        holds.append("no more")
        complete[state] = len(complete)

    walk(len(machine.states) - 1)
    return holds, fresh, named


def read_automaton(holds, fresh, named):
    holds, fresh, named, complete = iter(holds), iter(fresh), iter(named), []

    def read():
        endings = set()
        while (symbol := next(holds)) != "no more":
            if symbol == "end":
                endings.add("")
                continue
            after = read() if next(fresh) else complete[next(named)[0]]
            endings |= {chr(symbol) + rest for rest in after}
        complete.append(endings)
        return endings

    return read()


@EACH
def test_the_set_is_read_again_from_the_streams_of_the_automaton_that_are_measured(strings):
    holds, fresh, named = walked(minimal(strings))
    assert read_automaton(holds, fresh, named) == set(strings)
    bits, seen = 0.0, Counter()
    for state, complete in named:
        bits -= log2((seen[state] + 1 / 2) / (seen.total() + complete / 2))
        seen[state] += 1
    bits += adaptively(holds, 2 + letters(strings)) + adaptively(fresh, 2)
    assert length.automaton(strings) == pytest.approx(bits)


@EACH
def test_a_grammar_is_as_long_as_its_rules_and_its_stream_at_the_best_number_of_rules(strings):
    distinct, known = sorted(set(strings)), letters(strings)
    whole, tried = induced(distinct), []
    for rules in sorted({0, 1, 2, 4, 8, 16, 32, 64, 128, len(whole.rules)}):
        if rules <= len(whole.rules):
            stream = [s for string in whole.cut(rules).data for s in (*string, "end")]
            named = sum(2 * log2(known + rule) for rule in range(rules))
            told = 2 * (rules + 1).bit_length() - 1
            tried.append(told + named + adaptively(stream, 1 + known + rules))
    told = 2 * (len(distinct) + 1).bit_length() - 1 - log2(factorial(len(distinct)))
    assert length.grammar(strings) == pytest.approx(told + min(tried))


def test_packed_bytes_hold_every_string_of_any_alphabet():
    assert length.packable(["b", "", "ab"]) == b"\0\1\2\0\2\0"
    many = [[symbol, 0] for symbol in range(60000)]
    assert length.packable(many).decode("utf-8", "surrogatepass").count("\0") == 60000


def test_names_are_shorter_where_endings_are_shared_than_where_only_beginnings_are():
    bits = length.lengths(NAMES)
    assert list(bits) == [*length.CODES]
    assert bits["automaton"] < bits["trie"] < bits["lzma"]
    assert bits["grammar"] < bits["adaptive"] < bits["symbols"]


def test_order_repetition_and_what_the_symbols_are_do_not_matter():
    numbers = [[3 * (ord(letter) - 97) for letter in name] for name in NAMES]
    assert length.lengths(NAMES[::-1] + NAMES) == pytest.approx(length.lengths(NAMES))
    assert length.lengths(numbers) == pytest.approx(length.lengths(NAMES))


@pytest.mark.parametrize("strings", [[], [""]])
def test_nothing_to_describe_is_refused(strings):
    with pytest.raises(ValueError, match="a string of one symbol or more"):
        length.lengths(strings)
