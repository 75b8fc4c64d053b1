"""Letters drawn into pixels, and the reading of them: what a person would still make out in a picture."""

WIDTH, HEIGHT, ADVANCE = 5, 7, 6

_ROWS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110",
    "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "G": "01110 10001 10000 10111 10001 10001 01111",
    "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "01110 00100 00100 00100 00100 00100 01110",
    "J": "00111 00010 00010 00010 00010 10010 01100",
    "K": "10001 10010 10100 11000 10100 10010 10001",
    "L": "10000 10000 10000 10000 10000 10000 11111",
    "M": "10001 11011 10101 10101 10001 10001 10001",
    "N": "10001 11001 10101 10011 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110",
    "P": "11110 10001 10001 11110 10000 10000 10000",
    "Q": "01110 10001 10001 10001 10101 10010 01101",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110",
    "V": "10001 10001 10001 10001 10001 01010 00100",
    "W": "10001 10001 10001 10101 10101 11011 10001",
    "X": "10001 10001 01010 00100 01010 10001 10001",
    "Y": "10001 10001 01010 00100 00100 00100 00100",
    "Z": "11111 00001 00010 00100 01000 10000 11111",
}
_GLYPHS = {letter: tuple(int(bit) for bit in rows.replace(" ", "")) for letter, rows in _ROWS.items()}
_LETTERS = {bits: letter for letter, bits in _GLYPHS.items()}


def size(text):
    return ADVANCE * len(text), HEIGHT


def draw(set_pixel, text, left, top):
    """Calls `set_pixel(row, column)` for each dot of `text`."""
    for at, letter in enumerate(text):
        for dot, bit in enumerate(_GLYPHS[letter]):
            if bit:
                set_pixel(top + dot // WIDTH, left + at * ADVANCE + dot % WIDTH)


def read(grey, text_length, left, top):
    """The letters in a two-dimensional array of brightness; a place where no letter is gives a space."""
    letters = []
    for at in range(text_length):
        cell = grey[top : top + HEIGHT, left + at * ADVANCE : left + at * ADVANCE + WIDTH]
        low, high = float(cell.min()), float(cell.max())
        bits = tuple(int(value > (low + high) / 2) for value in cell.ravel().tolist())
        letters.append(_LETTERS.get(bits, " ") if high > low else " ")
    return "".join(letters)
