"""A picture of what a program printed in a terminal, as one SVG: light or dark as its reader has it.

    … | python3 tests/tools/terminal_svg.py 'snowtrack run --mine' > docs/run.svg

The text on standard input is what stands in the picture, line by line, and nothing else: colours (SGR 1, 2, 31 to 36) are kept, whatever
else a terminal would obey is taken away. The argument is the command that stands above it and names the picture.
"""

import html
import re
import sys
import unicodedata

CHARACTER, LINE, MARGIN, HEAD = 8.4, 19, 18, 34
STYLE = """
    .card { fill: #f6f8fa; stroke: #d1d9e0 }
    text { font: 14px ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
    .prompt, .ok { fill: #116329 } .warn { fill: #7d4e00 } .fail { fill: #a40e26 } .dim { fill: #59636e } .bold { font-weight: 600 }
    .other { fill: #0a5fbf }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #3d444d }
      text { fill: #e6edf3 }
      .prompt, .ok { fill: #56d364 } .warn { fill: #e3b341 } .fail { fill: #ff7b72 } .dim { fill: #9198a1 } .other { fill: #79b8ff }
    }
"""
CLASSES = {"1": "bold", "2": "dim", "31": "fail", "32": "ok", "33": "warn", "34": "other", "35": "other", "36": "other"}


def width(text):
    """Columns of a terminal."""
    wide = sum(unicodedata.east_asian_width(it) in "WF" for it in text)
    return len(text) + wide - sum(unicodedata.combining(it) > 0 for it in text)


def spans(line):
    """The line's pieces, each with its classes."""
    classes = []
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b["):
            for code in piece[2:-1].split(";"):
                classes = classes + [CLASSES[code]] if code in CLASSES else []
        elif piece:
            yield re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]", "", piece), " ".join(dict.fromkeys(classes))


def main():
    command = sys.argv[1]
    lines = [list(spans(line)) for line in sys.stdin.read().rstrip("\n").split("\n")]
    columns = max([2 + width(command)] + [sum(width(text) for text, _ in line) for line in lines])
    wide, high = round(columns * CHARACTER + 2 * MARGIN), HEAD + LINE * len(lines) + MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img">')
    print(f"  <title>{html.escape(command)}</title>\n  <style>{STYLE}  </style>")
    print(f'  <rect class="card" x=".5" y=".5" width="{wide - 1}" height="{high - 1}" rx="8"/>')
    print(f'  <text x="{MARGIN}" y="{HEAD - 8}" xml:space="preserve"><tspan class="prompt">$</tspan> {html.escape(command)}</text>')
    for number, line in enumerate(lines):
        if not line:
            continue
        y, column, pieces = HEAD + LINE * (number + 1) - 4, 0, []
        for text, classes in line:
            # Each word has its own place, so that columns stand where they stood, whatever font the reader has.
            for word in re.finditer(r"\S+(?: \S+)*", text):
                x = MARGIN + CHARACTER * (column + width(text[: word.start()]))
                mark = f' class="{classes}"' if classes else ""
                pieces.append(f'<tspan x="{x:.1f}"{mark}>{html.escape(word.group())}</tspan>')
            column += width(text)
        print(f'  <text y="{y}" xml:space="preserve">{"".join(pieces)}</text>')
    print("</svg>")


main()
