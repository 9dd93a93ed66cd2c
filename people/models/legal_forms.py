"""Legal forms at the end of the names of organizations, which are left out where names are compared."""

from people.models.canonical import LONGEST_COMPARABLE, comparable_key

_FORMS = """
    gmbh ggmbh mbh gesmbh gmbhcokg gmbhcokgaa agcokg ag kg kgaa ohg ug ughaftungsbeschränkt ugcokg
    gbr ev eg se
    inc incorporated corp corporation co company llc llp lp ltd limited coltd plc pllc
    sa sas sasu sarl eurl sci sprl sl slu srl srls spa scs sca sadecv sapidecv sderldecv ltda eireli
    bv nv vof ab as asa aps oy oyj sro doo kft zrt nyrt spzoo spk
    pty ptyltd pvt pvtltd privatelimited pte pteltd kk
"""
#: Each without case, punctuation and spaces, as ``comparable_key`` writes it.
LEGAL_FORMS = frozenset(_FORMS.split())
#: "S. de R.L. de C.V." and "GmbH & Co. KG", of which "&" is no word.
MOST_WORDS = 5


def comparable_organization(name: str | None) -> str:
    """Return the name of an organization as alike ones are found: "Nordlicht GmbH & Co. KG" as "nordlicht".

    A name that is nothing but a legal form stays as it is.
    """
    words = [word for word in (comparable_key(part) for part in (name or "").split()) if word]
    while (length := _length_of_form(words)) and length < len(words):
        words = words[:-length]
    return "".join(words)[:LONGEST_COMPARABLE]


def _length_of_form(words: list[str]) -> int:
    """Return how many words at the end are a legal form: as many as possible."""
    lengths = range(min(MOST_WORDS, len(words)), 0, -1)
    return next((length for length in lengths if "".join(words[-length:]) in LEGAL_FORMS), 0)
