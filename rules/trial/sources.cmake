# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/config_error.cpp
  ${CMAKE_CURRENT_LIST_DIR}/contradiction.cpp
  ${CMAKE_CURRENT_LIST_DIR}/csv.cpp
  ${CMAKE_CURRENT_LIST_DIR}/date.cpp
  ${CMAKE_CURRENT_LIST_DIR}/load.cpp
  ${CMAKE_CURRENT_LIST_DIR}/property.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_check.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_conditions.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_delivery.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_masks.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_schedule.cpp
  ${CMAKE_CURRENT_LIST_DIR}/read_series.cpp
  ${CMAKE_CURRENT_LIST_DIR}/scanner_register.cpp
  ${CMAKE_CURRENT_LIST_DIR}/subject_register.cpp
  ${CMAKE_CURRENT_LIST_DIR}/test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/trial.cpp
  ${CMAKE_CURRENT_LIST_DIR}/visit_pattern.cpp
  ${CMAKE_CURRENT_LIST_DIR}/vocabulary.cpp
  ${CMAKE_CURRENT_LIST_DIR}/yaml_reader.cpp)
