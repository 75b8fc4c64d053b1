"""Single operators of the rules, turned around: (file, text that is there exactly once, text instead of it)."""

C, G, H = "rules/evaluate/condition.cpp", "rules/evaluate/geometry.cpp", "rules/evaluate/history.cpp"
Q, P, T = "rules/evaluate/header_quantities.cpp", "rules/evaluate/pet.cpp", "rules/evaluate/timing.cpp"
S, K, V = "rules/evaluate/scanner.cpp", "rules/evaluate/kernel.cpp", "rules/evaluate/visit.cpp"
ST, SL, TR = "rules/evaluate/stacks.cpp", "rules/evaluate/slots.cpp", "rules/trial/trial.cpp"

MUTANTS = (
    # Operators of tests.
    (C, "found >= bound - slack;", "found <= bound + slack;"),  # min becomes max
    (C, "found <= bound + slack;", "found >= bound - slack;"),  # max becomes min
    (C, "found >= bound - slack;", "found > bound + slack;"),  # the sign of the tolerance
    (C, "found <= bound + slack;", "found < bound - slack;"),
    (C, "is_at_least(condition, property, value) && is_at_most", "is_at_least(condition, property, value) || is_at_most"),
    (C, "is_there == (condition.op == Operator::present)", "is_there != (condition.op == Operator::present)"),
    (C, "result_of(std::ranges::none_of(", "result_of(std::ranges::any_of("),  # excludes becomes contains
    (C, "case Operator::contains:\n      return result_of(std::ranges::all_of(", "case Operator::contains:\n      return result_of(std::ranges::none_of("),
    (C, "std::ranges::any_of(condition.numbers, [&](double expected)", "std::ranges::all_of(condition.numbers, [&](double expected)"),
    (C, "return std::ranges::equal(value.texts, condition.texts, same_text);", "return !std::ranges::equal(value.texts, condition.texts, same_text);"),
    (C, "std::abs(found - expected) <= slack", "std::abs(found - expected) >= slack"),
    (C, "tolerance->per_cent ? std::abs(expected) * tolerance->value / 100 : tolerance->value", "tolerance->per_cent ? tolerance->value : std::abs(expected) * tolerance->value / 100"),
    (C, "if (a == CheckResult::fail || b == CheckResult::fail) return CheckResult::fail;", "if (a == CheckResult::fail && b == CheckResult::fail) return CheckResult::fail;"),
    (C, "return a == CheckResult::pass ? CheckResult::fail : CheckResult::pass;", "return a == CheckResult::pass ? CheckResult::pass : CheckResult::fail;"),
    (C, "if (value.state != Value::State::known) return CheckResult::not_determinable;", "if (value.state != Value::State::known) return CheckResult::pass;"),
    # Geometry.
    (G, "constexpr double hole_from_spacings = 1.5;", "constexpr double hole_from_spacings = 2.5;"),
    (G, "std::min(spacings - 1, 1e9)", "std::min(spacings, 1e9)"),  # one more is missing
    (G, "distance < hole_from_spacings * spacing || spacings < 2", "distance > hole_from_spacings * spacing || spacings < 2"),
    (G, "count += level.slices.size() - 1;", "count += level.slices.size();"),
    (G, "if (level.slices.size() < 2) continue;", "if (level.slices.size() >= 2) continue;"),
    (G, "geometry.gap_mm = *geometry.spacing_mm - *thickness;", "geometry.gap_mm = *thickness - *geometry.spacing_mm;"),
    (G, "levels.front().distance_mm + *thickness;", "levels.front().distance_mm - *thickness;"),
    (G, "deviation = std::max(deviation,", "deviation = std::min(deviation,"),
    (G, "least = std::min(least.value_or(", "least = std::max(least.value_or("),
    (G, "(distances.size() - 1) / 2", "distances.size() - 1"),
    (G, "std::asin(sine)", "std::acos(sine)"),
    (G, "if (std::abs(normal[2]) > named_plane_cosine)", "if (std::abs(normal[2]) < named_plane_cosine)"),
    (G, "geometry.voxel_anisotropy = most / least;", "geometry.voxel_anisotropy = least / most;"),
    (G, "if (high <= reached) continue;", "if (high >= reached) continue;"),
    # Stacks.
    (ST, "> orientation_tolerance) return false;", "< orientation_tolerance) return false;"),
    (ST, "2 * repeated >= positions", "2 * repeated < positions"),
    (ST, "if (slices < 2 * by_acquisition.size()) return false;", "if (slices >= 2 * by_acquisition.size()) return false;"),
    (ST, "if (extent->first < highest + position_tolerance_mm) return true;", "if (extent->first > highest + position_tolerance_mm) return true;"),
    # Slots.
    (SL, "best == nullptr || bad < least", "best == nullptr || least < bad"),
    (SL, "return overlap < least_share", "return overlap > least_share"),
    (SL, "range_of(*m, by_geometry) < least_share * largest", "range_of(*m, by_geometry) > least_share * largest"),
    # Comparisons with other studies and series.
    (H, "*study.study_date >= *date) continue;", "*study.study_date < *date) continue;"),  # previous becomes next
    (H, "op == Operator::after_slot ? *our_start > *their_start : *our_start < *their_start", "op == Operator::after_slot ? *our_start < *their_start : *our_start > *their_start"),
    (H, "if (!first || *start < *first) first = start;", "if (!first || *start > *first) first = start;"),
    (H, "return {same ? CheckResult::pass : CheckResult::fail, expected, {}};", "return {same ? CheckResult::fail : CheckResult::pass, expected, {}};"),
    # Contrast, kernels, scanners.
    (Q, "has_volume ? unknown_value(contradictory_contrast) : known_text(\"no\")", "has_volume ? known_text(\"no\") : unknown_value(contradictory_contrast)"),
    (Q, "if (is_in(oral_agent, agent) || not_intravenous)", "if (is_in(oral_agent, agent) && not_intravenous)"),
    (Q, "flag == \"01\" || flag == \"1\" || has_method", "flag == \"1\" || has_method"),
    (Q, "(ratio && *ratio > 1)", "(ratio && *ratio < 1)"),
    (K, "if (*sharpness < 50) return \"soft\";", "if (*sharpness > 50) return \"soft\";"),
    (K, "if (*number < 30) return \"soft\";", "if (*number > 30) return \"soft\";"),
    (S, "return same_text(a.serial, b.serial) ? CheckResult::pass : CheckResult::fail;", "return same_text(a.serial, b.serial) ? CheckResult::fail : CheckResult::pass;"),
    (S, "return same_text(a.station, b.station) ? CheckResult::pass : CheckResult::fail;", "return same_text(a.station, b.station) ? CheckResult::fail : CheckResult::pass;"),
    (S, "*date > *row.qualified_until", "*date < *row.qualified_until"),
    (S, "*date < *row.qualified_from", "*date > *row.qualified_from"),
    # PET and times.
    (P, "*weight < least_weight_kg || *weight > most_weight_kg", "*weight < least_weight_kg && *weight > most_weight_kg"),
    (P, "mbq < least_activity_mbq || mbq > most_activity_mbq", "mbq < least_activity_mbq && mbq > most_activity_mbq"),
    (P, "> half_life_tolerance * nuclide->half_life_s", "< half_life_tolerance * nuclide->half_life_s"),
    (P, "*strength >= least_gauss ? *strength / gauss_per_tesla : *strength", "*strength >= least_gauss ? *strength : *strength / gauss_per_tesla"),
    (P, "record.sop_class_uid == enhanced_pet_image_storage ? *dose : *dose / 1e6", "record.sop_class_uid == enhanced_pet_image_storage ? *dose / 1e6 : *dose"),
    (T, "std::ranges::min_element(*moments, {}, &Moment::at)", "std::ranges::max_element(*moments, {}, &Moment::at)"),  # earliest becomes latest
    (T, "if (same_day > acquired + 12h) return same_day - 24h;", "if (same_day > acquired + 12h) return same_day + 24h;"),
    (T, "const auto uptake = acquired->at - *injection.at;", "const auto uptake = *injection.at - acquired->at;"),
    (T, "if (delay > 1h) {", "if (delay < 1h) {"),
    # Visits.
    (V, "std::max({0, visit.earliest_day - day, day - visit.latest_day})", "std::max({0, day - visit.earliest_day, visit.latest_day - day})"),
    (V, "(to - from).count()", "(from - to).count()"),
    (V, "if (difference == 0 || difference == 1) return;", "if (difference == 0 || difference == -1) return;"),
    (V, "*place_.visit.latest - days{", "*place_.visit.latest + days{"),
    (V, "days_outside(candidate->visit, candidate->day) == 0;", "days_outside(candidate->visit, candidate->day) != 0;"),
    (TR, "if (day > visit.latest_day) return day - visit.latest_day;", "if (day >= visit.latest_day) return day - visit.latest_day + 1;"),
    (TR, "if (day < visit.earliest_day) return visit.earliest_day - day;", "if (day < visit.earliest_day) return 0;"),
    ("rules/evaluate/evaluate.cpp", "return f.severity >= RuleSeverity::query;", "return f.severity > RuleSeverity::query;"),
    ("rules/evaluate/checks.cpp", "if (assessment.result == CheckResult::fail) {\n        applied.result", "if (assessment.result == CheckResult::pass) {\n        applied.result"),
)
