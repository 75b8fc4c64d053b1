"""Invented people and places. Every name says that it is none: example, test, fiction."""

import random
from dataclasses import dataclass

# family, given, ideographic and phonetic groups of the Person Name, Specific Character Set
_NAMES = (
    ("Musterfrau", "Erika", "", ""),
    ("Invented", "Douglas", "", ""),
    ("M\u00fcsterlein", "J\u00f6rg", "", "ISO_IR 100"),
    ("Ceshi", "Yihao", "\u6d4b\u8bd5^\u67d0\u7532", "GB18030"),
    ("Placeholder", "Prudence", "", ""),
    ("Xuni", "Erhao", "\u865a\u62df^\u60a3\u8005\u4e59", "ISO_IR 192"),
    ("Exemplaire", "Zo\u00e9", "", "ISO_IR 100"),
    ("Beispielmann", "Otto", "", ""),
    ("Tesuto", "Tarou", "\u8a66\u9a13^\u592a\u90ce=\u3066\u3059\u3068^\u305f\u308d\u3046", "\\ISO 2022 IR 87"),
    ("Fakeson", "Freya", "", ""),
    ("Jiading", "Sanhao", "\u5047\u5b9a^\u67d0\u4e19", "GBK"),
    ("Nemonova", "Olga", "", "ISO_IR 192"),
    ("Fictitia", "Ram\u00f3n", "", "ISO_IR 100"),
    ("Syntheticus", "Sibylla", "", ""),
    ("Dummyson", "Dagny", "", ""),
    ("O'Nobody", "Norbert", "", ""),
    ("Von Beispiel", "Benedikta", "", ""),
    ("Specimenova", "Stella", "", "ISO_IR 192"),
    ("Inexistente", "In\u00eas", "", "ISO_IR 100"),
    ("Phantomas", "Pierre", "", ""),
)
STAFF = ("Referrington", "Operatrix", "Readerman", "Scheduleson", "Reviewska")


@dataclass(frozen=True)
class Subject:
    number: int
    site: str
    issuer: str
    patient_id: str
    subject_id: str
    family: str
    given: str
    ideographic: str
    charset: str
    birth_date: str
    sex: str
    phone: str
    street: str
    institution: str
    ae_title: str

    @property
    def name(self):
        return f"{self.family}^{self.given}" + (f"={self.ideographic}" if self.ideographic else "")

    @property
    def initials(self):
        return f"{self.given[0]}.{self.family[0]}."

    @property
    def tokens(self):
        """What names the subject, wherever it stands."""
        scripts = [part for group in self.ideographic.split("=") for part in group.split("^") if part]
        return (*self.family.split(), self.given, *scripts)

    @property
    def identifiers(self):
        return self.patient_id, self.phone, self.institution


def subjects(seed):
    """Twenty subjects of two sites. Two have the same patient ID, by different issuers."""
    source = random.Random(seed)
    made = []
    for number, (family, given, ideographic, charset) in enumerate(_NAMES):
        site = number % 2 + 1
        patient_id = "MRN-700700" if number < 2 else f"MRN-{source.randrange(100000, 999999)}{'AB'[site - 1]}"
        made.append(Subject(
            number, f"SITE0{site}", f"ISSUER-{site}", patient_id, f"ONC301-{number + 1:03d}", family, given, ideographic, charset,
            f"19{source.randrange(40, 99)}{source.randrange(1, 13):02d}{source.randrange(1, 29):02d}", "FM"[number % 2],
            f"555-01{source.randrange(10, 99)}-{source.randrange(1000, 9999)}", f"{source.randrange(1, 99)} Utopia Lane",
            ("Nowhereville Infirmary", "Atlantis Polyclinic")[site - 1], ("NOWHERE_PACS", "ATLANTIS_PACS")[site - 1]))
    return made
