"""The compiled pass over plain CSV bytes: parse, check, align and store in one go.

It only ever says "done" or "in doubt"; words for faults come from the careful reader. Lines are
collected in order as long as their ids are the expected ones; others wait in a small batch, and
are then looked up together so that the cache misses of the table overlap.
"""

# numba infers the types; calls cost in the loop; its extension points have fixed arguments.
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0911, PLR0912, PLR0915
# The types here are numba's, which mypy cannot follow.
# mypy: ignore-errors

import numpy as np
from numba import types

from palio.scoring.floats import (
    DOUBT,
    GOOD,
    HARD,
    compiled,
    load_word,
    parse_number,
    plain_number,
    read_digits,
)
from palio.scoring.layout import (
    BATCH,
    HARD_END,
    KNOWN_AT,
    NEXT_ROW,
    TABLE,
    WAITING,
    Batch,
    Ids,
    Rules,
    Store,
)

_COMMA, _LF, _CR, _QUOTE, _ZERO = 44, 10, 13, 34, 48
_LARGEST_ID = np.uint64(2**63 - 1)
_MOST_ID_DIGITS = 19
_MIX1 = np.uint64(0x9E3779B97F4A7C15)
_MIX2 = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_SIGN = np.uint64(1)  # hashes are kept as int64 of 63 bits
_ROW_BITS = 32
_WORD = 8
_ROW_MASK = 2**32 - 1
_BYTE_PRIME = np.uint64(0x100000001B3)

_I64 = types.int64
_U64 = types.uint64
_U8S = types.Array(types.uint8, 1, "C", readonly=True)
_I64S = types.Array(types.int64, 1, "C", readonly=True)
_I32S = types.Array(types.int32, 1, "C", readonly=True)
_F64S = types.Array(types.float64, 1, "C", readonly=True)
_FLAGS = types.Array(types.boolean, 1, "C", readonly=True)
_STATE = types.Array(types.int64, 1, "C")


@compiled(inline=True)
def _mix(key, seed):
    key = (key ^ seed) * _MIX1
    key = (key ^ (key >> _HALF)) * _MIX2
    return key ^ (key >> _HALF)


@compiled()
def _hash_bytes(buffer, first, last, seed):
    key = seed
    place = first
    while place + _WORD <= last:
        key = (key ^ load_word(buffer, place)) * _MIX1
        key = key ^ (key >> _HALF)
        place += _WORD
    if place < last and last - first >= _WORD:
        key = (key ^ load_word(buffer, last - _WORD)) * _MIX1
        key = key ^ (key >> _HALF)
        place = last
    while place < last:
        key = (key ^ np.uint64(buffer[place])) * _BYTE_PRIME
        place += 1
    return _mix(key + np.uint64(last - first), seed)


@compiled(inline=True)
def _same_bytes(buffer, first, blob, start, length):
    step = 0
    while step + _WORD <= length:
        if load_word(buffer, first + step) != load_word(blob, start + step):
            return False
        step += _WORD
    if step < length and length >= _WORD:
        last = length - _WORD
        return load_word(buffer, first + last) == load_word(blob, start + last)
    while step < length:
        if buffer[first + step] != blob[start + step]:
            return False
        step += 1
    return True


@compiled()
def _insert(table, hashed, row):
    mask = len(table) - 1
    slot = hashed & mask
    while table[slot] >= 0:
        slot = (slot + 1) & mask
    table[slot] = (hashed >> _ROW_BITS << _ROW_BITS) | row


@compiled(types.void(_I64S, _U64, types.Array(types.int64, 1, "C")))
def fill_integer_table(ids, seed, table):
    """Fill a table (power-of-two size, all -1) with row and upper 31 bits of the hash."""
    for row in range(len(ids)):
        _insert(table, np.int64(_mix(np.uint64(ids[row]), seed) >> _SIGN), row)


@compiled(types.void(_I64S, _U8S, _U64, types.Array(types.int64, 1, "C")))
def fill_text_table(offsets, blob, seed, table):
    """Fill a table (power-of-two size, all -1) with row and upper 31 bits of the hash."""
    for row in range(len(offsets) - 1):
        key = _hash_bytes(blob, offsets[row], offsets[row + 1], seed)
        _insert(table, np.int64(key >> _SIGN), row)


@compiled(inline=True)
def _first_time(seen, row):
    """Note that a row was given; False when it was before."""
    bit = np.uint8(1 << (row & 7))
    before = seen[row >> 3]
    seen[row >> 3] = before | bit
    return before & bit == 0


@compiled()
def _look_up_integers(ids, batch, waiting):
    """Each loop asks memory for one thing of every line, so that the waits overlap."""
    mask = len(ids.entries) - 1
    entries, integers, seed = ids.entries, ids.integers, ids.seed
    keys, hashes, found = batch.keys, batch.firsts, batch.found
    for at in range(waiting):
        hashes[at] = np.int64(_mix(np.uint64(keys[at]), seed) >> _SIGN)
    for at in range(waiting):
        found[at] = entries[hashes[at] & mask]
    for at in range(waiting):
        entry = found[at]
        slot = hashes[at]
        while entry >= 0 and (entry ^ hashes[at]) >> _ROW_BITS != 0:
            slot += 1
            entry = entries[slot & mask]
        found[at] = entry
        hashes[at] = slot
    for at in range(waiting):
        entry = found[at]
        row = entry & _ROW_MASK
        if entry >= 0 and integers[row] != keys[at]:
            row = _next_integer(entries, integers, hashes[at] + 1, keys[at])
        found[at] = row if entry >= 0 else -1


@compiled()
def _next_integer(entries, integers, slot, key):
    """Go on looking after an id with the same upper hash bits."""
    mask = len(entries) - 1
    while True:
        entry = entries[slot & mask]
        if entry < 0:
            return np.int64(-1)
        if integers[entry & _ROW_MASK] == key:
            return entry & _ROW_MASK
        slot += 1


@compiled()
def _look_up_directly(ids, batch, waiting):
    rows, base, keys, found = ids.rows, ids.base, batch.keys, batch.found
    for at in range(waiting):
        place = keys[at] - base
        found[at] = rows[place] if 0 <= place < len(rows) else -1


@compiled()
def _look_up_texts(ids, buffer, batch, waiting):
    mask = len(ids.entries) - 1
    entries, offsets, blob = ids.entries, ids.offsets, ids.blob
    keys, firsts, lengths, found = batch.keys, batch.firsts, batch.lengths, batch.found
    starts, ends, touched = batch.starts, batch.ends, 0
    for at in range(waiting):
        found[at] = entries[keys[at] & mask]
    for at in range(waiting):
        row = max(found[at], 0) & _ROW_MASK
        starts[at] = offsets[row]
        ends[at] = offsets[row + 1]
    for at in range(waiting):
        touched += np.int64(blob[starts[at]])  # all cache misses of the batch at once
    for at in range(waiting):
        slot = keys[at] & mask
        entry = found[at]
        if entry >= 0 and entry >> _ROW_BITS == keys[at] >> _ROW_BITS:
            length = ends[at] - starts[at]
            if length == lengths[at] and _same_bytes(buffer, firsts[at], blob, starts[at], length):
                found[at] = entry & _ROW_MASK
                continue
        while entry >= 0:
            row = entry & _ROW_MASK
            if entry >> _ROW_BITS == keys[at] >> _ROW_BITS:
                start = offsets[row]
                length = offsets[row + 1] - start
                if length == lengths[at] and _same_bytes(buffer, firsts[at], blob, start, length):
                    break
            slot = (slot + 1) & mask
            entry = entries[slot]
        found[at] = entry & _ROW_MASK if entry >= 0 else -1
    batch.starts[0] = touched


_IDS = types.NamedTuple(
    (types.boolean, types.boolean, types.boolean, _I64, _U64, _I64S, _I64S, _U8S, _I32S, _I64S), Ids
)
_RULES = types.NamedTuple((_I64S, _F64S, _F64S, _FLAGS, _I64, _I64), Rules)
_MATRIX = types.Array(types.float64, 2, "C")
_ROW = types.Array(types.float64, 1, "C")
_STORE = types.NamedTuple(
    (_I64, types.boolean, _I32S, types.Array(types.uint8, 1, "C"), _MATRIX, _ROW, _ROW), Store
)
_BATCH = types.NamedTuple((_STATE, _STATE, _STATE, _STATE, _STATE, _STATE, _MATRIX), Batch)


@compiled(types.boolean(_IDS, _U8S, _BATCH, _STORE, _STATE))
def flush(ids, buffer, batch, store, state):
    """Look up and store the waiting lines; False when an id is unknown or was given before."""
    waiting = state[WAITING]
    state[WAITING] = 0
    if ids.text:
        _look_up_texts(ids, buffer, batch, waiting)
    elif ids.direct:
        _look_up_directly(ids, batch, waiting)
    else:
        _look_up_integers(ids, batch, waiting)
    seen, placed, placement, columns = store.seen, store.placed, store.placement, store.columns
    found, values = batch.found, batch.values
    for at in range(waiting):
        row = found[at]
        if row < 0 or not _first_time(seen, row):
            return False
    if placed:
        for at in range(waiting):
            found[at] = np.int64(placement[found[at]])
    for target in range(columns.shape[0]):
        for at in range(waiting):
            columns[target, found[at]] = values[at, target]
    return True


@compiled(inline=True)
def _read_integer_id(buffer, place):
    """Give (good, place after it, the id)."""
    first = place
    place, key = read_digits(buffer, place, np.uint64(0))
    digits = place - first
    good = 0 < digits <= _MOST_ID_DIGITS and key <= _LARGEST_ID
    good = good and (digits == 1 or buffer[first] != _ZERO)
    return good, place, np.int64(key)


@compiled(inline=True)
def _ends_field(byte):
    return byte == _COMMA or byte == _LF or byte == _CR  # noqa: PLR1714 - a set is no faster compiled


@compiled(inline=True)
def _read_text_id(buffer, place, blob, start, length):
    """Give (good, it is blob[start:][:length], place after it)."""
    if _same_bytes(buffer, place, blob, start, length) and _ends_field(buffer[place + length]):
        return True, True, place + length
    while not _ends_field(buffer[place]):
        if buffer[place] == _QUOTE:
            return False, False, place
        place += 1
    return True, False, place


@compiled(types.UniTuple(_I64, 2)(_U8S, _I64, _I64, _IDS, _RULES, _STORE, _BATCH, _STATE))
def read_block(buffer, place, stop, ids, rules, store, batch, state):
    """Read the whole lines in buffer[place:stop]; the last byte is a line feed.

    Arrays are taken out of their tuples first: inside the loop that would cost reference counts.
    The buffer goes on after `stop` for at least the length of the longest id.

    Returns:
        (GOOD, stop), or (HARD, start of the line) when the number at ``state[KNOWN_AT]`` to
        ``state[HARD_END]`` has to be read by Python, or (TABLE, place to go on at) when lines wait
        and the ids have no table yet, or (DOUBT, anywhere).

    """
    text, seed, integers, offsets, blob = ids.text, ids.seed, ids.integers, ids.offsets, ids.blob
    roles, lows, highs, whole = rules.roles, rules.lows, rules.highs, rules.whole
    max_chars, max_line_bytes = rules.max_chars, rules.max_line_bytes
    placed, placement, columns = store.placed, store.placement, store.columns
    seen, line, known, count = store.seen, store.line, store.known, store.rows
    keys, firsts, lengths, values = batch.keys, batch.firsts, batch.lengths, batch.values
    row = state[NEXT_ROW]
    waiting = state[WAITING]
    last = len(roles) - 1
    targets = columns.shape[0]
    while place < stop:
        start = place
        if row >= count:
            return DOUBT, place
        expected = False
        key = np.int64(0)
        first = place
        length = np.int64(0)
        for column in range(last + 1):
            role = roles[column]
            if role >= 0:
                number = place
                plain, place, value = plain_number(buffer, place)
                status = GOOD
                if not plain or place - number > max_chars:
                    status, place, value = parse_number(buffer, number, max_chars)
                if status != GOOD:
                    if status == DOUBT:
                        return DOUBT, place
                    if state[KNOWN_AT] != number:
                        state[KNOWN_AT] = number
                        state[HARD_END] = place
                        state[NEXT_ROW] = row
                        state[WAITING] = waiting
                        return HARD, start
                    value = known[0]
                if not (lows[role] <= value <= highs[role]):
                    return DOUBT, place
                if whole[role] and value != np.floor(value):
                    return DOUBT, place
                line[role] = value
            elif text:
                first = place
                at = offsets[row]
                good, expected, place = _read_text_id(
                    buffer, place, blob, at, offsets[row + 1] - at
                )
                if not good:
                    return DOUBT, place
                length = place - first
            else:
                good, place, key = _read_integer_id(buffer, place)
                if not good:
                    return DOUBT, place
                expected = integers[row] == key
            if column < last:
                if buffer[place] != _COMMA:
                    return DOUBT, place
                place += 1
        if place - start > max_line_bytes:
            return DOUBT, place
        if buffer[place] == _CR:
            place += 1
        if buffer[place] != _LF:
            return DOUBT, place
        place += 1
        if expected:
            if not _first_time(seen, row):
                return DOUBT, place
            slot = np.int64(placement[row]) if placed else row
            for target in range(targets):
                columns[target, slot] = line[target]
            row += 1
            continue
        row += 1
        if text:
            key = np.int64(_hash_bytes(buffer, first, first + length, seed) >> _SIGN)
        keys[waiting] = key
        firsts[waiting] = first
        lengths[waiting] = length
        for target in range(targets):
            values[waiting, target] = line[target]
        waiting += 1
        if waiting == BATCH:
            if not ids.ready:
                break
            state[WAITING] = waiting
            waiting = 0
            if not flush(ids, buffer, batch, store, state):
                return DOUBT, place
    state[NEXT_ROW] = row
    state[WAITING] = waiting
    if waiting > 0 and not ids.ready:
        return TABLE, place
    if not flush(ids, buffer, batch, store, state):
        return DOUBT, place
    return GOOD, place
