"""The glossary: each term that the notebooks print in bold, in the words that introduce it."""

import json
import re

TERM = re.compile(r"\*\*([^*\n]+)\*\*")
FORMULA = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
# A sentence that begins so speaks of the one before it.
POINTS_BACK = re.compile(
    r"(?:\(?(?:That|This|These|Those|Such|It|Its|They|Their|Here|Both|The same|The ratio|Then|So|"
    r"Otherwise|Each|Now|There)\b|\*\*[a-z]|\*\*[^*]+\*\*[^,.:;]{0,30}\b(?:it|them)\b)"
)
END = re.compile(r"(?:(?<=[.?!])|(?<=[.?!]\)))\s+(?=[\"“(*$\[]*[A-Z$])")
NO_LESSON = re.compile(r"(?m)^## (?:Exercises|Summary|Further)")
LONGEST = 4  # words of a term; what is longer, or a sentence, is in bold for another reason


def page(lessons):
    """Return the glossary: terms in order, the sentences that introduce them, and where."""
    found = {}
    for path in lessons:
        for term, sentences in terms_of(prose(path)):
            found.setdefault(term.casefold(), (term, sentences, path))
    parts = [
        "# Glossary",
        "Each word that a notebook prints in bold, with the sentence that introduces it there.",
    ]
    letter = ""
    for _, (term, sentences, path) in sorted(found.items()):
        shown = term[0].upper() + term[1:]
        if shown[0] != letter:
            letter = shown[0]
            parts.append(f"## {letter}")
        source = f"({{doc}}`{path.stem[:2]} <notebooks/{path.stem}>`)"
        said = f"{sentences} {source}".replace("\n", "\n  ")
        parts.append(f"{shown}\n: {said}")
    return "\n\n".join(parts) + "\n"


def prose(path):
    """Return the Markdown of a notebook up to its summary, cell by cell."""
    texts = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            before, *rest = NO_LESSON.split("".join(cell["source"]))
            texts.append(before)
            if rest:
                break
    return texts


def terms_of(texts):
    """Return (term, what introduces it) for each bold word, in order."""
    found = []
    for text in texts:
        blocks = re.split(r"\n\s*\n|\n(?=[*-] |\d+\. |\|)", text)
        for place, block in enumerate(blocks):
            after = blocks[place + 1] if place + 1 < len(blocks) else ""
            if block.startswith(("#", "|")):
                continue
            said = re.sub(r"^(?:[*-]|\d+\.)\s+", "", " ".join(block.split()))
            for match in TERM.finditer(said):
                term = match[1].strip(" :,")
                if is_term(term):
                    found.append((term, introduction(said, match.start(), after)))
    return found


def is_term(bold):
    return len(bold.split()) <= LONGEST and not re.search(r"[.?!()=]", bold)


def introduction(paragraph, place, after):
    """Return the sentence around a place; also that before, or a formula after, which it needs."""
    sentences = sentences_of(paragraph)
    number = 0
    while place > len(sentences[number]):
        place -= len(sentences[number]) + 1
        number += 1
    sentence = sentences[number]
    while number and POINTS_BACK.match(sentences[number]):
        number -= 1
        sentence = f"{sentences[number]} {sentence}"
        if len(sentence) > 300:
            break
    formula = FORMULA.match(after.strip())
    if formula and not sentence.endswith((".", "?", "!")):
        sentence = f"{sentence}\n\n$$\n{formula[1].strip()}\n$$\n\n"
    elif sentence.endswith(":"):
        sentence = f"{sentence[:-1]}."
    if sentence.startswith("(") and sentence.endswith(")") and sentence.count("(") == 1:
        sentence = sentence[1:-1]
    return re.sub(r"\]\((?:\.\./)?(?=\w+\.ipynb)", "](notebooks/", sentence)


def sentences_of(paragraph):
    """Return the sentences of a paragraph; what stands in brackets or a formula is not parted."""
    sentences = []
    open_one = ""
    for piece in END.split(paragraph):
        open_one = f"{open_one} {piece}" if open_one else piece
        if open_one.count("(") <= open_one.count(")") and open_one.count("$") % 2 == 0:
            sentences.append(open_one)
            open_one = ""
    return [*sentences, open_one] if open_one else sentences
