#include "tests/rules/trial/trial_text.h"

using namespace trialgate::rules;
using namespace trialgate::rules::testing;

TEST_CASE("mistakes of structure are reported where they are") {
  const Mistake mistakes[] = {
      {"  sponsor:", "  sponsro:", "sponsro:", "did you mean 'sponsor'?", 2},
      {"readers:", "reader:", "reader:", "did you mean 'readers'?"},
      {"  sponsor: Example\n", "", "protocol_id", "'sponsor' is missing in trial"},
      {"  sponsor: Example", "  sponsor: Example\n  protocol_id: T-2", "protocol_id: T-2", "is there twice"},
      {"protocol_id: T-1", "protocol_id: [T-1]", "[T-1]", "protocol_id is a list"},
      {"protocol_id: T-1", "protocol_id: T 1", "T 1", "expected up to 64 letters"},
      {"protocol_id: T-1", "protocol_id:", "protocol_id:", "has no value"},
      {"effective: 2026-01-15", "effective: 15.1.2026", "15.1.2026", "expected a date, YYYY-MM-DD"},
      {"quiet_seconds: 60", "quiet_seconds: soon", "soon", "expected a whole number"},
      {"quiet_seconds: 60", "quiet_seconds: 0", "0}\nmess", "expected a whole number from 1"},
      {"register: subjects.csv", "register: nowhere.csv", "nowhere.csv", "cannot be read"},
      {"sites: {S1: en}", "sites: {S9: en}", "S9", "not in the subject register"},
      {"language: zh", "language: fr", "fr,", "expected one of en, zh"},
      {"presentation: simultaneous", "presentation: simultaneus", "simultaneus",
       "did you mean 'simultaneous'?"},
      {"confirm: storage_commitment", "confirm: storage_comitment", "storage_comitment",
       "did you mean 'storage_commitment'?"},
      {"slots: [ct]", "slots: [mr]", "[mr]", "unknown series 'mr'"},
      {"time_points: [BL]", "time_points: [XL]", "XL]", "unknown time point 'XL'"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of the schedule are reported where they are") {
  const Mistake mistakes[] = {
      {"days: [-28, 0]", "days: [0, -28]", "[0, -28]", "empty range"},
      {"days: [-28, 0]", "days: -28", "-28}", "not a pair"},
      {"days: [-28, 0]", "days: [-28, 35]", "{id: W06", "overlaps that of 'BL'"},
      {"day: 42", "day: 70", "{id: \"W{", "overlaps that of 'W06'"},
      {"every: 42, from", "every: 14, from", "{id: \"W{", "windows of the row overlap"},
      {"id: W06", "id: BL", "{id: BL, day:", "is there already", 2},
      {"id: W06", "id: W12", "{id: \"W{", "is there already", 2},
      {"id: W06", "id: \"W{06+6n}\"", "\"W{06+6n}\", day", "names a row of visits", 3},
      {"id: \"W{06+6n}\"", "id: W12", "W12", "names no row of visits"},
      {", from: 84", "", "{id: \"W{", "'from' is missing"},
      {"day: 42, ", "", "{id: W06", "has no day"},
      {"id: W06", "id: unscheduled", "unscheduled, day", "meaning of its own", 2},
      {"reference: first_dose", "reference: last_dose", "reference: last_dose",
       "unknown reference date 'last_dose'"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of the rules are reported where they are") {
  const Mistake mistakes[] = {
      {"SliceThickness:", "SliceThicknes:", "SliceThicknes:", "did you mean 'SliceThickness'?"},
      {"slice_gap:", "slice_gab:", "slice_gab:", "did you mean 'slice_gap'?"},
      {"severity: query, remedy", "severty: query, remedy", "severty", "did you mean 'severity'?"},
      {"severity: query, remedy", "severity: error, remedy", "error", "unknown severity 'error'"},
      {"if_unknown: accept", "if_unknown: ignore", "ignore", "unknown if_unknown 'ignore'"},
      {"{max: 5.0}", "{max: thin}", "thin", "expected a number of mm without its unit"},
      {"{max: 5.0}", "{max: 5 mm}", "5 mm}", "expected a number of mm without its unit"},
      {"{max: 5.0}", "{maximum: 5.0}", "maximum", "did you mean 'max'?"},
      {"{max: 5.0}", "{min: 6, max: 5}", "{min: 6", "empty range"},
      {"{max: 5.0}", "{between: [5, 3]}", "{between", "empty range"},
      {"{max: 5.0}", "{between: 5}", "5}, unit", "expected [lowest, highest]"},
      {"{max: 5.0}", "{equals: 6, max: 5}", "{equals", "empty range"},
      {"{max: 5.0}", "{matches: \"5\"}", "\"5\"}", "needs a text"},
      {"{max: 5.0}", "{max: .inf}", ".inf", "expected a number"},
      {"unit: mm", "unit: cm", "cm", "expected mm"},
      {"slice_gap: {max: 0.1}", "missing_slices: 0, unit: mm", "mm}\nstudy", "has no unit"},
      {"slice_gap: {max: 0.1}", "Modality: {min: 3}", "3}}", "needs a number"},
      {"slice_gap: {max: 0.1}", "scanner: X", "X}", "can only be compared"},
      {"slice_gap: {max: 0.1}", "slice_gap: {same_as_slot: ctt}", "{id: gap", "unknown series 'ctt'"},
      {"slice_gap: {max: 0.1}", "slice_gap: {same_as_slot: ct}", "{id: gap", "is compared with itself"},
      {"slice_gap: {max: 0.1}", "slice_gap: {after: ct}", "ct}}", "'after' needs a time"},
      {"slice_gap: {max: 0.1}", "acquisition_start: x", "x}", "can only be ordered"},
      {"slice_gap: {max: 0.1}", "acquisition_start: {same_as: BL}", "BL}}", "can only be ordered"},
      {"when: {Modality: CT}", "when: {KVP: {same_as_slot: ct}}", "ct}}}", "same_as_slot cannot stand here"},
      {"lossy_compression: no", "KVP: {same_as_slot: ct}", "- {id: lossless",
       "expected it in a check of a series"},
      {"slice_gap: {max: 0.1}", "orientation: axail", "axail", "did you mean 'axial'?"},
      {"slice_gap: {max: 0.1}", "z_coverage: {present: true}", "true}}", "is computed, it is never absent"},
      {"slice_gap: {max: 0.1}", "StationName: {matches: \"(\"}", "\"(\"", "no regular expression"},
      {"slice_gap: {max: 0.1}", "ContrastBolusAgentSequence: x", "ContrastBolusAgentSequence",
       "is a sequence"},
      {"slice_gap: {max: 0.1}", "slice_gap: {max: 0.1}, slice_count: 3", "slice_count",
       "one attribute or quantity"},
      {", slice_gap: {max: 0.1}", "", "{id: gap", "looks at nothing"},
      {"slice_gap: {max: 0.1}", "slice_gap: {}", "{}", "has no test"},
      {"slice_gap: {max: 0.1}", "slice_gap: []", "[]", "empty list"},
      {"id: gap", "id: kv", "{id: kv, slice", "is there twice"},
      {"same_as: BL", "same_as: XL", "{same_as: XL", "unknown time point 'XL'"},
      {"same_as: BL", "same_as: \"W{06+6n}\"", "{same_as: \"W", "names a row of visits"},
      {"tolerance: 10%", "tolerance: -1", "-1}, if", "tolerance is no size"},
      {"at: [W06]", "at: [W07]", "W07", "unknown time point 'W07'"},
      {"when: {Modality: CT}", "when: {KVP: {same_as: BL}}", "BL}}}", "same_as cannot stand here"},
      {"lossy_compression: no", "KVP: {same_as: BL}", "- {id: lossless",
       "expected it in a check of a series"},
      {"required_at: all", "required_at: always", "always", "expected all, none"},
      {"lossy_compression: no", "lossy_compression: maybe", "maybe", "value of lossy_compression"},
      {"visit_window: {severity: query}", "visit_windows: {severity: query}", "visit_windows",
       "did you mean 'visit_window'?"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("slots that never match, or match the same as another one, are mistakes") {
  const Mistake mistakes[] = {
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: CTT}", "CTT}",
       "unknown Modality"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: [CT, CTT]}", "CTT]",
       "unknown Modality"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: CT, not: {Modality: [CT, MR]}}",
       "{Modality: CT, not", "rules out the same"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}",
       "{ImageType: {contains: AXIAL, excludes: axi}}", "{ImageType", "no value of ImageType is left"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}",
       "{MRAcquisitionType: {equals: 3D, matches: 2.}}", "{MRAcquisitionType",
       "no value of MRAcquisitionType is left"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}",
       "{Modality: CT, any: [{Modality: MR}, {Modality: PT}]}", "{Modality: CT, any",
       "none of the alternatives is possible"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{Modality: CT, not: {Modality: CT}}",
       "{Modality: CT, not", "rules out the same"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{KVP: {absent: true, min: 3}}",
       "{KVP: {absent", "absent and has a value"},
      {"    required_at: all\n",
       "    required_at: all\n  - id: ct2\n    select: {Modality: CT, not: {ImageType: {contains: "
       "LOCALIZER}}}\n    required_at: none\n",
       "id: ct2", "selects the same as 'ct'"},
      {"    required_at: all\n",
       "    required_at: all\n  - id: ct2\n    select: {not: {ImageType: {contains: LOCALIZER}}, Modality: "
       "CT}\n"
       "    required_at: none\n",
       "id: ct2", "selects the same as 'ct'"},
      {"    required_at: all\n",
       "    required_at: all\n  - id: study\n    select: {Modality: MR}\n    required_at: none\n",
       "study\n    select", "'study' has a meaning of its own", 2},
      {"    required_at: all\n",
       "    required_at: all\n  - id: ct\n    select: {Modality: MR}\n    required_at: none\n",
       "id: ct\n    select", "is there twice", 2},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("mistakes of de-identification are reported where they are") {
  const Mistake mistakes[] = {
      {"{profile: basic}", "{profile: basic, options: [retain_uid]}", "[retain_uid]",
       "did you mean 'retain_uids'?"},
      {"{profile: basic}", "{profile: basic, options: [retain_longitudinal_modified_dates]}", "{profile",
       "per_subject"},
      {"{profile: basic}", "{profile: basic, dates: {shift: weekly}}", "weekly", "unknown shift 'weekly'"},
      {"{profile: basic}", "{overrides: [{attribute: PatientNam, action: keep}]}", "PatientNam",
       "no attribute of PS3.6"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("keys and lists that are none are reported where they are") {
  const Mistake mistakes[] = {
      {"sponsor: Example", "sponsor: Example\n  [a]: b", "[a]", "a key of trial is a list"},
      {"series:\n", "series: ct\nserie:\n", "ct\nserie", "series is no list", 3},
      {"    checks:\n", "    checks: none\n    check:\n", "none\n    check", "checks is no list", 2},
      {"deliver:\n", "deliver: archive\ndelivery:\n", "archive\n", "deliver is no list", 2},
      {"  schedule:\n", "  schedule: weekly\n  visits:\n", "weekly", "schedule is no list", 5},
      {"{profile: basic}", "{overrides: PatientName}", "PatientName}", "overrides is no list"},
      {"{profile: basic}", "{pixels: {masks: all}}", "all}}", "masks is no list"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{}", "{}", "select is empty"},
      {"{Modality: CT, not: {ImageType: {contains: LOCALIZER}}}", "{any: CT}", "CT}\n    required",
       "any is no list"},
      {"unscheduled: {accept: true", "unscheduled: {accept: maybe", "maybe", "expected true or false"},
      {"name: {en: CT", "name: {de: CT, en: CT", "de: CT", "expected one of en, zh"},
      {"name: {en: CT, zh: 增强CT}", "name: [CT]", "[CT]", "expected a text, or {en"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("keys of visits that do not go together are reported where they are") {
  const Mistake mistakes[] = {
      {"days: [-28, 0]", "days: [-28, 0], day: 3", "[-28, 0]", "days says the whole window"},
      {"every: 42", "every: 42, day: 84", "84, from", "a row of visits has no day"},
      {"day: 42, ", "from: 42, ", "42, window: [-7, 7]}\n    - {id: \"W{", "from belongs to a row"},
      {"day: 42, ", "day: 42, until: 50, ", "50, ", "until belongs to a row"},
      {"from: 84", "from: 84, until: 80", "80, window", "a whole number from 84"},
      {"  reference: first_dose\n", "", "{id: BL", "has no reference date", 4},
      {"{id: BL", "{id: previous", "previous", "meaning of its own", 3},
      {"{accept: true, classify", "{accept: false, classify", "[progression]", "are not accepted"},
      {"series:\n", "adverse_events: {default: forward, forward: [rash]}\nseries:\n", "[rash]",
       "all adverse events are forwarded"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("units, tolerances and ranges that mean nothing are reported where they are") {
  const Mistake mistakes[] = {
      {"unit: mm", "unit: millimetres", "millimetres", "unknown unit 'millimetres'; expected mm"},
      {"slice_gap: {max: 0.1}", "Rows: {max: 512}, unit: banana", "banana", "unknown unit 'banana'"},
      {"slice_gap: {max: 0.1}", "StationName: {equals: A, tolerance: 1}", "1}}\nstudy",
       "a tolerance is of numbers"},
      {"slice_gap: {max: 0.1}", "KVP: {present: true, tolerance: 1}", "1}}\nstudy",
       "a tolerance needs a number"},
      {"slice_gap: {max: 0.1}", "slice_gap: {max: 0, tolerance: 10%}", "10%}}\nstudy", "per cent of 0 are 0"},
      {"slice_gap: {max: 0.1}", "slice_gap: {tolerance: 1}", "{tolerance: 1", "has no test"},
      {"{max: 5.0}", "{between: []}", "[]", "expected [lowest, highest]"},
      {"{max: 5.0}", "{equals: 5, one_of: [3, 4]}", "{equals: 5", "empty range"},
      {"slice_gap: {max: 0.1}", "missing_slices: {max: -1}", "{max: -1", "empty range"},
      {"slice_gap: {max: 0.1}", "slice_gap: {acceptable: {max: 3}, target: {max: 5}}", "{max: 5}}",
       "target asks for no more than acceptable"},
      {"slice_gap: {max: 0.1}", "slice_gap: {acceptable: {max: 3}, ideal: {max: 3}}", "{max: 3}}}",
       "ideal asks for no more than acceptable"},
      {"slice_gap: {max: 0.1}", "slice_gap: {max: 0.1}, severity: {target: note}", "{target: note",
       "severity is of tiers"},
      {"slice_gap: {max: 0.1}", "slice_gap: {acceptable: {max: 1}}, severity: {target: note}",
       "{target: note", "severity names target"},
      {"slice_gap: {max: 0.1}",
       "slice_gap: {acceptable: {max: 1}, target: {max: 0}}, severity: {acceptable: warn, target: reject}",
       "reject", "to miss target is worse than to miss acceptable"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("comparisons with what is not there yet are reported where they are") {
  const Mistake mistakes[] = {
      {"same_as: BL, tolerance: 10%}, if_unknown: accept, at: [W06]",
       "same_as: W06, tolerance: 10%}, if_unknown: accept", "{same_as: W06", "which comes after 'BL'"},
      {"same_as: BL, tolerance: 10%}, if_unknown: accept, at: [W06]",
       "same_as: W18, tolerance: 10%}, if_unknown: accept, at: [W12]", "{same_as: W18",
       "which comes after 'W12'"},
      {"at: [W06]", "at: [BL]", "{same_as: BL", "compared with itself"},
      {"same_as: BL", "same_as: unscheduled", "{same_as: unscheduled", "names no one study"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}

TEST_CASE("a check that can never apply is reported where it is") {
  const Mistake mistakes[] = {
      {"when: {Modality: CT}", "when: {Modality: MR}", "{id: kv",
       "never applies: no value of Modality is left"},
      {"{id: lossless, lossy_compression: no}",
       "{id: lossless, lossy_compression: no, when: {Rows: {min: 5}, any: [{Rows: {max: 4}}]}}",
       "{id: lossless", "none of the alternatives is possible"},
      {"slice_gap: {max: 0.1}", "uptake_time: {max: 75}", "{id: gap", "uptake_time is a quantity of PT"},
      {"slice_gap: {max: 0.1}", "Modality: CTT", "CTT", "unknown Modality"},
      {"modalities: [CT]", "modalities: [CTT]", "[CTT]", "unknown Modality"},
      {"deidentify:", "scanners: {phantom: {PTT: {every_days: 9}}}\ndeidentify:", "PTT", "unknown Modality"},
      {"deliver:\n",
       "deliver:\n  - {to: archive, select: {slots: [ct], time_points: [BL], modalities: [CT]}}\n",
       "{to: archive, when", "the same goes to 'archive'"},
  };
  for (const Mistake& mistake : mistakes) check_mistake(mistake);
}
