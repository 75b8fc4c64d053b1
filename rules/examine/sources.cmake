# Sources of this folder, for the target rules.
target_sources(rules PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/default_paths.cpp
  ${CMAKE_CURRENT_LIST_DIR}/examine.cpp
  ${CMAKE_CURRENT_LIST_DIR}/frames.cpp
  ${CMAKE_CURRENT_LIST_DIR}/instance_record.cpp
  ${CMAKE_CURRENT_LIST_DIR}/record_json.cpp
  ${CMAKE_CURRENT_LIST_DIR}/values_of.cpp)
