"""Who somebody is to the patient. Source: HL7 v3-RoleCode, HL7 v2 table 0131."""

from typing import Any, Final

from phr.display.concepts import code_of, concept, worded

_RELATIONS: Final = {
    "C": "Emergency contact",
    "E": "Employer",
    "F": "Federal agency",
    "I": "Insurance company",
    "N": "Next of kin",
    "S": "State agency",
    **dict.fromkeys(("MTH", "NMTH"), "Mother"),
    **dict.fromkeys(("FTH", "NFTH"), "Father"),
    "GESTM": "Mother who gave birth",
    "STPMTH": "Stepmother",
    "STPFTH": "Stepfather",
    **dict.fromkeys(("PRN", "NPRN"), "Parent"),
    **dict.fromkeys(("CHILD", "NCHILD"), "Child"),
    **dict.fromkeys(("SON", "SONC"), "Son"),
    **dict.fromkeys(("DAU", "DAUC"), "Daughter"),
    **dict.fromkeys(("SIB", "NSIB"), "Sister or brother"),
    **dict.fromkeys(("BRO", "NBRO"), "Brother"),
    **dict.fromkeys(("SIS", "NSIS"), "Sister"),
    "HBRO": "Half-brother",
    "HSIS": "Half-sister",
    "TWIN": "Twin",
    "TWINBRO": "Twin brother",
    "TWINSIS": "Twin sister",
    "GRPRN": "Grandparent",
    "GRMTH": "Grandmother",
    "GRFTH": "Grandfather",
    "MGRMTH": "Mother's mother",
    "MGRFTH": "Mother's father",
    "PGRMTH": "Father's mother",
    "PGRFTH": "Father's father",
    "GRNDCHILD": "Grandchild",
    "GRNDSON": "Grandson",
    "GRNDDAU": "Granddaughter",
    "AUNT": "Aunt",
    "MAUNT": "Mother's sister",
    "PAUNT": "Father's sister",
    "UNCLE": "Uncle",
    "MUNCLE": "Mother's brother",
    "PUNCLE": "Father's brother",
    "COUSN": "Cousin",
    "MCOUSN": "Cousin on the mother's side",
    "PCOUSN": "Cousin on the father's side",
    "NEPHEW": "Nephew",
    "NIECE": "Niece",
    "SPS": "Wife or husband",
    "WIFE": "Wife",
    "HUSB": "Husband",
    **dict.fromkeys(("SIGOTHR", "DOMPART"), "Partner"),
    "FRND": "Friend",
    "NBOR": "Neighbour",
    "GUARD": "Guardian",
    "FAMMEMB": "Family member",
    "ECON": "Emergency contact",
    "NOK": "Next of kin",
}


def relative(found: Any) -> str:
    """A CodeableConcept of a relationship: its own words, else those of its code: "Mother"."""
    return worded(found) or _RELATIONS.get(code_of(found), "") or concept(found)
