# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/action_table.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ages.cpp
  ${CMAKE_CURRENT_LIST_DIR}/dates.cpp
  ${CMAKE_CURRENT_LIST_DIR}/deeds.cpp
  ${CMAKE_CURRENT_LIST_DIR}/deidentify.cpp
  ${CMAKE_CURRENT_LIST_DIR}/descriptors.cpp
  ${CMAKE_CURRENT_LIST_DIR}/dummy.cpp
  ${CMAKE_CURRENT_LIST_DIR}/identity.cpp
  ${CMAKE_CURRENT_LIST_DIR}/imaging_words.cpp
  ${CMAKE_CURRENT_LIST_DIR}/letter_case.cpp
  ${CMAKE_CURRENT_LIST_DIR}/plan_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/private_claims.cpp
  ${CMAKE_CURRENT_LIST_DIR}/profile_pass.cpp
  ${CMAKE_CURRENT_LIST_DIR}/removed_values.cpp
  ${CMAKE_CURRENT_LIST_DIR}/report.cpp
  ${CMAKE_CURRENT_LIST_DIR}/residual.cpp
  ${CMAKE_CURRENT_LIST_DIR}/rules.cpp
  ${CMAKE_CURRENT_LIST_DIR}/safe_private.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sop_classes.cpp
  ${CMAKE_CURRENT_LIST_DIR}/structured_content.cpp
  ${CMAKE_CURRENT_LIST_DIR}/supplement.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tables.cpp
  ${CMAKE_CURRENT_LIST_DIR}/trial_modules.cpp
  ${CMAKE_CURRENT_LIST_DIR}/value_kinds.cpp)
