"""A log nobody can rewrite unseen: the Merkle tree of RFC 6962 (RFC 9162, section 2).

Everything here is arithmetic on hashes: whoever holds the nodes passes `get`, which returns the
hash of a complete subtree, ``get(level, position)`` covering the leaves from
``position << level`` to ``(position + 1) << level``. Proofs ask for O(log size) of them.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

Node = tuple[int, int]  # level, position
Get = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not show what it should; the words say which part."""


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes, in one pass and with O(log n) of them in memory."""
    peaks: list[bytes] = []
    for size, leaf in enumerate(leaves):
        add(peaks, leaf, size=size)
    return root_of_peaks(peaks)


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes held in memory, level by level: faster than `root_of`.

    They may be leaves, or roots of complete subtrees of one size with a smaller last one.
    """
    level = list(hashes)
    while len(level) > 1:
        last = level[-1:] if len(level) % 2 else []  # an odd one goes up as it is
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs] + last
    return level[0] if level else EMPTY_ROOT


def add(peaks: list[bytes], leaf: bytes, *, size: int) -> list[tuple[Node, bytes]]:
    """Append one leaf to a tree kept as its complete subtrees, and return every new node.

    Args:
        peaks: Roots of the complete subtrees of a tree of `size` leaves, widest first: one for
            each 1 in the binary form of `size`. Changed in place.
        leaf: The new leaf's hash.
        size: Number of leaves before.

    """
    made = [((0, size), leaf)]
    node, level, rest = leaf, 0, size
    while rest & 1:
        node = node_hash(peaks.pop(), node)
        level, rest = level + 1, rest >> 1
        made.append(((level, rest), node))
    peaks.append(node)
    return made


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root of a tree given as its complete subtrees, widest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root(get: Get, *, size: int) -> bytes:
    """Return the root over the first `size` leaves."""
    return _subtree(get, 0, size) if size else EMPTY_ROOT


def inclusion_proof(get: Get, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the path that shows leaf `index` to be in the tree of `size` leaves (§2.1.3.1).

    Raises:
        ProofError: There is no such leaf in that tree.

    """
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    return tuple(_path(get, index, 0, size))


def consistency_proof(get: Get, *, first: int, second: int) -> tuple[bytes, ...]:
    """Return what shows that the first `first` of `second` leaves are unchanged (§2.1.4.1).

    Raises:
        ProofError: The first tree is empty or larger than the second.

    """
    if not 0 < first <= second:
        raise ProofError(f"a log of {second} cannot continue one of {first}")
    return tuple(_subproof(get, first, 0, second, is_whole=True))


def check_inclusion(
    proof: Sequence[bytes], *, leaf: bytes, index: int, size: int, root: bytes
) -> None:
    """Check a path (RFC 9162 §2.1.3.2).

    Raises:
        ProofError: It does not lead from the leaf to the root.

    """
    if not 0 <= index < size:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    node, place, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if place & 1 or place == last:
            node = node_hash(step, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, step)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the inclusion proof is too short")
    if node != root:
        raise ProofError(f"entry {index} is not in the log of {size} that has this root")


def check_consistency(
    proof: Sequence[bytes], *, first: int, second: int, first_root: bytes, second_root: bytes
) -> None:
    """Check that one root continues the other (RFC 9162 §2.1.4.2).

    Raises:
        ProofError: The second tree does not begin with the first.

    """
    _check_sizes(proof, first, second, is_same=first_root == second_root)
    if first in {0, second}:
        if first == 0 and first_root != EMPTY_ROOT:
            raise ProofError("a log of 0 entries has another root")
        return
    steps = list(proof)
    if first & (first - 1) == 0:  # a complete tree is its own first step
        steps.insert(0, first_root)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        old, new, place, last = _climb(step, old, new, place, last)
    _check_ends(last, old=old == first_root, new=new == second_root, sizes=(first, second))


def _check_sizes(proof: Sequence[bytes], first: int, second: int, *, is_same: bool) -> None:
    if not 0 <= first <= second:
        raise ProofError(f"a log of {second} cannot continue one of {first}")
    if first in {0, second}:
        if proof:
            raise ProofError("the consistency proof is too long")
        if first == second and not is_same:
            raise ProofError(f"there are two different logs of {first} entries")
        return
    if not proof:
        raise ProofError("the consistency proof is empty")


def _climb(
    step: bytes, old: bytes, new: bytes, place: int, last: int
) -> tuple[bytes, bytes, int, int]:
    if place & 1 or place == last:
        old, new = node_hash(step, old), node_hash(step, new)
        while place and not place & 1:
            place, last = place >> 1, last >> 1
    else:
        new = node_hash(new, step)
    return old, new, place >> 1, last >> 1


def _check_ends(last: int, *, old: bool, new: bool, sizes: tuple[int, int]) -> None:
    first, second = sizes
    if last:
        raise ProofError("the consistency proof is too short")
    if not old:
        raise ProofError(f"the log of {second} does not begin with this log of {first}")
    if not new:
        raise ProofError(f"the consistency proof leads to another log of {second}")


def siblings_of(get: Get, indices: Iterable[int], *, size: int) -> tuple[bytes, ...]:
    """Return what is needed beside some leaves to compute the root: one proof for all of them.

    The hashes of the widest subtrees without any of the leaves, from left to right.
    """
    wanted = sorted(set(indices))
    return tuple(_around(get, wanted, 0, size)) if size else ()


def root_with(leaves: Mapping[int, bytes], siblings: Sequence[bytes], *, size: int) -> bytes:
    """Return the root that some leaves and `siblings_of` them lead to.

    Raises:
        ProofError: Too few or too many siblings, or a leaf beyond the tree.

    """
    wanted = sorted(leaves)
    if wanted and not 0 <= wanted[0] <= wanted[-1] < size:
        raise ProofError(f"there is no entry {wanted[-1]} in a log of {size}")
    rest = iter(siblings)
    if not size:
        found = EMPTY_ROOT
    else:
        try:
            found = _joined(leaves, wanted, rest, 0, size)
        except StopIteration:
            raise ProofError("hashes are missing beside the entries") from None
    if next(rest, None) is not None:
        raise ProofError("there are more hashes beside the entries than there is room for")
    return found


def needed(walk: Callable[[Get], object]) -> tuple[Node, ...]:
    """Return which nodes a proof will ask for, so that they can be fetched at once."""
    asked: dict[Node, None] = {}

    def note(level: int, position: int) -> bytes:
        asked[level, position] = None
        return EMPTY_ROOT

    walk(note)
    return tuple(asked)


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count` (k of RFC 6962 §2.1)."""
    return 1 << (count - 1).bit_length() - 1


def _subtree(get: Get, start: int, end: int) -> bytes:
    count = end - start
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return get(level, start >> level)
    middle = start + _split(count)
    return node_hash(_subtree(get, start, middle), _subtree(get, middle, end))


def _path(get: Get, index: int, start: int, end: int) -> Iterable[bytes]:
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _path(get, index, start, middle)
        yield _subtree(get, middle, end)
    else:
        yield from _path(get, index, middle, end)
        yield _subtree(get, start, middle)


def _subproof(get: Get, first: int, start: int, end: int, *, is_whole: bool) -> Iterable[bytes]:
    """Yield the proof for the first `first` leaves of this subtree (SUBPROOF of §2.1.2)."""
    if first == end - start:
        if not is_whole:
            yield _subtree(get, start, end)
        return
    half = _split(end - start)
    middle = start + half
    if first <= half:
        yield from _subproof(get, first, start, middle, is_whole=is_whole)
        yield _subtree(get, middle, end)
    else:
        yield from _subproof(get, first - half, middle, end, is_whole=False)
        yield _subtree(get, start, middle)


def _around(get: Get, wanted: list[int], start: int, end: int) -> Iterable[bytes]:
    if not wanted:
        yield _subtree(get, start, end)
    elif end - start > 1:
        middle = start + _split(end - start)
        yield from _around(get, [index for index in wanted if index < middle], start, middle)
        yield from _around(get, [index for index in wanted if index >= middle], middle, end)


def _joined(
    leaves: Mapping[int, bytes], wanted: list[int], rest: Iterable[bytes], start: int, end: int
) -> bytes:
    if not wanted:
        return next(iter(rest))
    if end - start == 1:
        return leaves[start]
    middle = start + _split(end - start)
    left = [index for index in wanted if index < middle]
    right = [index for index in wanted if index >= middle]
    return node_hash(
        _joined(leaves, left, rest, start, middle), _joined(leaves, right, rest, middle, end)
    )
