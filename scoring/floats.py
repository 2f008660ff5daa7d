"""Compiled parsing of decimal numbers to the nearest double.

Small numbers by one exact division or multiplication (W. Clinger, "How to read floating point
numbers accurately", 1990), the rest by a product with a 128-bit power of five (D. Lemire, "Number
parsing at a gigabyte per second", Software: Practice and Experience 51, 2021). What neither
settles for certain is left to Python's `float`.
"""

# numba infers the types; calls cost in the loop; its extension points have fixed arguments.
# ruff: noqa: ANN001, ANN002, ANN201, ARG001, ANN202, C901, PLR0912, PLR0915
# The types here are numba's, which mypy cannot follow.
# mypy: ignore-errors

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

GOOD, DOUBT, HARD = 0, 1, 2  # a number; not a plain one; one that Python's float must read

_SMALLEST_POWER = -342
_LARGEST_POWER = 308
_MOST_DIGITS = 19  # always fit into a uint64
_CLAMP = 100_000
_EXACT_MANTISSA = np.uint64(2**53)
_EXACT_POWER = 22
_TENS = np.array([10.0**power for power in range(_EXACT_POWER + 1)])
_TEN = np.uint64(10)
_ONE = np.uint64(1)
_THREE = np.uint64(3)
_PRECISION_MASK = np.uint64(0x1FF)
_ALL_ONES = np.uint64(2**64 - 1)
_IMPLICIT = np.uint64(2**52)
_ZEROS = np.uint64(0x3030303030303030)
_ABOVE_NINE = np.uint64(0x7676767676767676)  # added to a byte over 9 sets its high bit
_HIGH_BITS = np.uint64(0x8080808080808080)
_PAIRS = np.uint64(0x000000FF000000FF)
_MULTIPLY_1 = np.uint64(0x000F424000000064)
_MULTIPLY_2 = np.uint64(0x0000271000000001)
_SIXTY_FOUR = np.uint64(64)
_WHOLE_BYTES = np.uint64(0x38)
_WHOLE_TENS = np.array([10**power for power in range(9)], dtype=np.uint64)
_COMMA, _LF, _CR = 44, 10, 13
_PLUS, _MINUS, _POINT, _ZERO, _LOWER_E = 43, 45, 46, 48, 101
_NINE = np.uint8(9)
_CASE_BIT = 32


def compiled(*signature, inline=False):
    """Compile without the GIL and keep the machine code beside the source or in the user's cache.

    The cache of a function goes stale only with its own file: touch `kernel` when this one changes.
    """

    def decorate(function):
        try:
            return njit(*signature, cache=True, nogil=True, forceinline=inline)(function)
        except RuntimeError:  # neither place can be written
            return njit(*signature, nogil=True, forceinline=inline)(function)

    return decorate


def _power_of_five(power: int) -> int:
    """Give the leading 128 bits of 5**power, rounded down for a positive power, up otherwise."""
    five = 5 ** abs(power)
    if power >= 0:
        shift = 128 - five.bit_length()
        return five << shift if shift >= 0 else five >> -shift
    bits = (five - 1).bit_length()
    extra = bits + 127 if power >= -27 else 2 * bits + 128  # noqa: PLR2004 - as in the paper
    value = (1 << extra) // five + 1
    return value >> max(0, value.bit_length() - 128)


_POWERS = [_power_of_five(power) for power in range(_SMALLEST_POWER, _LARGEST_POWER + 1)]
_HIGH = np.array([value >> 64 for value in _POWERS], dtype=np.uint64)
_LOW = np.array([value & (2**64 - 1) for value in _POWERS], dtype=np.uint64)


@intrinsic
def _high_half(typing_context, a, b):
    """Give the upper 64 bits of the 128-bit product of two uint64."""

    def build(context, builder, signature, arguments):
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), build


@intrinsic
def _leading_zeros(typing_context, a):
    """Count the leading zero bits of a uint64 other than 0."""

    def build(context, builder, signature, arguments):
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), build


@intrinsic
def _trailing_zeros(typing_context, a):
    """Count the trailing zero bits of a uint64 other than 0."""

    def build(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), build


@intrinsic
def _as_double(typing_context, a):
    """Take the bits of a uint64 as a double."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.uint64), build


@intrinsic
def load_word(typing_context, array, place):
    """Load 8 bytes of a uint8 array, at any address, as a uint64."""

    def build(context, builder, signature, arguments):
        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.gep(held.data, [arguments[1]])
        word = builder.load(builder.bitcast(pointer, ir.IntType(64).as_pointer()))
        word.align = 1
        return word

    return types.uint64(array, types.int64), build


@compiled(inline=True)
def _digits_at(buffer, place):
    """Give (how many of the next 8 bytes are digits before any other, their value)."""
    word = load_word(buffer, place) ^ _ZEROS
    high = ((word + _ABOVE_NINE) | word) & _HIGH_BITS
    count = 8
    if high != 0:
        bits = _trailing_zeros(high)
        count = np.int64(bits >> _THREE)
        if count == 0:
            return 0, np.uint64(0)
        word = word << (_SIXTY_FOUR - (bits & _WHOLE_BYTES))
    word = word * _TEN + (word >> np.uint64(8))
    pairs = (word & _PAIRS) * _MULTIPLY_1 + ((word >> np.uint64(16)) & _PAIRS) * _MULTIPLY_2
    return count, pairs >> np.uint64(32)


@compiled(inline=True)
def plain_number(buffer, place):
    """Read the usual ``12.3456``, at most 17 characters, that ends at a comma or a line end.

    Returns:
        (it is one, the place after it, its value).

    """
    before, whole = _digits_at(buffer, place)
    point = place + before
    if before == 0 or buffer[point] != _POINT:
        return False, place, 0.0
    after, fraction = _digits_at(buffer, point + 1)
    end = point + 1 + after
    byte = buffer[end]
    w = whole * _WHOLE_TENS[after] + fraction
    ends = byte == _COMMA or byte == _LF or byte == _CR  # noqa: PLR1714 - a set is no faster compiled
    if after == 0 or not ends or w > _EXACT_MANTISSA:
        return False, place, 0.0
    return True, end, np.float64(w) / _TENS[after]


@compiled(inline=True)
def read_digits(buffer, place, w):
    """Read digits, eight at a time, and give (place after them, w * 10**digits + their value).

    Overflow wraps. At least 8 bytes of the buffer follow the first that is no digit.
    """
    while True:
        count, value = _digits_at(buffer, place)
        w = w * _WHOLE_TENS[count] + value
        place += count
        if count < 8:  # noqa: PLR2004 - bytes in a word
            return place, w


@compiled()
def _nearest(w, power):
    """Give (sure, the double nearest to w * 10**power), for normal doubles only."""
    if w == 0:
        return True, 0.0
    if power < _SMALLEST_POWER or power > _LARGEST_POWER:
        return False, 0.0
    shift = _leading_zeros(w)
    w = w << shift
    place = power - _SMALLEST_POWER
    low = w * _HIGH[place]
    high = _high_half(w, _HIGH[place])
    if high & _PRECISION_MASK == _PRECISION_MASK:
        carry = _high_half(w, _LOW[place])
        low = low + carry
        if low < carry:
            high = high + _ONE
    if low == _ALL_ONES and (power < -27 or power > 55):  # noqa: PLR2004 - as in the paper
        return False, 0.0
    upper = high >> np.uint64(63)
    drop = upper + np.uint64(9)
    mantissa = high >> drop
    exponent = ((217706 * power) >> 16) + 63 + np.int64(upper) - np.int64(shift) + 1023
    if exponent <= 0:
        return False, 0.0
    half = low <= _ONE and -4 <= power <= 23 and mantissa & _THREE == _ONE  # noqa: PLR2004 - as in the paper
    if half and mantissa << drop == high:
        mantissa = mantissa & ~_ONE
    mantissa = (mantissa + (mantissa & _ONE)) >> _ONE
    if mantissa >= _IMPLICIT << _ONE:
        mantissa = _IMPLICIT
        exponent += 1
    if exponent >= 2047:  # noqa: PLR2004 - infinity's exponent
        return False, 0.0
    bits = (mantissa & ~_IMPLICIT) | (np.uint64(exponent) << np.uint64(52))
    return True, _as_double(bits)


@compiled()
def _long_number(buffer, first, last, power):
    """Read the digits (and point) of buffer[first:last], more than fit into a uint64."""
    w = np.uint64(0)
    used = 0
    dropped = 0
    inexact = False
    for place in range(first, last):
        digit = buffer[place] - np.uint8(_ZERO)
        if digit > _NINE:
            continue
        if used == 0 and digit == 0:
            continue
        if used < _MOST_DIGITS:
            w = w * _TEN + np.uint64(digit)
            used += 1
        else:
            dropped += 1
            inexact = inexact or digit != 0
    sure, value = _nearest(w, power + dropped)
    if inexact and sure:
        sure, above = _nearest(w + _ONE, power + dropped)
        sure = sure and above == value
    return sure, value


@compiled()
def parse_number(buffer, place, max_chars):
    """Read a number of `values.NUMBER`'s grammar that starts at `place`.

    The buffer must hold a byte that no number contains after it (a line end).

    Returns:
        (GOOD, DOUBT or HARD; the place after it; its value).

    """
    start = place
    negative = buffer[place] == _MINUS
    if negative or buffer[place] == _PLUS:
        place += 1
    first = place
    w = np.uint64(0)
    digit = buffer[place] - np.uint8(_ZERO)
    while digit <= _NINE:  # few, as a rule
        w = w * _TEN + np.uint64(digit)
        place += 1
        digit = buffer[place] - np.uint8(_ZERO)
    digits = place - first
    power = 0
    if buffer[place] == _POINT:
        place += 1
        point = place
        place, w = read_digits(buffer, place, w)
        power = point - place
        digits -= power
    if digits == 0:
        return DOUBT, place, 0.0
    last = place
    if buffer[place] | _CASE_BIT == _LOWER_E:
        place += 1
        down = buffer[place] == _MINUS
        if down or buffer[place] == _PLUS:
            place += 1
        point = place
        exponent = 0
        digit = buffer[place] - np.uint8(_ZERO)
        while digit <= _NINE:
            exponent = min(exponent * 10 + np.int64(digit), _CLAMP)
            place += 1
            digit = buffer[place] - np.uint8(_ZERO)
        if place == point:
            return DOUBT, place, 0.0
        power += -exponent if down else exponent
    if place - start > max_chars:
        return DOUBT, place, 0.0
    if digits <= _MOST_DIGITS and w <= _EXACT_MANTISSA and -_EXACT_POWER <= power <= _EXACT_POWER:
        value = np.float64(w)
        value = value / _TENS[-power] if power < 0 else value * _TENS[power]
        sure = True
    elif digits <= _MOST_DIGITS:
        sure, value = _nearest(w, power)
    else:
        sure, value = _long_number(buffer, first, last, power)
    if not sure:
        return HARD, place, 0.0
    return GOOD, place, (-value if negative else value) + 0.0
