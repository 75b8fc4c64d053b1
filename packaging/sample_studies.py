"""The demonstration's studies: who is sent what, and what should become of it under etc/trials/ONC-301.yaml."""

from dataclasses import dataclass

from scanner_styles import STYLES
from synthetic_study import Defect, Patient, SeriesPlan, StudyPlan, synthesise, with_other_bytes

BASELINE, WEEK_6, OUT_OF_WINDOW = "20260220", "20260413", "20260504"
NUMBER_WORDS = "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split()
UNREGISTERED = Patient("SYNTHETIC^PATIENT UNKNOWN", "TG-DEMO-9999", birth_date="19710823", other_ids="HOSP-0099999")


LOCALIZER, PORTAL_VENOUS = 1, 2  # series numbers


def of_the_charter(instances):
    """Those in a series that the charter has a slot for. Localizers are kept by the node and never leave it."""
    return [instance for instance in instances if instance.series_number != LOCALIZER]


@dataclass
class Scenario:
    """One line of the demonstration. `sendings`: lists of instances, sent one after another.

    `outcome`: "released" or "quarantined". `findings`: checks that must be among the findings. `pause`: wait for the outcome
    between the sendings. `after`: titles of scenarios whose outcome must be there first. `deviation`: released although findings
    are recorded. `conflict`: both contents of an instance must be kept.
    """

    title: str
    study: object
    sendings: list
    outcome: str
    findings: tuple = ()
    pause: bool = False
    after: tuple = ()
    deviation: bool = False
    conflict: bool = False

    @property
    def study_uid(self):
        return self.study.plan.study_uid

    @property
    def archived(self):
        """How many instances the archive should hold."""
        if self.outcome != "released":
            return 0
        return len({instance.sop_instance_uid for sent in self.sendings for instance in of_the_charter(sent)})


def patient(number):
    return Patient(
        f"SYNTHETIC^PATIENT {NUMBER_WORDS[number]}",
        f"TG-DEMO-{number:04d}",
        birth_date=f"19{50 + 3 * number}0{number}1{number}",
        sex="FM"[number % 2],
        other_ids=f"HOSP-{4407 + number:07d}",
        address=f"{number} Invented Lane, Sampletown",
        telephone=f"+00-555-010{number}",
    )


def study(who, style="siemens", date=BASELINE, defects=(), seed="", **series):
    """A localizer and a portal-venous series of 24 slices of 5 mm. Another `seed` makes it another study of the same day."""
    accession = f"SYN{date[2:]}{who.patient_id[-4:]}"
    plan = StudyPlan(
        who,
        STYLES[style],
        date,
        accession_number=accession,
        physician="SYNTHETIC^REFERRING DOCTOR",
        operator="SYNTHETIC^TECHNICIAN",
        seed=seed,
        series=(
            SeriesPlan(number=LOCALIZER, kind="localizer", slices=1, contrast=False, size=64),
            SeriesPlan(number=PORTAL_VENOUS, defects=tuple(defects), **series),
        ),
    )
    return synthesise(plan)


def scenarios():
    """In the order in which they are sent."""
    baseline = study(patient(1))
    thick = study(patient(2), "ge", thickness=7.5, spacing=7.5)
    missing = study(patient(3), "philips", defects=[Defect("missing", 2)])
    no_contrast = study(patient(4), "canon", contrast=False)
    unregistered = study(UNREGISTERED)
    late_visit = study(patient(5), "uih", date=OUT_OF_WINDOW)
    twice = study(patient(6), "uih")
    changed = study(patient(7), "ge")
    follow_up = study(patient(1), "canon", date=WEEK_6)
    conforming = "conforming baseline"
    return [
        Scenario(conforming, baseline, [baseline.instances], "released"),
        Scenario("thick slices (7.5 mm)", thick, [thick.instances], "quarantined", ("thickness",)),
        Scenario("two missing slices", missing, [missing.instances], "quarantined", ("complete",)),
        Scenario("contrast missing", no_contrast, [no_contrast.instances], "quarantined", ("contrast",)),
        Scenario("unregistered patient", unregistered, [unregistered.instances], "quarantined", ("known_subject",)),
        Scenario("visit out of window", late_visit, [late_visit.instances], "quarantined", ("visit_window",)),
        Scenario("same study sent twice", twice, [twice.instances, twice.instances], "released", pause=True),
        Scenario(
            "an instance sent again with other bytes",
            changed,
            [changed.instances, [with_other_bytes(changed.instances[7])]],
            "quarantined",
            ("resent_instances",),
            conflict=True,
        ),
        Scenario(
            "follow-up on another scanner",
            follow_up,
            [follow_up.instances],
            "released",
            ("same-scanner",),
            after=(conforming,),
            deviation=True,
        ),
    ]
