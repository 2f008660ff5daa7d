import hashlib
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.core import merkle
from palio.core.merkle import ProofError

# The reference tree of the Certificate Transparency tests (transparency-dev/merkle, testonly).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
G = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
H = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
J = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
# index (from 0), size, path
INCLUSION = [(0, 1, []), (0, 8, [A, B, C]), (5, 8, [D, E, F]), (2, 3, [G]), (1, 5, [H, B, D])]
CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [J, E, F]), (2, 5, [B, D])]
LEAVES = [merkle.leaf_hash(data) for data in INPUTS]


class Tree:
    """A tree in memory, kept as `merkle.add` makes it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.nodes: dict[merkle.Node, bytes] = {}
        self.peaks: list[bytes] = []
        for size, leaf in enumerate(leaves):
            self.nodes.update(merkle.add(self.peaks, leaf, size=size))

    def get(self, level: int, position: int) -> bytes:
        return self.nodes[level, position]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def hexed(*texts: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


def test_hashes_are_those_of_the_reference() -> None:
    assert merkle.leaf_hash(b"L123456").hex() == (
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    )
    assert merkle.node_hash(b"N123", b"N456").hex() == (
        "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


@pytest.mark.parametrize("size", range(9))
def test_roots_of_every_prefix_are_those_of_the_reference(size: int) -> None:
    tree = Tree(LEAVES[:size])
    assert merkle.root_of(LEAVES[:size]) == ROOTS[size]
    assert merkle.root_of_peaks(tree.peaks) == ROOTS[size]
    assert merkle.root(tree.get, size=size) == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference(
    index: int, size: int, path: list[str]
) -> None:
    assert merkle.inclusion_proof(Tree(LEAVES).get, index=index, size=size) == hexed(*path)


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference(
    first: int, second: int, path: list[str]
) -> None:
    assert merkle.consistency_proof(Tree(LEAVES).get, first=first, second=second) == hexed(*path)


def refuses_inclusion(proof: tuple[bytes, ...], **facts: object) -> bool:
    try:
        merkle.check_inclusion(proof, **facts)  # type: ignore[arg-type]  # made to be wrong
    except ProofError:
        return True
    return False


def refuses_consistency(proof: tuple[bytes, ...], **facts: object) -> bool:
    try:
        merkle.check_consistency(proof, **facts)  # type: ignore[arg-type]  # made to be wrong
    except ProofError:
        return True
    return False


def wrong_paths(proof: tuple[bytes, ...], root: bytes) -> list[tuple[bytes, ...]]:
    """What the reference's tests make of a path: garbage around it, parts of it missing."""
    found = [
        (*proof, b""), (*proof, root), (*proof, proof[0] if proof else root),
        (root, *proof), (b"", *proof), (*proof, *proof, root),
    ]  # fmt: skip
    if proof:
        found += [proof[:-1], proof[1:]]
    for place in range(len(proof)):
        flipped = bytes([proof[place][0] ^ 0x10]) + proof[place][1:]
        found.append((*proof[:place], flipped, *proof[place + 1 :]))
        found.append((*proof[:place], b"", *proof[place + 1 :]))
    return found


PAIRS = [(index, size) for size in range(1, 9) for index in range(size)]


@pytest.mark.parametrize(("index", "size"), PAIRS)
def test_inclusion_of_every_leaf_in_every_prefix_holds_and_nothing_else_does(
    index: int, size: int
) -> None:
    proof = merkle.inclusion_proof(Tree(LEAVES).get, index=index, size=size)
    sound = {"leaf": LEAVES[index], "index": index, "size": size, "root": ROOTS[size]}
    merkle.check_inclusion(proof, **sound)  # type: ignore[arg-type]  # as above
    wrong: list[dict[str, Any]] = [
        *({"index": other} for other in (index - 1, index + 1, index ^ 2) if other != index),
        *({"size": other} for other in (size * 2, size // 2) if other != size),
        {"leaf": b"WrongLeaf"}, {"leaf": ROOTS[0]}, {"root": ROOTS[0]}, {"root": b"wrong" * 6},
        {"index": size}, {"index": -1}, {"size": 0},
    ]  # fmt: skip
    assert [fault for fault in wrong if not refuses_inclusion(proof, **(sound | fault))] == []
    paths = wrong_paths(proof, ROOTS[size])
    assert [path for path in paths if not refuses_inclusion(path, **sound)] == []


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for b in range(1, 9) for a in range(1, b + 1)]
)
def test_consistency_of_every_pair_of_prefixes_holds_and_nothing_else_does(
    first: int, second: int
) -> None:
    proof = merkle.consistency_proof(Tree(LEAVES).get, first=first, second=second)
    sound = {
        "first": first, "second": second,
        "first_root": ROOTS[first], "second_root": ROOTS[second],
    }  # fmt: skip
    merkle.check_consistency(proof, **sound)  # type: ignore[arg-type]  # as above
    wrong: list[dict[str, Any]] = [
        {"first_root": b"WrongRoot"}, {"second_root": b"WrongRoot"},
        {"first": second + 1}, {"first": -1},
    ]  # fmt: skip
    if first != second:
        wrong.append({"first_root": ROOTS[second], "second_root": ROOTS[first]})
    assert [fault for fault in wrong if not refuses_consistency(proof, **(sound | fault))] == []
    paths = wrong_paths(proof, ROOTS[second])
    assert [path for path in paths if not refuses_consistency(path, **sound)] == []


def test_an_empty_log_is_continued_by_any_and_by_no_proof() -> None:
    facts = {"first": 0, "second": 5, "first_root": ROOTS[0], "second_root": ROOTS[5]}
    merkle.check_consistency((), **facts)  # type: ignore[arg-type]  # as above
    assert refuses_consistency((ROOTS[1],), **facts)
    assert refuses_consistency((), **(facts | {"first_root": ROOTS[1]}))


def test_proofs_that_cannot_be_are_refused() -> None:
    get = Tree(LEAVES).get
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(ProofError, match="there is no entry"):
            merkle.inclusion_proof(get, index=index, size=size)
    for first, second in ((0, 3), (4, 3)):
        with pytest.raises(ProofError, match="cannot continue"):
            merkle.consistency_proof(get, first=first, second=second)


leaves = st.integers(1, 70).map(lambda n: [merkle.leaf_hash(bytes([i])) for i in range(n)])


@given(leaves)
def test_a_tree_that_grew_has_the_root_of_the_definition(hashes: list[bytes]) -> None:
    tree = Tree(hashes)
    assert merkle.root_of_peaks(tree.peaks) == naive_root(hashes) == merkle.root_of(hashes)
    assert merkle.fold(hashes) == naive_root(hashes)
    halves = [merkle.fold(hashes[at : at + 16]) for at in range(0, len(hashes), 16)]
    assert merkle.fold(halves) == naive_root(hashes)
    assert len(tree.nodes) < 2 * len(hashes)


@given(leaves, st.data())
def test_any_proof_of_a_larger_tree_holds(hashes: list[bytes], data: st.DataObject) -> None:
    tree, size = Tree(hashes), data.draw(st.integers(1, len(hashes)))
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    whole = naive_root(hashes[:size])
    proof = merkle.inclusion_proof(tree.get, index=index, size=size)
    merkle.check_inclusion(proof, leaf=hashes[index], index=index, size=size, root=whole)
    proof = merkle.consistency_proof(tree.get, first=first, second=size)
    merkle.check_consistency(
        proof,
        first=first,
        second=size,
        first_root=naive_root(hashes[:first]),
        second_root=whole,
    )


@given(leaves, st.data())
def test_one_proof_for_many_leaves_leads_to_the_root_and_notices_a_dropped_one(
    hashes: list[bytes], data: st.DataObject
) -> None:
    tree, size = Tree(hashes), len(hashes)
    wanted = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    siblings = merkle.siblings_of(tree.get, wanted, size=size)
    held = {index: hashes[index] for index in wanted}
    assert merkle.root_with(held, siblings, size=size) == naive_root(hashes)
    dropped = data.draw(st.sampled_from(sorted(wanted)))
    rest = {index: leaf for index, leaf in held.items() if index != dropped}
    try:
        found = merkle.root_with(rest, siblings, size=size)
    except ProofError:
        found = b""
    assert found != naive_root(hashes)


def test_one_proof_for_many_leaves_of_a_wrong_length_is_refused() -> None:
    get, held = Tree(LEAVES).get, {2: LEAVES[2], 7: LEAVES[7]}
    siblings = merkle.siblings_of(get, held, size=8)
    for wrong in (siblings[:-1], (*siblings, ROOTS[1]), ()):
        with pytest.raises(ProofError):
            merkle.root_with(held, wrong, size=8)
    with pytest.raises(ProofError, match="there is no entry"):
        merkle.root_with({8: LEAVES[0]}, siblings, size=8)


def test_needed_names_the_nodes_a_proof_asks_for() -> None:
    tree = Tree(LEAVES[:7])
    asked = merkle.needed(lambda get: merkle.inclusion_proof(get, index=4, size=7))
    assert sorted(asked) == [(0, 5), (0, 6), (2, 0)]
    assert all(node in tree.nodes for node in asked)
    sizes = [len(merkle.needed(lambda get, n=n: merkle.root(get, size=n))) for n in (1, 7, 8, 255)]
    assert sizes == [1, 3, 1, 8]
    assert all(a[0] <= b[0] for a, b in pairwise(sorted(asked)))
